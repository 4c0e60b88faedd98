//! What may be saved as a callback URL, and in which spellings it may not.

use super::*;
use proptest::prelude::*;
use std::net::{Ipv4Addr, Ipv6Addr};

fn local() -> EgressPolicy {
    EgressPolicy { local: true, ..EgressPolicy::default() }
}

fn deployed(text: &str) -> Result<CallbackUrl, UrlProblem> {
    CallbackUrl::parse(text, &EgressPolicy::default())
}

fn locally(text: &str) -> Result<CallbackUrl, UrlProblem> {
    CallbackUrl::parse(text, &local())
}

#[test]
fn public_https_urls_are_accepted_and_normalised() {
    for (text, normal) in [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://Example.COM:443/Hook?x=1#part", "https://example.com/Hook?x=1"),
        ("https://example.com./hook", "https://example.com/hook"),
        ("https://example.com:8443/hook", "https://example.com:8443/hook"),
        ("https://bücher.example/hook", "https://xn--bcher-kva.example/hook"),
        ("https://not-there-yet.invalid/hook", "https://not-there-yet.invalid/hook"),
        ("https://my_host.example.com/", "https://my_host.example.com/"),
        ("https://8.8.8.8/hook", "https://8.8.8.8/hook"),
        ("https://[2606:4700:4700::1111]/", "https://[2606:4700:4700::1111]/"),
        ("https://example.com/a@b%20c", "https://example.com/a@b%20c"),
        ("https://localhost.example.com/", "https://localhost.example.com/"),
        ("https://notlocal.example/", "https://notlocal.example/"),
        ("https://internal.example.org/", "https://internal.example.org/"),
    ] {
        assert_eq!(deployed(text).unwrap().as_str(), normal, "{text}");
        assert_eq!(locally(text).unwrap().as_str(), normal, "{text}");
    }
}

#[test]
fn a_url_shows_its_parts_and_hides_its_query() {
    let url = deployed("https://example.com/hook?token=s3cret").unwrap();
    assert_eq!((url.host(), url.port(), url.literal()), ("example.com", 443, None));
    assert_eq!(url.without_query(), "https://example.com/hook");
    assert_eq!(url.to_string(), "https://example.com/hook");
    assert_eq!(format!("{url:?}"), "CallbackUrl(https://example.com/hook)");
    let literal = deployed("https://[2606:4700::1]:8443/").unwrap();
    assert_eq!((literal.host(), literal.port()), ("[2606:4700::1]", 8443));
    assert_eq!(literal.literal(), Some("2606:4700::1".parse().unwrap()));
}

#[test]
fn every_problem_is_told_in_one_line() {
    for (text, told) in [
        ("", "must not be empty"),
        ("http://example.com/", "must use https"),
        ("https://10.0.0.1/", "names a private address (10.0.0.1)"),
        ("https://[::1]/", "names a loopback address (::1)"),
        ("https://0x08080808/", "must write the address as 8.8.8.8"),
        ("https://user:pass@example.com/", "must not contain credentials"),
        ("https://example.com:22/", "must use port 443 or 8443, not 22"),
        ("https://printer/", "must name a fully qualified host, not \"printer\""),
        ("https://db.internal/", "names a host that is not public (\"db.internal\")"),
    ] {
        assert_eq!(deployed(text).unwrap_err().to_string(), told, "{text}");
    }
}

#[test]
fn other_schemes_and_shapes_are_refused() {
    for text in ["ftp://example.com/", "file:///etc/passwd", "javascript:alert(1)", "wss://a.b/"] {
        assert_eq!(deployed(text), Err(UrlProblem::NotHttps), "{text}");
        assert_eq!(locally(text), Err(UrlProblem::NotHttps), "{text}");
    }
    for text in [
        "example.com/hook",
        "//example.com/",
        "/hook",
        "https:example.com",
        "https:/example.com",
        "https:///example.com",
        "https://",
        "https://?x",
        "https://#x",
        "https://:443/",
        "https://example.com:99999/",
        "https://example.com:x/",
        "https://exa<mple.com/",
        "https://[::1",
        "https://[::g]/",
        "https://1.2.3.4.5/",
        "https://1.2.3.256/",
        "https://foo.0x1/",
        "https://\u{ad}/",
    ] {
        assert_eq!(deployed(text), Err(UrlProblem::Malformed), "{text}");
    }
}

