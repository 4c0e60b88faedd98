//! What `keys.rs` writes, it reads; and no two kinds of rows share a key.

use std::collections::HashSet;

use aiva_core::ports::Entropy;
use jiff::Timestamp;

use super::*;

struct Fixed(u8);
impl Entropy for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

fn id<M: Marker>(byte: u8) -> Id<M> {
    Id::new(Timestamp::from_millisecond(1_790_000_000_000).unwrap(), &Fixed(byte))
}

fn reference(external: &str) -> ConversationRef {
    let external = ExternalId::parse("id", external).unwrap();
    ConversationRef { workspace: id(1), project: id(2), external }
}

#[test]
fn what_is_written_as_a_key_reads_back() {
    for external in ["a", "W", "order-4821:a@b+c=d~e.f_g", &"x".repeat(128)] {
        let reference = reference(external);
        for seq in [1, 42, MAX_SEQ] {
            let key = message(&reference, seq);
            assert_eq!(parse_message(&key), Some((reference.clone(), seq)));
        }
        assert_eq!(parse_message(&conversation(&reference)), None);
    }
    for byte in 0..=255 {
        assert_eq!(parse_delivery(&delivery(id(1), id(byte))), Some((id(1), id(byte))));
    }
    let key = KeyId { workspace: id(1), key: id(9) };
    assert_eq!(parse_key_entry(&key_entry(key)), Some(key));
    assert_eq!(parse_directory_entry(&directory_entry(id(7))), Some(id(7)));
    assert_eq!(parse_source_text(&source_text(id(1), id(2), id(3), 11)), Some(id(3)));
    assert_eq!(parse_list(&conversation_entry(id(1), id(2), id(3))), Some(id(2)));
    assert_eq!(parse_list(&lead_entry(id(1), id(2), id(3))), Some(id(2)));
    assert_eq!(parse_delivery(&request(id(1), id(3))), None);
    assert_eq!(parse_key_entry(&project(id(1), id(2))), None);
}

#[test]
fn no_two_kinds_of_rows_share_a_key_and_each_begins_with_its_tenant() {
    let idempotency_key = IdempotencyKey::parse("k", "a#b").unwrap();
    let key = KeyId { workspace: id(1), key: id(9) };
    let of_tenant = [
        workspace(id(1)),
        project(id(1), id(2)),
        api_key(key),
        key_entry(key),
        conversation(&reference("x")),
        message(&reference("x"), 1),
        conversation_entry(id(1), id(2), id(3)),
        contact(id(1), &ExternalId::parse("id", "x").unwrap()),
        wallet_shard(id(1), 0),
        charge(id(1), 0, id(40)),
        idempotency(id(1), &idempotency_key),
        top_up(id(1), LedgerKind::TopUp, &idempotency_key),
        top_up(id(1), LedgerKind::PlanCredit, &idempotency_key),
        claim(&Place {
            workspace: id(1),
            project: None,
            api: "operator",
            key: idempotency_key.clone(),
        }),
        claim(&Place {
            workspace: id(1),
            project: Some(id(2)),
            api: "asyntai",
            key: idempotency_key.clone(),
        }),
        source(id(1), id(2), id(5)),
        source_text(id(1), id(2), id(5), 0),
        mails_to_user(id(1), &ExternalId::parse("id", "x").unwrap()),
        link(id(1), &LinkHash([7; 32])),
        widget(id(1), id(2), id(8)),
        delivery(id(1), id(6)),
        request(id(1), id(7)),
    ];
    let tenant = format!("W#{}", id::<aiva_core::id::marker::Workspace>(1).bare());
    for key in &of_tenant {
        assert!(key.partition.starts_with(&tenant), "{key:?}");
    }
    let deployment = [
        directory_entry(id(1)),
        wrong_keys("192.0.2.1", 1),
        operator_requests(1),
        link_requests("a@example.com", 1),
        mails_to_address("a@example.com"),
    ];
    let all: HashSet<_> = of_tenant.iter().chain(&deployment).collect();
    assert_eq!(all.len(), of_tenant.len() + deployment.len());
}

#[test]
fn a_span_holds_its_rows_and_no_others() {
    let inside = |span: &Span, key: &Key| {
        span.partition == key.partition && (&span.low..=&span.high).contains(&&key.sort)
    };
    assert!(inside(&projects(id(1)), &project(id(1), id(255))));
    assert!(!inside(&projects(id(1)), &workspace(id(1))));
    let key = KeyId { workspace: id(1), key: id(255) };
    assert!(inside(&key_entries(id(1)), &key_entry(key)));
    assert!(!inside(&key_entries(id(1)), &project(id(1), id(0))));
    let all = messages(&reference("x"), 0, u64::MAX);
    assert!(inside(&all, &message(&reference("x"), 1)));
    assert!(!inside(&all, &conversation(&reference("x"))));
    assert!(!inside(&messages(&reference("x"), 3, 9), &message(&reference("x"), 2)));
    assert!(inside(&ledger(id(1), 1)[0], &credit(id(1), id(255))));
    assert!(!inside(&ledger(id(1), 1)[0], &wallet_shard(id(1), 0)));
    assert!(inside(&source_texts(id(1), id(2)), &source_text(id(1), id(2), id(255), 3)));
    assert!(inside(&widgets(id(1), id(2)), &widget(id(1), id(2), id(255))));
    let shard = conversation_entries(id(1), id(2));
    let entry = conversation_entry(id(1), id(2), id(7));
    assert_eq!(shard.iter().filter(|span| inside(span, &entry)).count(), 1);
}

#[test]
fn the_source_address_is_not_kept() {
    let key = wrong_keys("192.0.2.1", 5);
    assert!(!key.partition.contains("192"));
    assert_ne!(key, wrong_keys("192.0.2.1", 6));
    assert_ne!(key, wrong_keys("192.0.2.2", 5));
}
