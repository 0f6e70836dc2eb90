use crate::harness::{House, copy_tree};
use strongroom_domain::command::Command;

#[tokio::test]
async fn a_whole_directory_set_back_under_a_newer_anchor_is_refused() {
    let house = House::new();
    house.open().stop().unwrap();
    let old = house.dir.path().join("old");
    copy_tree(&house.data().join("db"), &old);
    let ledger = house.open();
    let create = Command::CreateClient {
        name: "Acme".to_owned(),
        handle: None,
        description: String::new(),
    };
    ledger.execute(house.context(&ledger), create).await.unwrap();
    ledger.stop().unwrap();
    drop(ledger);
    std::fs::remove_dir_all(house.data().join("db")).unwrap();
    copy_tree(&old, &house.data().join("db"));
    let refused = house.try_open(false).unwrap_err();
    assert_eq!(refused.code(), "log_shorter", "{refused}");
    assert!(!refused.hint().is_empty());
}
