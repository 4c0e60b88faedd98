//! Which addresses are dialled, whatever a name resolves to.

use std::collections::HashMap;
use std::net::IpAddr;

use aiva_adapters::http_out::{GuardedHttp, Resolution};
use aiva_core::egress::{CallbackUrl, EgressPolicy};
use aiva_core::ports::{HttpOut, OutgoingError, OutgoingRequest};

use super::receiver::Receiver;
use super::{LONG, SHORT, client, local, noon, request};

#[tokio::test]
async fn localhost_is_reached_by_its_name_in_the_local_deployment() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let url = format!("http://localhost:{}/", receiver.address.port());
    assert_eq!(client().post(request(&url, LONG)).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_name_is_refused_when_any_of_its_addresses_is_not_public() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let answers = [
        vec!["127.0.0.1"],
        vec!["::1"],
        vec!["10.0.0.1"],
        vec!["169.254.169.254"],
        vec!["100.64.0.1"],
        vec!["fd00:ec2::254"],
        vec!["::ffff:127.0.0.1"],
        vec!["64:ff9b::7f00:1"],
        vec!["2002:7f00:1::1"],
        vec!["8.8.8.8", "127.0.0.1"],
        vec![
            "8.8.8.8", "8.8.4.4", "1.1.1.1", "9.9.9.9", "1.0.0.1", "4.4.4.4", "4.2.2.1", "4.2.2.2",
            "10.0.0.1",
        ],
    ];
    for answer in answers {
        let ips: Vec<IpAddr> = answer.iter().map(|ip| ip.parse().unwrap()).collect();
        for is_local in [false, true] {
            let policy = EgressPolicy { local: is_local, ports: vec![receiver.address.port()] };
            let text = format!("https://rebind.example:{}/", receiver.address.port());
            let url = CallbackUrl::parse(&text, &policy).unwrap();
            let table = HashMap::from([("rebind.example".to_owned(), ips.clone())]);
            let client = GuardedHttp::new(policy, Resolution::Fixed(table), noon).unwrap();
            assert_eq!(client.vet(&url, LONG).await, Err(OutgoingError::RefusedAddress));
            let request = OutgoingRequest { url, ..request(&receiver.url(), LONG) };
            assert_eq!(
                client.post(request).await,
                Err(OutgoingError::RefusedAddress),
                "{answer:?}"
            );
        }
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_told_apart_from_one_that_is_refused() {
    let client = client();
    let unknown = request("https://not-there-yet.example/", LONG);
    assert_eq!(client.vet(&unknown.url, LONG).await, Err(OutgoingError::Dns));
    assert_eq!(client.post(unknown).await, Err(OutgoingError::Dns));
    let table = HashMap::from([("public.example".to_owned(), vec!["8.8.8.8".parse().unwrap()])]);
    let client = GuardedHttp::new(local(), Resolution::Fixed(table), noon).unwrap();
    let known = request("https://public.example/", LONG).url;
    assert_eq!(client.vet(&known, LONG).await, Ok(()));
}

#[tokio::test]
async fn the_system_resolver_is_behind_the_same_guard() {
    let policy = EgressPolicy { local: true, ports: vec![443] };
    let client = GuardedHttp::new(policy, Resolution::System, noon).unwrap();
    let unknown = request("https://not-there.invalid/", LONG).url;
    let outcome = client.vet(&unknown, SHORT).await;
    assert!(matches!(outcome, Err(OutgoingError::Dns | OutgoingError::Timeout)), "{outcome:?}");
}

#[tokio::test]
async fn a_url_saved_by_the_local_deployment_is_refused_by_a_deployed_one() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let policy = EgressPolicy { local: false, ports: vec![443, receiver.address.port()] };
    let deployed = GuardedHttp::new(policy, Resolution::Fixed(HashMap::new()), noon).unwrap();
    for host in ["127.0.0.1", "localhost"] {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{}/", receiver.address.port());
            let outcome = deployed.post(request(&url, LONG)).await;
            assert_eq!(outcome, Err(OutgoingError::RefusedAddress), "{url}");
        }
    }
    assert_eq!(receiver.connections(), 0);
}