#[test]
fn characters_that_parsers_read_differently_are_refused() {
    for text in [
        " https://example.com/",
        "https://example.com/ ",
        "https://exa\tmple.com/",
        "https://example.com/\n",
        "https://example.com\r\nX: y",
        "https://example.com\\@10.0.0.1/",
        "https:\\\\example.com",
        "https://example.com/\0",
        "https://example.com/\u{2028}",
        "https://example.com/\u{a0}",
        "https://example.com/\u{3000}x",
        "https://example.com/\u{7f}",
    ] {
        assert_eq!(deployed(text), Err(UrlProblem::ForbiddenCharacter), "{text:?}");
    }
}

#[test]
fn credentials_and_encoded_hosts_are_refused() {
    for text in [
        "https://u@example.com/",
        "https://u:p@example.com/",
        "https://@example.com/",
        "https://:@example.com/",
        "https://8.8.8.8@10.0.0.1/",
    ] {
        assert_eq!(deployed(text), Err(UrlProblem::Credentials), "{text}");
    }
    for text in [
        "https://%31%30.0.0.1/",
        "https://exa%6dple.com/",
        "https://[fe80::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://%6c%6f%63%61%6c%68%6f%73%74/",
    ] {
        assert_eq!(deployed(text), Err(UrlProblem::EncodedHost), "{text}");
    }
}

#[test]
fn names_that_are_never_public_are_refused() {
    for name in [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "api.localhost",
        "printer.local",
        "a.b.local.",
        "db.internal",
        "metadata.google.internal",
        "metadata.google.internal.",
        "nas.home.arpa",
        "localhost.localdomain",
        "loc\u{ad}alhost",
        "ｌｏｃａｌｈｏｓｔ",
        "metadata.google。internal",
    ] {
        let problem = deployed(&format!("https://{name}/")).unwrap_err();
        assert!(matches!(problem, UrlProblem::LocalName(_)), "{name}: {problem}");
    }
    for name in ["printer", "metadata", "printer."] {
        let problem = deployed(&format!("https://{name}/")).unwrap_err();
        assert!(matches!(problem, UrlProblem::SingleLabel(_)), "{name}: {problem}");
    }
    let long_label = format!("{}.com", "a".repeat(64));
    let long_name = vec!["a".repeat(60); 5].join(".");
    for name in ["example..com", "example.com..", ".example.com", &long_label, &long_name] {
        assert_eq!(deployed(&format!("https://{name}/")), Err(UrlProblem::InvalidHost), "{name}");
    }
}

#[test]
fn ipv4_addresses_that_are_not_public_are_refused_in_any_spelling() {
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "127.0.0.1.",
        "127.1.",
        "0",
        "0.0.0.0",
        "10.0.0.1",
        "012.0.0.1",
        "10.1",
        "172.16.0.1",
        "192.168.1.1",
        "0xc0a80101",
        "3232235777",
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "100.64.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "4294967295",
        "192.0.0.8",
        "198.18.0.1",
        "203.0.113.1",
        "１２７.０.０.１",
        "127。0。0。1",
        "①②⑦.⓪.⓪.①",
    ] {
        let problem = deployed(&format!("https://{host}/")).unwrap_err();
        assert!(matches!(problem, UrlProblem::NonPublicAddress(..)), "{host}: {problem}");
    }
}

#[test]
fn ipv6_addresses_that_are_not_public_or_carry_ipv4_are_refused() {
    for host in [
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:a00:1]",
        "[::ffff:8.8.8.8]",
        "[::127.0.0.1]",
        "[::7f00:1]",
        "[::ffff:0:7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::8.8.8.8]",
        "[64:ff9b:1::8.8.8.8]",
        "[2002:7f00:1::]",
        "[2002:808:808::]",
        "[2001:0:808:808::f5ff:fffe]",
        "[2606:4700::5efe:10.0.0.1]",
        "[2606:4700::5efe:8.8.8.8]",
        "[2606:4700::200:5efe:8.8.8.8]",
        "[fe80::1]",
        "[fec0::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "[2001:db8::1]",
        "[3fff::1]",
        "[100::1]",
        "[5f00::1]",
        "[2001:20::1]",
        "[2001::1]",
        "[4000::1]",
    ] {
        let problem = deployed(&format!("https://{host}/")).unwrap_err();
        assert!(matches!(problem, UrlProblem::NonPublicAddress(..)), "{host}: {problem}");
    }
}

#[test]
fn a_public_address_is_accepted_only_as_it_is_usually_written() {
    for host in ["8.8.2056", "0x08080808", "134744072", "010.8.8.8", "8.8.8.8.", "８.8.8.8"] {
        let problem = deployed(&format!("https://{host}/")).unwrap_err();
        assert_eq!(problem, UrlProblem::UnusualAddress("8.8.8.8".parse().unwrap()), "{host}");
    }
}

