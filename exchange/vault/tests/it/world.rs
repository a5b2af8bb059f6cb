//! A vault over a [`Disk`], and a lead that was sealed with it.

use exchange_protocol::{SealClass, Sealed};
use exchange_types::{UtcMicros, Uuid7};
use exchange_vault::{Drawer, MasterKey, OpenError, UnsealError, Vault, VaultConfig};

use crate::disk::Disk;

pub(crate) const DAY_US: i64 = 86_400_000_000;
pub(crate) const NOW: UtcMicros = UtcMicros(20_000 * DAY_US);
pub(crate) const CANARY: &[u8] = b"canary-4711@example.org wants a roof in 80331, phone +498912345678";

/// A small file, so that tests cross its end; larger than a chunk.
pub(crate) const CONFIG: VaultConfig =
    VaultConfig { file_slots_first: 100, file_slots_max: 3_000, file_span_us: DAY_US };

pub(crate) fn master() -> MasterKey {
    MasterKey::new(&[5; 32])
}

pub(crate) fn open(disk: &Disk) -> Result<Vault, OpenError> {
    Vault::open(Box::new(disk.clone()), master(), CONFIG)
}

/// Opens a vault with keys ready and a drawer.
pub(crate) fn start(disk: &Disk) -> (Vault, Drawer) {
    let vault = open(disk).expect("opens");
    vault.keep_ahead(NOW).expect("keys");
    let drawer = vault.drawer();
    (vault, drawer)
}

pub(crate) fn lead(number: u128) -> Uuid7 {
    Uuid7::new(NOW, number)
}

/// What was sealed, with all that is needed to read it.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) lead: Uuid7,
    pub(crate) sealed: Sealed,
    pub(crate) ciphertext: Vec<u8>,
}

impl Kept {
    pub(crate) fn seal(drawer: &mut Drawer, class: SealClass, number: u128) -> Self {
        let mut ciphertext = Vec::new();
        let lead = lead(number);
        let sealed = drawer.seal(class, lead, CANARY, &mut ciphertext).expect("a key is ready");
        Self { lead, sealed, ciphertext }
    }

    pub(crate) fn read(&self, vault: &Vault) -> Result<Vec<u8>, UnsealError> {
        vault.unseal(self.lead, &self.sealed, &self.ciphertext).map(|plain| plain.to_vec())
    }

    #[track_caller]
    pub(crate) fn assert_readable(&self, vault: &Vault) {
        assert_eq!(self.read(vault).expect("reads"), CANARY);
    }

    #[track_caller]
    pub(crate) fn assert_erased(&self, vault: &Vault) {
        assert!(matches!(self.read(vault), Err(UnsealError::Erased { .. })));
    }
}
