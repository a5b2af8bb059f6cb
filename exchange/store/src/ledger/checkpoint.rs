//! Checkpoints: the end of the chain at a moment, signed with Ed25519 (RFC 8032).

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use core::fmt;
use std::sync::Arc;

use exchange_types::UtcMicros;

/// Signs checkpoints. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct CheckpointSigner(Arc<Ed25519KeyPair>);

/// Checks checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointKey(pub [u8; 32]);

/// The bytes are no seed of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no seed of an Ed25519 key")]
pub struct KeyRejected;

/// What a checkpoint says: after so many entries the chain stood here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CheckpointFacts {
    pub(crate) number: u64,
    pub(crate) entries: u64,
    pub(crate) at: UtcMicros,
    pub(crate) hash: [u8; 32],
}

/// A signed checkpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checkpoint {
    pub(crate) facts: CheckpointFacts,
    pub(crate) public_key: [u8; 32],
    pub(crate) signature: [u8; 64],
}

impl CheckpointSigner {
    /// Returns the signer of a secret seed of 32 random bytes.
    ///
    /// # Errors
    ///
    /// Says so where the seed is none.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, KeyRejected> {
        Ed25519KeyPair::from_seed_unchecked(seed).map(|pair| Self(Arc::new(pair))).map_err(|_| KeyRejected)
    }

    /// Returns what checks its signatures.
    pub fn key(&self) -> CheckpointKey {
        CheckpointKey(self.0.public_key().as_ref().try_into().unwrap_or([0; 32]))
    }

    pub(crate) fn sign(&self, facts: CheckpointFacts) -> Checkpoint {
        let signature = self.0.sign(&facts.message());
        let signature = signature.as_ref().try_into().unwrap_or([0; 64]);
        Checkpoint { facts, public_key: self.key().0, signature }
    }
}

impl fmt::Debug for CheckpointSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CheckpointSigner(..)")
    }
}

impl CheckpointKey {
    /// Returns whether a checkpoint was signed by the holder of this key.
    pub(crate) fn checks(&self, checkpoint: &Checkpoint) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, &self.0);
        checkpoint.public_key == self.0
            && key.verify(&checkpoint.facts.message(), &checkpoint.signature).is_ok()
    }
}

impl CheckpointFacts {
    /// Returns what is signed. The words in front keep the signature from standing for anything else.
    fn message(&self) -> Vec<u8> {
        let mut message = b"exchange ledger checkpoint 1\0".to_vec();
        message.extend_from_slice(&self.number.to_le_bytes());
        message.extend_from_slice(&self.entries.to_le_bytes());
        message.extend_from_slice(&self.at.0.to_le_bytes());
        message.extend_from_slice(&self.hash);
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_holds_under_its_own_key_and_as_it_was_signed() {
        let signer = CheckpointSigner::from_seed(&[1; 32]).expect("a seed");
        let other = CheckpointSigner::from_seed(&[2; 32]).expect("a seed");
        let facts = CheckpointFacts { number: 1, entries: 9, at: UtcMicros(5), hash: [3; 32] };
        let checkpoint = signer.sign(facts);
        assert!(signer.key().checks(&checkpoint));
        assert!(!other.key().checks(&checkpoint));
        let shorter = Checkpoint { facts: CheckpointFacts { entries: 8, ..facts }, ..checkpoint };
        assert!(!signer.key().checks(&shorter));
        assert_eq!(format!("{signer:?}"), "CheckpointSigner(..)");
    }
}
