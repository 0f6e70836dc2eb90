//! A shadow is verified; its original stays as it was found.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::{Home, LIFE, mac};
use crate::Shadow;

/// Every file below a directory, by path, with its bytes and its time of change.
fn files(dir: &Path) -> BTreeMap<PathBuf, (Vec<u8>, std::time::SystemTime)> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.insert(path.clone(), (vec![], path.metadata().unwrap().modified().unwrap()));
            found.extend(files(&path));
        } else {
            let changed = path.metadata().unwrap().modified().unwrap();
            found.insert(path.clone(), (std::fs::read(&path).unwrap(), changed));
        }
    }
    found
}

#[test]
fn a_shadow_is_opened_and_its_original_left_as_found() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.append(600);
    run.stop();
    let mut run = home.open().unwrap();
    run.append(50);
    let crashed = home.image();
    drop(run);
    for original in [&home, &crashed] {
        let before = files(&original.dir);
        let parent = original.dir.parent().unwrap();
        let shadow = Shadow::make(&original.dir, parent).unwrap();
        let dir = shadow.dir().to_owned();
        let opened = shadow.lock().unwrap().open(&LIFE, mac(), &shadow.options()).unwrap();
        assert_eq!(opened.report.size, 650);
        assert_eq!(opened.report.journals_copied, None);
        assert_eq!(opened.store.view().records(0..650).filter(Result::is_ok).count(), 650);
        drop(opened);
        drop(shadow);
        assert!(!dir.exists());
        assert!(files(&original.dir) == before, "the original was changed");
    }
}

#[test]
fn there_is_no_shadow_of_a_directory_in_use_or_absent() {
    let home = Home::new();
    let parent = home.dir.parent().unwrap();
    let run = home.open().unwrap();
    assert_eq!(Shadow::make(&home.dir, parent).unwrap_err().code(), "locked");
    drop(run);
    Shadow::make(&home.dir, parent).unwrap();
    let absent = home.dir.join("absent");
    assert_eq!(Shadow::make(&absent, parent).unwrap_err().code(), "no_directory");
}

#[test]
fn nobody_else_reads_a_shadow() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.append(300);
    run.stop();
    let parent = home.dir.parent().unwrap();
    let shadow = Shadow::make(&home.dir, parent).unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(shadow.dir()), 0o700);
    for path in files(shadow.dir()).into_keys() {
        let linked = path.parent().unwrap().ends_with("tables");
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert!(linked || mode(&path) == expected, "{}", path.display());
    }
}

#[test]
fn a_shadow_whose_process_was_killed_is_deleted_by_the_next() {
    let home = Home::new();
    home.open().unwrap().stop();
    let parent = home.dir.parent().unwrap();
    let in_use = Shadow::make(&home.dir, parent).unwrap();
    // The lock is all that a killed process does not leave. It may have had our own number.
    let left = [1, std::process::id()].map(|process| parent.join(format!(".strongroom-shadow-{process}-7")));
    for dir in &left {
        std::fs::create_dir(dir).unwrap();
        std::fs::write(dir.join("key-file"), b"keys").unwrap();
    }
    let other = Shadow::make(&home.dir, parent).unwrap();
    assert!(left.iter().all(|dir| !dir.exists()));
    assert!(in_use.dir().join("key-file").exists());
    assert_ne!(in_use.dir(), other.dir());
}
