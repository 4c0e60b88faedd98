//! The verdict on one address.
//!
//! Sources: the IANA special-purpose registries for IPv4 and IPv6; RFC 4291 (mapped, compatible,
//! site-local), 6052 and 8215 (NAT64), 7915 (SIIT), 3056 (6to4), 4380 (Teredo), 5214 (ISATAP).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Says whether a request may go to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Globally routable unicast.
    Public,
    /// `127.0.0.0/8` or `::1` itself, which only the local deployment may call.
    Loopback,
    /// Never called by any deployment.
    Refused(RefusedKind),
}

/// Why an address is refused; its `Display` reads as "a private address".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedKind {
    /// RFC 1918.
    Private,
    /// A loopback address carried inside another address.
    Loopback,
    /// `169.254.0.0/16` (cloud metadata among them) and `fe80::/10`.
    LinkLocal,
    /// `100.64.0.0/10`, shared by a carrier's customers.
    CarrierGrade,
    /// One to many.
    Multicast,
    /// `255.255.255.255`.
    Broadcast,
    /// Set aside, unallocated, or with a meaning of its own.
    Reserved,
    /// For examples in documents.
    Documentation,
    /// For measuring network devices.
    Benchmarking,
    /// "This host".
    Unspecified,
    /// `fc00::/7`, the private space of IPv6 (`fd00:ec2::254` in it).
    UniqueLocal,
    /// `fec0::/10`, the deprecated private space of IPv6.
    SiteLocal,
    /// A public IPv4 address in a transition form that nobody needs to call.
    Ipv4InIpv6,
}

impl fmt::Display for RefusedKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Private => "a private address",
            Self::Loopback => "a loopback address",
            Self::LinkLocal => "a link-local address",
            Self::CarrierGrade => "a carrier-grade NAT address",
            Self::Multicast => "a multicast address",
            Self::Broadcast => "a broadcast address",
            Self::Reserved => "a reserved address",
            Self::Documentation => "a documentation address",
            Self::Benchmarking => "a benchmarking address",
            Self::Unspecified => "an unspecified address",
            Self::UniqueLocal => "a unique-local address",
            Self::SiteLocal => "a site-local address",
            Self::Ipv4InIpv6 => "an IPv4-in-IPv6 address",
        })
    }
}

/// Judges an address.
#[must_use]
pub fn verdict(ip: IpAddr) -> Verdict {
    match ip {
        IpAddr::V4(ip) => verdict_v4(ip),
        IpAddr::V6(ip) => verdict_v6(ip),
    }
}

/// Tells whether an IPv6 address is a transition form of an IPv4 address, public or not.
///
/// A resolver in an IPv6-only network rightly answers with NAT64 forms; a person who writes any of
/// these into a URL means to hide the address inside.
#[must_use]
pub fn carries_ipv4(ip: Ipv6Addr) -> bool {
    embedded_v4(ip).is_some()
}

/// Specific prefixes stand before the wider ones that contain them.
const REFUSED_V4: &[(Ipv4Addr, u32, RefusedKind)] = &[
    (Ipv4Addr::UNSPECIFIED, 32, RefusedKind::Unspecified),
    (Ipv4Addr::new(0, 0, 0, 0), 8, RefusedKind::Reserved),
    (Ipv4Addr::new(10, 0, 0, 0), 8, RefusedKind::Private),
    (Ipv4Addr::new(100, 64, 0, 0), 10, RefusedKind::CarrierGrade),
    (Ipv4Addr::new(169, 254, 0, 0), 16, RefusedKind::LinkLocal),
    (Ipv4Addr::new(172, 16, 0, 0), 12, RefusedKind::Private),
    (Ipv4Addr::new(192, 0, 0, 0), 24, RefusedKind::Reserved),
    (Ipv4Addr::new(192, 0, 2, 0), 24, RefusedKind::Documentation),
    (Ipv4Addr::new(192, 88, 99, 0), 24, RefusedKind::Reserved),
    (Ipv4Addr::new(192, 168, 0, 0), 16, RefusedKind::Private),
    (Ipv4Addr::new(198, 18, 0, 0), 15, RefusedKind::Benchmarking),
    (Ipv4Addr::new(198, 51, 100, 0), 24, RefusedKind::Documentation),
    (Ipv4Addr::new(203, 0, 113, 0), 24, RefusedKind::Documentation),
    (Ipv4Addr::new(224, 0, 0, 0), 4, RefusedKind::Multicast),
    (Ipv4Addr::BROADCAST, 32, RefusedKind::Broadcast),
    (Ipv4Addr::new(240, 0, 0, 0), 4, RefusedKind::Reserved),
];

