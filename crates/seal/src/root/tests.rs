use std::os::unix::fs::PermissionsExt;

use super::*;

const PARAMS: PassphraseParams = PassphraseParams {
    salt: [5; 16],
    memory_kib: 65_536,
    passes: 3,
    lanes: 1,
};

#[test]
fn a_root_key_is_read_back_from_its_text() {
    let key = RootKey::make().unwrap();
    let text = key.expose_text();
    assert_eq!(text.len(), 53);
    for end in ["", "\n", "\r\n"] {
        assert!(
            RootKey::parse(&format!("{}{end}", *text))
                .unwrap()
                .key()
                .ct_eq(key.key())
        );
    }
    for wrong in [
        format!("{}\n\n", *text),
        format!(" {}", *text),
        text[..52].to_owned(),
        String::new(),
    ] {
        assert!(RootKey::parse(&wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_key_is_written_once_and_for_its_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("root-key");
    let key = RootKey::make().unwrap();
    key.write_new(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let read = FileProvider(path.clone()).root_key(&RootSource::Env).unwrap();
    assert!(read.key().ct_eq(key.key()));
    assert_eq!(key.write_new(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
}

#[test]
fn a_descriptor_gives_the_same_key() {
    use std::os::fd::AsRawFd;
    let mut file = tempfile::tempfile().unwrap();
    let key = RootKey::make().unwrap();
    writeln!(file, "{}", *key.expose_text()).unwrap();
    let fd = u32::try_from(file.as_raw_fd()).unwrap();
    assert!(FdProvider(fd).root_key(&RootSource::Fd).unwrap().key().ct_eq(key.key()));
}

#[test]
fn what_is_no_key_is_refused_without_showing_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wrong");
    fs::write(&path, "hunter2 ".repeat(100)).unwrap();
    let error = FileProvider(path).root_key(&RootSource::File).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    assert!(matches!(
        error,
        RootKeyError::Text {
            source: TextError::Form { .. },
            ..
        }
    ));

    let missing = FileProvider(dir.path().join("missing")).root_key(&RootSource::File);
    assert!(matches!(missing, Err(RootKeyError::Read { .. })));
    let unset = EnvProvider("STRONGROOM_TEST_UNSET".to_owned()).root_key(&RootSource::Env);
    assert!(matches!(unset, Err(RootKeyError::NoVariable { .. })));
}

#[test]
fn a_passphrase_and_a_key_do_not_stand_for_one_another() {
    let passphrase = PassphraseProvider(SecretVec::new(b"correct horse".to_vec()));
    assert!(matches!(
        passphrase.root_key(&RootSource::File),
        Err(RootKeyError::OtherSource { .. })
    ));
    let file = FileProvider(PathBuf::from("never-opened"));
    let source = RootSource::Passphrase(PARAMS);
    assert!(matches!(file.root_key(&source), Err(RootKeyError::OtherSource { .. })));
}

#[test]
fn a_passphrase_gives_one_key_for_one_salt() {
    let derive = |passphrase: &str, salt| {
        let provider = PassphraseProvider(SecretVec::new(passphrase.as_bytes().to_vec()));
        let source = RootSource::Passphrase(PassphraseParams { salt, ..PARAMS });
        *provider.root_key(&source).unwrap().key().expose()
    };
    let key = derive("correct horse", [5; 16]);
    assert_eq!(key, derive("correct horse", [5; 16]));
    assert_ne!(key, derive("correct horse ", [5; 16]));
    assert_ne!(key, derive("correct horse", [6; 16]));
}

#[test]
fn costs_at_the_bounds_and_one_past_them() {
    let with = |memory_kib, passes, lanes| {
        PassphraseParams {
            memory_kib,
            passes,
            lanes,
            ..PARAMS
        }
        .in_bounds()
    };
    assert!(with(65_536, 3, 1) && with(4 << 20, 64, 16));
    assert!(!with(65_535, 3, 1) && !with(65_536, 2, 1) && !with(65_536, 3, 0));
    assert!(!with((4 << 20) + 1, 64, 16) && !with(4 << 20, 65, 16) && !with(4 << 20, 64, 17));

    let provider = PassphraseProvider(SecretVec::new(b"correct horse".to_vec()));
    let source = RootSource::Passphrase(PassphraseParams {
        memory_kib: u32::MAX,
        ..PARAMS
    });
    assert!(matches!(provider.root_key(&source), Err(RootKeyError::Costs { .. })));
    let empty = PassphraseProvider(SecretVec::new(Vec::new()));
    assert!(matches!(
        empty.root_key(&RootSource::Passphrase(PARAMS)),
        Err(RootKeyError::EmptyPassphrase)
    ));
}
