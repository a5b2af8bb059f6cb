//! [`repair`]: drops what follows on damage, after saying what that is.
//!
//! Records that other records were built on are lost by it, so it never happens unasked, and the damaged files
//! are kept beside the journal under another name.

use std::io;

use exchange_types::UtcMicros;

use crate::closing_mark;
use crate::segment::{self, copy, write_durably};
use crate::storage::Storage;
use crate::tail::{self, Behind};
use crate::verify::{Report, verify};

/// Whether a repair is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// Only says what would be dropped.
    Look,
    /// Drops it.
    Drop {
        /// The time; the files that are kept aside are named after it.
        at: UtcMicros,
    },
}

/// What a repair drops, or would drop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// What was found before.
    pub report: Report,
    /// What is dropped; empty where nothing is wrong.
    pub dropped: Vec<Dropped>,
    /// The names under which the files of before are kept; empty where nothing was done.
    pub aside: Vec<String>,
}

/// A part of a file that is dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Which file.
    pub file: String,
    /// From which byte on; 0 is the whole file.
    pub offset: u64,
    /// How many bytes.
    pub bytes: u64,
    /// Batches in it whose headers can be read.
    pub batches: u64,
    /// How many records these announce.
    pub records: u64,
    /// The first and the last sequence that they announce.
    pub sequences: Option<(u64, u64)>,
}

/// Says what is wrong with a journal and, when approved, drops everything from the first damage on. What is
/// left can be opened.
///
/// # Errors
///
/// As the disk says. A repair that broke off can be made again.
pub fn repair<S: Storage>(storage: &S, approval: Approval) -> io::Result<Repair> {
    let report = verify(storage)?;
    let Some(fault) = &report.fault else {
        return Ok(Repair { report, dropped: Vec::new(), aside: Vec::new() });
    };
    let (damaged, damaged_at) = (segment::first_of(&fault.segment).unwrap_or(0), fault.offset);
    let firsts = segment::list(storage)?;
    let mut dropped = Vec::new();
    for first in firsts.iter().filter(|first| **first >= damaged) {
        let offset = if *first == damaged { damaged_at } else { 0 };
        dropped.extend(look(storage, &segment::name(*first), offset)?);
    }
    let mut aside = Vec::new();
    if let Approval::Drop { at } = approval {
        aside = drop_behind(storage, &dropped, at)?;
    }
    Ok(Repair { report, dropped, aside })
}

/// Returns what a file holds from an offset on.
fn look<S: Storage>(storage: &S, name: &str, offset: u64) -> io::Result<Option<Dropped>> {
    let file = match storage.open(name) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let tail = tail::read(storage, &file, Behind { offset, salt: None, batch: 0 })?;
    Ok(Some(Dropped {
        file: name.to_owned(),
        offset,
        bytes: tail.ends.unwrap_or(offset).saturating_sub(offset),
        batches: tail.batches,
        records: tail.records,
        sequences: tail.found.map(|found| (found.first, tail.last)),
    }))
}

/// Drops in an order in which nothing is lost wherever it breaks off. The damaged file is copied aside first: once
/// the segments behind it are gone, its damage may look like the torn end of a crash, which a start cuts off.
fn drop_behind<S: Storage>(storage: &S, dropped: &[Dropped], at: UtcMicros) -> io::Result<Vec<String>> {
    let mut aside = Vec::new();
    let mut set_aside = |name: &str| {
        let kept = format!("{name}.dropped-{}", at.0);
        aside.push(kept.clone());
        kept
    };
    let (whole, begun): (Vec<&Dropped>, Vec<&Dropped>) = dropped.iter().partition(|part| part.offset == 0);
    for part in &begun {
        let file = storage.open(&part.file)?;
        let length = storage.length(&file)?;
        write_durably(storage, &set_aside(&part.file), |to| copy((storage, &file), (storage, to), length))?;
    }
    for part in whole.iter().rev() {
        storage.rename(&part.file, &set_aside(&part.file))?;
        storage.sync_dir()?;
    }
    for part in &begun {
        let file = storage.open(&part.file)?;
        write_durably(storage, &part.file, |to| copy((storage, &file), (storage, to), part.offset))?;
    }
    match storage.rename(closing_mark::NAME, &set_aside(closing_mark::NAME)) {
        Ok(()) => storage.sync_dir()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            aside.pop();
        }
        Err(error) => return Err(error),
    }
    Ok(aside)
}