/// What is refused in IPv6 beside the transition forms; whatever is outside `2000::/3` is refused
/// anyway, the entries there only give the reason its name.
const REFUSED_V6: &[(Ipv6Addr, u32, RefusedKind)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, RefusedKind::Unspecified),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, RefusedKind::Ipv4InIpv6),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, RefusedKind::UniqueLocal),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, RefusedKind::LinkLocal),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, RefusedKind::SiteLocal),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, RefusedKind::Multicast),
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48, RefusedKind::Benchmarking),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, RefusedKind::Reserved),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, RefusedKind::Documentation),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, RefusedKind::Documentation),
    (Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16, RefusedKind::Reserved),
];

const GLOBAL_UNICAST: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
const COMPATIBLE: (Ipv6Addr, u32) = (Ipv6Addr::UNSPECIFIED, 96);
const MAPPED: (Ipv6Addr, u32) = (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96);
const SIIT: (Ipv6Addr, u32) = (Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96);
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);
const SIX_TO_FOUR: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16);
const TEREDO: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32);

fn verdict_v4(ip: Ipv4Addr) -> Verdict {
    if ip.is_loopback() {
        return Verdict::Loopback;
    }
    REFUSED_V4
        .iter()
        .find(|(network, length, _)| (ip.to_bits() ^ network.to_bits()) >> (32 - length) == 0)
        .map_or(Verdict::Public, |(_, _, kind)| Verdict::Refused(*kind))
}

fn verdict_v6(ip: Ipv6Addr) -> Verdict {
    if ip == Ipv6Addr::LOCALHOST {
        return Verdict::Loopback;
    }
    if ip == Ipv6Addr::UNSPECIFIED {
        return Verdict::Refused(RefusedKind::Unspecified);
    }
    if let Some(inner) = embedded_v4(ip) {
        return match verdict_v4(inner) {
            // The only form a name may rightly resolve to: the way out of an IPv6-only network.
            Verdict::Public if within(ip, NAT64) => Verdict::Public,
            Verdict::Public => Verdict::Refused(RefusedKind::Ipv4InIpv6),
            Verdict::Loopback => Verdict::Refused(RefusedKind::Loopback),
            Verdict::Refused(kind) => Verdict::Refused(kind),
        };
    }
    if let Some((_, _, kind)) =
        REFUSED_V6.iter().find(|(network, length, _)| within(ip, (*network, *length)))
    {
        return Verdict::Refused(*kind);
    }
    if within(ip, GLOBAL_UNICAST) {
        Verdict::Public
    } else {
        Verdict::Refused(RefusedKind::Reserved)
    }
}

fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    if ip == Ipv6Addr::LOCALHOST || ip == Ipv6Addr::UNSPECIFIED {
        return None;
    }
    let bits = ip.to_bits();
    if [MAPPED, COMPATIBLE, SIIT, NAT64].iter().any(|prefix| within(ip, *prefix)) || is_isatap(ip) {
        return Some(v4_at(bits, 0));
    }
    if within(ip, SIX_TO_FOUR) {
        return Some(v4_at(bits, 80));
    }
    // Teredo stores the client's address inverted.
    within(ip, TEREDO).then(|| v4_at(!bits, 0))
}

/// Interface id `0000:5efe` or `0200:5efe` (and with the group bit) under any prefix.
fn is_isatap(ip: Ipv6Addr) -> bool {
    let segments = ip.segments();
    segments[4] & !0x0300 == 0 && segments[5] == 0x5efe
}

/// The 32 bits that lie `shift` bits above the lowest.
fn v4_at(bits: u128, shift: u32) -> Ipv4Addr {
    let [.., a, b, c, d] = (bits >> shift).to_be_bytes();
    Ipv4Addr::new(a, b, c, d)
}