#[test]
fn loopback_is_accepted_only_by_the_local_deployment_and_only_by_its_own_names() {
    for text in [
        "http://127.0.0.1:9000/hook",
        "http://localhost:9000/hook",
        "http://[::1]:9000/hook",
        "http://127.8.9.10/",
        "http://LocalHost/",
        "https://127.0.0.1:9443/",
        "http://[0:0::1]:1/",
    ] {
        assert!(locally(text).is_ok(), "{text}: {:?}", locally(text));
        assert!(deployed(text).is_err(), "{text}");
    }
    for text in [
        "http://127.1:9000/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://127.0.0.1.:9000/",
        "http://localhost.:9000/",
        "http://api.localhost:9000/",
        "http://[::ffff:127.0.0.1]:9000/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://0.0.0.0:9000/",
        "http://[::]:9000/",
        "http://10.0.0.1/",
        "https://10.0.0.1/",
        "http://169.254.169.254/",
        "http://example.com/",
        "http://8.8.8.8/",
        "https://example.com:9000/",
        "https://printer/",
        "http://127.0.0.1:0/",
        "http://１２７.0.0.1/",
        "http://u@127.0.0.1/",
    ] {
        assert!(locally(text).is_err(), "{text}");
    }
}

#[test]
fn the_ports_are_those_of_the_deployment() {
    let policy = EgressPolicy { local: false, ports: vec![8443, 9443] };
    assert!(CallbackUrl::parse("https://example.com:9443/", &policy).is_ok());
    assert!(CallbackUrl::parse("https://example.com/", &policy).is_err());
    for port in [0, 22, 25, 80, 6379, 65535] {
        assert!(matches!(
            deployed(&format!("https://example.com:{port}/")),
            Err(UrlProblem::Port { .. })
        ));
    }
}

#[test]
fn the_length_is_bounded_as_written_and_as_normalised() {
    let with_path = |path: String| deployed(&format!("https://example.com/{path}"));
    assert!(with_path("a".repeat(2_048 - 20)).is_ok());
    assert_eq!(with_path("a".repeat(2_048 - 19)), Err(UrlProblem::TooLong));
    assert_eq!(with_path("é".repeat(1_000)), Err(UrlProblem::TooLong));
}

/// An IPv4 address written in parts, each in decimal, octal or hex.
fn spelt(ip: Ipv4Addr, parts: usize, radix: [u8; 4]) -> String {
    let octets = ip.octets();
    let (head, tail) = octets.split_at(parts - 1);
    let last = tail.iter().fold(0_u32, |value, octet| value << 8 | u32::from(*octet));
    head.iter()
        .map(|octet| u32::from(*octet))
        .chain([last])
        .zip(radix)
        .map(|(value, radix)| match radix % 4 {
            0 => value.to_string(),
            1 => format!("0{value:o}"),
            2 => format!("0x{value:x}"),
            _ => format!("0X{value:08X}"),
        })
        .collect::<Vec<_>>()
        .join(".")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_literal_is_accepted_exactly_when_its_address_is_public(
        bits: u32, parts in 1_usize..=4, radix: [u8; 4], dot: bool,
    ) {
        let ip = Ipv4Addr::from_bits(bits);
        let host = format!("{}{}", spelt(ip, parts, radix), if dot { "." } else { "" });
        let accepted = deployed(&format!("https://{host}/")).is_ok();
        let public = verdict(ip.into()) == Verdict::Public;
        prop_assert_eq!(accepted, public && host == ip.to_string(), "{}", host);
    }

    #[test]
    fn an_ipv6_literal_is_accepted_exactly_when_it_is_public_in_its_own_right(bits: u128) {
        let ip = Ipv6Addr::from_bits(bits);
        let accepted = deployed(&format!("https://[{ip}]/")).is_ok();
        prop_assert_eq!(accepted, verdict(ip.into()) == Verdict::Public && !carries_ipv4(ip));
    }

    #[test]
    fn whatever_is_accepted_is_accepted_again_in_its_normal_form(
        text in "(https?)://[a-z0-9.\\[\\]:%@ßＡ。-]{1,24}(:(80|443|8443))?[/?#]?[ -~é]{0,8}",
    ) {
        for policy in [EgressPolicy::default(), local()] {
            if let Ok(url) = CallbackUrl::parse(&text, &policy) {
                prop_assert_eq!(CallbackUrl::parse(url.as_str(), &policy), Ok(url));
            }
        }
    }
}
