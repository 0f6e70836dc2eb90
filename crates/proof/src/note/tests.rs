use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;
use signed_note::{Note, StandardVerifier, Verifier, VerifierList};

use super::*;

const ORIGIN: &str = "acme/ledger/abababababababababababababababab/0101010101010101";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn signed(size: u64, root: [u8; 32], key: &SigningKey) -> SignedNote {
    let checkpoint = Checkpoint {
        origin: ORIGIN.to_owned(),
        size,
        root: Hash(root),
    };
    let signature = key.sign(checkpoint.text().as_bytes()).to_bytes();
    SignedNote::assemble(checkpoint, key_id(ORIGIN, &key.verifying_key()), signature)
}

fn verifier_key(key: &SigningKey) -> VerifierKey {
    VerifierKey {
        name: ORIGIN.to_owned(),
        key: key.verifying_key(),
    }
}

#[test]
fn a_note_is_five_lines() {
    let note = signed(7, [0; 32], &key(1)).to_string();
    let lines: Vec<&str> = note.split('\n').collect();
    assert_eq!(lines.len(), 6, "each line ends with a line feed");
    assert_eq!(lines[..2], [ORIGIN, "7"]);
    assert_eq!(lines[2], "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    assert_eq!(lines[3], "");
    assert!(lines[4].starts_with(&format!("— {ORIGIN} ")));
    assert_eq!(lines[5], "");
    assert!(note.len() <= NOTE_LEN_MAX);
}

#[test]
fn the_longest_note_fits_an_anchor_slot() {
    let name = "a".repeat(63);
    let origin = Origin::new(&name, [0xff; 16], [0xff; 8]).unwrap().to_string();
    let checkpoint = Checkpoint {
        origin,
        size: u64::MAX,
        root: Hash([0xff; 32]),
    };
    let note = SignedNote::assemble(checkpoint, [0xff; 4], [0xff; 64]).to_string();
    assert!(note.len() <= NOTE_LEN_MAX, "{}", note.len());
    assert!(SignedNote::parse(&note).is_ok());
}

#[test]
fn the_oracle_verifies_our_notes() {
    let key = key(2);
    let note = signed(42, [9; 32], &key);
    let theirs = Note::from_bytes(note.to_string().as_bytes()).unwrap();
    assert_eq!(theirs.text(), note.checkpoint.text().as_bytes());

    let vkey = verifier_key(&key).to_string();
    let verifier = StandardVerifier::new(&vkey).unwrap();
    assert_eq!(verifier.key_id().to_be_bytes(), note.key_id);
    let known = VerifierList::new(vec![Box::new(verifier)]);
    let (verified, unverified) = theirs.verify(&known).unwrap();
    assert_eq!((verified.len(), unverified.len()), (1, 0));
}

#[test]
fn only_the_key_that_signed_verifies() {
    let note = signed(3, [5; 32], &key(3));
    assert_eq!(note.verify(&key(3).verifying_key()), Ok(()));
    assert_eq!(note.verify(&key(4).verifying_key()), Err(NoteError::KeyId));
    assert_eq!(verifier_key(&key(3)).verify(&note), Ok(()));

    let other_name = VerifierKey {
        name: "other".to_owned(),
        key: key(3).verifying_key(),
    };
    assert_eq!(other_name.verify(&note), Err(NoteError::Origin));

    let forged_id = key_id(ORIGIN, &key(4).verifying_key());
    let forged = SignedNote::assemble(note.checkpoint.clone(), forged_id, note.signature);
    assert_eq!(forged.verify(&key(4).verifying_key()), Err(NoteError::Signature));
}

#[test]
fn a_changed_checkpoint_does_not_verify() {
    let key = key(5);
    let note = signed(3, [5; 32], &key);
    let mut larger = note.clone();
    larger.checkpoint.size = 4;
    let mut other_root = note.clone();
    other_root.checkpoint.root = Hash([6; 32]);
    for changed in [larger, other_root] {
        assert_eq!(changed.verify(&key.verifying_key()), Err(NoteError::Signature));
    }
}

#[test]
fn a_malleable_signature_does_not_verify() {
    // The group order L, little-endian: s + L is the same s to a lax verifier.
    const L: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let key = key(6);
    let mut note = signed(3, [5; 32], &key);
    let mut carry = 0;
    for (byte, add) in note.signature[32..].iter_mut().zip(L) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    assert_eq!(note.verify(&key.verifying_key()), Err(NoteError::Signature));
}

#[test]
fn what_is_written_otherwise_is_refused() {
    let good = signed(70, [7; 32], &key(7)).to_string();
    assert!(SignedNote::parse(&good).is_ok());
    let signature_line = good.lines().last().unwrap();
    let swap = |from: &str, to: &str| good.replacen(from, to, 1);
    for (what, text, error) in [
        ("nothing", String::new(), NoteError::Form),
        (
            "no signature",
            good[..good.find("\n\n").unwrap() + 2].to_owned(),
            NoteError::Form,
        ),
        ("no empty line", swap("\n\n", "\n"), NoteError::Form),
        ("no line feed at the end", good.trim_end().to_owned(), NoteError::Form),
        ("a line more", format!("{good}\n"), NoteError::Form),
        (
            "the signature twice",
            format!("{good}{signature_line}\n"),
            NoteError::Form,
        ),
        ("an extension line", swap("\n\n", "\nextension\n\n"), NoteError::Form),
        ("a leading zero", swap("\n70\n", "\n070\n"), NoteError::Form),
        ("a sign", swap("\n70\n", "\n+70\n"), NoteError::Form),
        (
            "a size past 64 bits",
            swap("\n70\n", "\n18446744073709551616\n"),
            NoteError::Form,
        ),
        ("no size", swap("\n70\n", "\n\n"), NoteError::Form),
        ("carriage returns", good.replace('\n', "\r\n"), NoteError::Form),
        ("a hyphen for the dash", swap("— ", "- "), NoteError::Form),
        ("another key name", swap("— acme", "— acne"), NoteError::Form),
        ("a short root", swap("BwcHBwc=", "BwcHBw=="), NoteError::Form),
        ("unused bits of base64 set", swap("Bwc=\n", "Bwd=\n"), NoteError::Form),
        ("base64 without padding", swap("Bwc=\n", "Bwc\n"), NoteError::Form),
        (
            "a space in the origin",
            good.replace("acme/", "ac me/"),
            NoteError::Origin,
        ),
        (
            "a plus in the origin",
            good.replace("acme/", "ac+me/"),
            NoteError::Origin,
        ),
        ("no origin", good.replace(ORIGIN, ""), NoteError::Origin),
    ] {
        assert_eq!(SignedNote::parse(&text), Err(error), "{what}");
    }
}

#[test]
fn unused_bits_of_the_signature_line_are_zeros() {
    let good = signed(70, [7; 32], &key(7)).to_string();
    // 68 bytes leave two unused bits in the last digit before the one "=".
    let digit = good.as_bytes()[good.len() - 3];
    let index = |digit| {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
            .iter()
            .position(|other| *other == digit)
    };
    assert_eq!(index(digit).unwrap() % 4, 0);
    for other in (0..=255u8).filter(|other| index(*other).is_some_and(|other| other % 4 != 0)) {
        let mut note = good.clone().into_bytes();
        let at = note.len() - 3;
        note[at] = other;
        assert_eq!(SignedNote::parse(str::from_utf8(&note).unwrap()), Err(NoteError::Form));
    }
}

#[test]
fn a_key_of_small_order_verifies_nothing() {
    // The neutral point signs every text, for a verifier that is not strict.
    let mut point = [0; 32];
    point[0] = 1;
    let key = VerifyingKey::from_bytes(&point).unwrap();
    let mut note = signed(1, [0; 32], &SigningKey::from_bytes(&[1; 32]));
    note.key_id = key_id(ORIGIN, &key);
    note.signature = [0; 64];
    note.signature[0] = 1;
    let lax = ed25519_dalek::Verifier::verify(
        &key,
        note.checkpoint.text().as_bytes(),
        &Signature::from_bytes(&note.signature),
    );
    assert!(lax.is_ok());
    assert_eq!(note.verify(&key), Err(NoteError::Signature));
}

#[test]
fn a_note_past_the_limit_is_not_looked_at() {
    let long = "a".repeat(NOTE_LEN_MAX);
    assert_eq!(SignedNote::parse(&long), Err(NoteError::Form));
    assert_eq!(SignedNote::parse(&(long + "a")), Err(NoteError::Len { found: 1025 }));
}

#[test]
fn a_verifier_key_has_one_form() {
    let text = verifier_key(&key(8)).to_string();
    assert_eq!(VerifierKey::parse(&text), Ok(verifier_key(&key(8))));
    let (head, base64) = text.rsplit_once('+').unwrap();
    let (name, id) = head.rsplit_once('+').unwrap();
    let other_type = STANDARD.encode([&[4][..], key(8).verifying_key().as_bytes()].concat());
    for wrong in [
        String::new(),
        head.to_owned(),
        format!("{name}x+{id}+{base64}"),
        format!("{name}+{}+{base64}", "0".repeat(8)),
        format!("{name}+{}+{base64}", id.to_uppercase() + "A"),
        format!("{name}+{id}+{other_type}"),
        format!("{name}+{id}+{}", &base64[..base64.len() - 4]),
        format!("{text}\n"),
        format!(" {text}"),
    ] {
        assert_eq!(VerifierKey::parse(&wrong), Err(NoteError::VerifierKey), "{wrong}");
    }
}

proptest! {
    #[test]
    fn parsing_is_the_inverse_of_writing(size: u64, root: [u8; 32], id: [u8; 4], half: [u8; 32]) {
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root: Hash(root) };
        let mut signature = [1; 64];
        signature[..32].copy_from_slice(&half);
        let note = SignedNote::assemble(checkpoint, id, signature);
        prop_assert_eq!(SignedNote::parse(&note.to_string()), Ok(note));
    }

    #[test]
    fn any_text_is_refused_or_in_its_one_form(text in "\\PC{0,40}|[a-z/]{1,9}\n[0-9]{1,3}\n.{44}\n\n— .{0,100}\n") {
        if let Ok(note) = SignedNote::parse(&text) {
            prop_assert_eq!(note.to_string(), text);
        }
    }

    #[test]
    fn a_flipped_byte_is_refused(at in 0..400usize, bit in 0..8u8) {
        let key = key(9);
        let mut bytes = signed(123_456, [8; 32], &key).to_string().into_bytes();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        let verified = std::str::from_utf8(&bytes)
            .ok()
            .and_then(|note| SignedNote::parse(note).ok())
            .is_some_and(|note| verifier_key(&key).verify(&note).is_ok());
        prop_assert!(!verified);
    }
}