fn within(ip: Ipv6Addr, (network, length): (Ipv6Addr, u32)) -> bool {
    (ip.to_bits() ^ network.to_bits()) >> (128 - length) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Written again, as text and without the reasons, so that a slip in the tables shows.
    const NON_PUBLIC_V4: &[&str] = &[
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "255.255.255.255/32",
    ];
    const NON_PUBLIC_V6: &[&str] = &[
        "::/8",
        "::/96",
        "::1/128",
        "::ffff:0:0/96",
        "::ffff:0:0:0/96",
        "64:ff9b:1::/48",
        "100::/64",
        "100:0:0:1::/64",
        "200::/7",
        "400::/6",
        "800::/5",
        "1000::/4",
        "2001::/23",
        "2001::/32",
        "2001:2::/48",
        "2001:10::/28",
        "2001:20::/28",
        "2001:db8::/32",
        "2002::/16",
        "3ffe::/16",
        "3fff::/20",
        "4000::/2",
        "5f00::/16",
        "8000::/2",
        "c000::/3",
        "e000::/4",
        "f000::/5",
        "f800::/6",
        "fc00::/7",
        "fd00:ec2::254/128",
        "fe00::/9",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    ];

    fn prefix_v4(text: &str) -> (u32, u32) {
        let (network, length) = text.split_once('/').unwrap();
        (network.parse::<Ipv4Addr>().unwrap().to_bits(), length.parse().unwrap())
    }

    fn prefix_v6(text: &str) -> (u128, u32) {
        let (network, length) = text.split_once('/').unwrap();
        (network.parse::<Ipv6Addr>().unwrap().to_bits(), length.parse().unwrap())
    }

    fn mask_v4(length: u32) -> u32 {
        u32::MAX.checked_shr(length).unwrap_or(0)
    }

    fn mask_v6(length: u32) -> u128 {
        u128::MAX.checked_shr(length).unwrap_or(0)
    }

    fn of(text: &str) -> Verdict {
        verdict(text.parse().unwrap())
    }

    fn non_public_v4() -> impl Strategy<Value = Ipv4Addr> {
        (prop::sample::select(NON_PUBLIC_V4), any::<u32>()).prop_map(|(prefix, noise)| {
            let (network, length) = prefix_v4(prefix);
            Ipv4Addr::from_bits(network | noise & mask_v4(length))
        })
    }

    /// Every form that carries an IPv4 address, `noise` filling the bits that the form leaves free.
    fn embeddings(inner: Ipv4Addr, noise: u128) -> Vec<Ipv6Addr> {
        let low = u128::from(inner.to_bits());
        let upper = (noise >> 64) << 64;
        let global = upper & !(0b111 << 125) | 0b001 << 125;
        [
            0xffff << 32 | low,
            low,
            0xffff << 48 | low,
            0x64_ff9b << 96 | low,
            0x64_ff9b_0001 << 80 | noise & (u128::MAX >> 96) << 32 | low,
            0x2002 << 112 | low << 80 | noise & (u128::MAX >> 48),
            0x2001 << 112 | noise & ((u128::MAX >> 32) & !0xffff_ffff) | low ^ 0xffff_ffff,
            global | 0x5efe << 32 | low,
            global | 0x0200_5efe << 32 | low,
            0xfe80 << 112 | 0x5efe << 32 | low,
        ]
        .map(Ipv6Addr::from_bits)
        .to_vec()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn an_ipv4_address_is_public_exactly_outside_the_listed_prefixes(bits: u32) {
            let listed = NON_PUBLIC_V4.iter().any(|prefix| {
                let (network, length) = prefix_v4(prefix);
                bits & !mask_v4(length) == network
            });
            let public = verdict(Ipv4Addr::from_bits(bits).into()) == Verdict::Public;
            prop_assert_eq!(public, !listed);
        }

        #[test]
        fn no_address_of_a_listed_ipv4_prefix_is_public(ip in non_public_v4()) {
            prop_assert_ne!(verdict(ip.into()), Verdict::Public);
            prop_assert_eq!(verdict(ip.into()) == Verdict::Loopback, ip.octets()[0] == 127);
        }

        #[test]
        fn no_address_of_a_listed_ipv6_prefix_is_public(
            prefix in prop::sample::select(NON_PUBLIC_V6),
            noise: u128,
        ) {
            let (network, length) = prefix_v6(prefix);
            let ip = Ipv6Addr::from_bits(network | noise & mask_v6(length));
            prop_assert!(
                verdict(ip.into()) != Verdict::Public || within(ip, NAT64),
                "{} of {}", ip, prefix
            );
        }

        #[test]
        fn every_form_of_a_non_public_ipv4_address_is_refused(
            inner in non_public_v4(),
            noise: u128,
        ) {
            for ip in embeddings(inner, noise) {
                // The last bits of the compatible form are also the two addresses of IPv6 itself.
                if ip == Ipv6Addr::LOCALHOST {
                    continue;
                }
                prop_assert!(matches!(verdict(ip.into()), Verdict::Refused(_)), "{}", ip);
            }
        }

        #[test]
        fn a_public_ipv4_address_is_reached_inside_ipv6_only_through_nat64(
            bits: u32,
            noise: u128,
        ) {
            let inner = Ipv4Addr::from_bits(bits);
            prop_assume!(verdict(inner.into()) == Verdict::Public);
            for ip in embeddings(inner, noise) {
                prop_assert_eq!(
                    verdict(ip.into()) == Verdict::Public,
                    within(ip, NAT64),
                    "{}", ip
                );
            }
        }

        #[test]
        fn a_public_ipv6_address_is_global_unicast(bits: u128) {
            let ip = Ipv6Addr::from_bits(bits);
            if verdict(ip.into()) == Verdict::Public {
                prop_assert!(ip.segments()[0] >> 13 == 1 || within(ip, NAT64));
            }
        }
    }

    #[test]
    fn the_first_and_last_address_of_every_prefix_are_refused_and_their_neighbours_are_not() {
        for prefix in NON_PUBLIC_V4 {
            let (network, length) = prefix_v4(prefix);
            for bits in [network, network | mask_v4(length)] {
                assert_ne!(verdict(Ipv4Addr::from_bits(bits).into()), Verdict::Public, "{prefix}");
            }
        }
        for public in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "8.8.8.8",
        ] {
            assert_eq!(of(public), Verdict::Public, "{public}");
        }
    }

    #[test]
    fn ordinary_ipv6_addresses_are_public() {
        for public in [
            "2606:4700:4700::1111",
            "2001:4860:4860::8888",
            "2a00:1450:4001:81b::200e",
            "2001:200::1",
            "2003::1",
            "2600:1f18::1",
            "64:ff9b::808:808",
        ] {
            assert_eq!(of(public), Verdict::Public, "{public}");
        }
    }

    #[test]
    fn the_reason_is_that_of_the_address_inside() {
        use RefusedKind as Kind;
        for (text, kind) in [
            ("0.0.0.0", Kind::Unspecified),
            ("10.1.2.3", Kind::Private),
            ("100.100.100.200", Kind::CarrierGrade),
            ("169.254.169.254", Kind::LinkLocal),
            ("224.0.0.1", Kind::Multicast),
            ("255.255.255.255", Kind::Broadcast),
            ("255.255.255.254", Kind::Reserved),
            ("198.19.0.1", Kind::Benchmarking),
            ("203.0.113.9", Kind::Documentation),
            ("::", Kind::Unspecified),
            ("fd00:ec2::254", Kind::UniqueLocal),
            ("fe80::1", Kind::LinkLocal),
            ("fec0::1", Kind::SiteLocal),
            ("ff02::1", Kind::Multicast),
            ("2001:db8::1", Kind::Documentation),
            ("::ffff:127.0.0.1", Kind::Loopback),
            ("::127.0.0.1", Kind::Loopback),
            ("::ffff:0:127.0.0.1", Kind::Loopback),
            ("64:ff9b::a9fe:a9fe", Kind::LinkLocal),
            ("2002:a00:1::1", Kind::Private),
            ("2001:0:808:808:0:0:f5ff:fffe", Kind::Private),
            ("2606:4700::5efe:10.0.0.1", Kind::Private),
            ("2606:4700::200:5efe:8.8.8.8", Kind::Ipv4InIpv6),
            ("::ffff:8.8.8.8", Kind::Ipv4InIpv6),
            ("64:ff9b:1::808:808", Kind::Ipv4InIpv6),
            ("2001:10::1", Kind::Reserved),
            ("5f00::1", Kind::Reserved),
        ] {
            assert_eq!(of(text), Verdict::Refused(kind), "{text}");
        }
    }

    #[test]
    fn only_loopback_itself_is_loopback() {
        for text in ["127.0.0.1", "127.255.255.255", "127.0.0.0", "::1"] {
            assert_eq!(of(text), Verdict::Loopback, "{text}");
        }
    }
}
