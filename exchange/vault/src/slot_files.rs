//! Where slot files lie and what they are called: a folder for each class, a number for each file.

use std::path::{Path, PathBuf};

use exchange_protocol::{SealClass, SlotRef};

/// The two classes, in the order in which they are gone through.
pub(crate) const CLASSES: [SealClass; 2] = [SealClass::Lead, SealClass::Consent];

/// A value for each class.
#[derive(Debug, Default)]
pub(crate) struct ByClass<T> {
    lead: T,
    consent: T,
}

impl<T> ByClass<T> {
    pub(crate) fn try_new<E>(mut make: impl FnMut(SealClass) -> Result<T, E>) -> Result<Self, E> {
        Ok(Self { lead: make(SealClass::Lead)?, consent: make(SealClass::Consent)? })
    }

    pub(crate) const fn of(&self, class: SealClass) -> &T {
        match class {
            SealClass::Lead => &self.lead,
            SealClass::Consent => &self.consent,
        }
    }

    pub(crate) const fn of_mut(&mut self, class: SealClass) -> &mut T {
        match class {
            SealClass::Lead => &mut self.lead,
            SealClass::Consent => &mut self.consent,
        }
    }
}

/// Returns the folder of a class.
pub(crate) fn folder(class: SealClass) -> &'static Path {
    Path::new(match class {
        SealClass::Lead => "leads",
        SealClass::Consent => "consent",
    })
}

/// Returns the file of a number.
pub(crate) fn path(class: SealClass, file: u32) -> PathBuf {
    folder(class).join(format!("{file:010}.slots"))
}

/// Returns the name of a file while it is being written.
pub(crate) fn unfinished_path(class: SealClass, file: u32) -> PathBuf {
    folder(class).join(format!("{file:010}{UNFINISHED}"))
}

/// How the name of a file ends while it is being written.
pub(crate) const UNFINISHED: &str = ".new";

/// Returns the number of a file; `None` where the name is none that [`path`] makes.
pub(crate) fn number(name: &str) -> Option<u32> {
    let digits = name.strip_suffix(".slots")?;
    (digits.len() == 10).then(|| digits.parse().ok()).flatten()
}

/// Returns a slot as operators read it: its file and its place in it.
pub(crate) fn slot_text(slot: &SlotRef) -> String {
    format!("{} of {}", slot.index, path(slot.class, slot.file).display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_others_are_none() {
        for file in [0, 7, u32::MAX] {
            let path = path(SealClass::Consent, file);
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
            assert_eq!(number(name), Some(file));
        }
        for name in ["7.slots", "0000000007.new", "9999999999.slots", "+000000007.slots.old", "lost+found"] {
            assert_eq!(number(name), None, "{name}");
        }
    }
}
