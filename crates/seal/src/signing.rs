//! Signs checkpoints and key changes with the ledger's Ed25519 key.

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use strongroom_proof::note::{Checkpoint, SignedNote, key_id};
use strongroom_proof::plain::key_change_message;

use crate::secret::Key32;

/// A signing key in use. The key is wiped when it goes.
pub struct Signer(SigningKey);

impl Signer {
    /// Takes the seed (RFC 8032) of a signing key.
    #[must_use]
    pub fn new(seed: &Key32) -> Self {
        Self(SigningKey::from_bytes(seed.expose()))
    }

    /// The public key.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.0.verifying_key()
    }

    /// The public key's 32 bytes, as announced in a plain part.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// Signs a checkpoint: its text is what is signed. Costs about 20 µs.
    ///
    /// The note goes out only after the commit it speaks of is durable.
    #[must_use]
    pub fn sign_checkpoint(&self, checkpoint: Checkpoint) -> SignedNote {
        let signature = self.0.sign(checkpoint.text().as_bytes());
        let key_id = key_id(&checkpoint.origin, &self.0.verifying_key());
        SignedNote::assemble(checkpoint, key_id, signature.to_bytes())
    }

    /// Signs the change from this key to a new one: the `s` of the plain part that announces it.
    ///
    /// `incarnation` and `event_id` are those of the record with that plain part. The message
    /// begins with 0x00, so it is never the text of a checkpoint.
    #[must_use]
    pub fn sign_key_change(
        &self,
        ledger_id: &[u8; 16],
        incarnation: &[u8; 8],
        event_id: &[u8; 16],
        new_key: &[u8; 32],
    ) -> [u8; 64] {
        let message = key_change_message(ledger_id, incarnation, event_id, &self.public_key(), new_key);
        self.0.sign(&message).to_bytes()
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(…)")
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::Signature;
    use strongroom_proof::Hash;

    use super::*;

    fn checkpoint() -> Checkpoint {
        Checkpoint {
            origin: "acme/ledger/x/y".to_owned(),
            size: 7,
            root: Hash([3; 32]),
        }
    }

    #[test]
    fn a_note_verifies_with_the_key_that_signed_it_only() {
        let signer = Signer::new(&Key32::from_bytes(&[1; 32]));
        let note = signer.sign_checkpoint(checkpoint());
        let read = SignedNote::parse(&note.to_string()).unwrap();
        read.verify(&signer.verifying_key()).unwrap();
        let other = Signer::new(&Key32::from_bytes(&[2; 32]));
        assert!(read.verify(&other.verifying_key()).is_err());
        let mut grown = note;
        grown.checkpoint.size = 8;
        assert!(grown.verify(&signer.verifying_key()).is_err());
    }

    #[test]
    fn a_key_change_is_signed_by_the_key_before() {
        let (old, new) = (
            Signer::new(&Key32::from_bytes(&[1; 32])),
            Signer::new(&Key32::from_bytes(&[2; 32])),
        );
        let (ledger, incarnation, event) = ([3; 16], [4; 8], [5; 16]);
        let signature = old.sign_key_change(&ledger, &incarnation, &event, &new.public_key());
        let verifies = |key: &Signer, event| {
            let message = key_change_message(&ledger, &incarnation, event, &old.public_key(), &new.public_key());
            key.verifying_key()
                .verify_strict(&message, &Signature::from_bytes(&signature))
                .is_ok()
        };
        assert!(verifies(&old, &event));
        assert!(!verifies(&new, &event));
        assert!(!verifies(&old, &[6; 16]));
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", Signer::new(&Key32::from_bytes(&[1; 32]))), "Signer(…)");
    }
}
