use crate::harness::{House, draft};
use strongroom_ledger::{Failure, IdempotencyKey, Ledger, RequestContext};

fn keyed(house: &House, ledger: &Ledger, body: &str) -> RequestContext {
    let key = IdempotencyKey {
        key: "order-17".to_owned(),
        route: "POST /api/v1/credentials".to_owned(),
        body: zeroize::Zeroizing::new(body.as_bytes().to_vec()),
    };
    RequestContext {
        idempotency: Some(key),
        ..house.context(ledger)
    }
}

#[tokio::test]
async fn a_repeat_is_answered_from_the_log_also_after_a_restart() {
    let house = House::new();
    let ledger = house.open();
    let value = || draft("Mail", "demo-value-four-0123456789abcd");
    let first = ledger
        .create_credential(keyed(&house, &ledger, "body"), value())
        .await
        .unwrap();
    let head = ledger.view().head;
    let second = ledger
        .create_credential(keyed(&house, &ledger, "body"), value())
        .await
        .unwrap();
    assert!(second.replayed && !first.replayed);
    assert_eq!(second.events, first.events);
    assert_eq!(ledger.view().head, head);
    ledger.stop().unwrap();
    drop(ledger);

    let ledger = house.open();
    let third = ledger
        .create_credential(keyed(&house, &ledger, "body"), value())
        .await
        .unwrap();
    assert_eq!(third.events, first.events);
    let other = ledger
        .create_credential(keyed(&house, &ledger, "another"), value())
        .await
        .unwrap_err();
    assert!(matches!(other, Failure::IdempotencyMismatch));
    ledger.stop().unwrap();
}

#[tokio::test]
async fn what_was_refused_is_not_remembered() {
    let house = House::new();
    let ledger = house.open();
    let refused = ledger
        .create_credential(keyed(&house, &ledger, "body"), draft("", "demo-0123456789abcdef-42"))
        .await;
    assert!(refused.is_err());
    let done = ledger
        .create_credential(
            keyed(&house, &ledger, "body"),
            draft("Mail", "demo-0123456789abcdef-42"),
        )
        .await;
    assert!(!done.unwrap().replayed);
    ledger.stop().unwrap();
}
