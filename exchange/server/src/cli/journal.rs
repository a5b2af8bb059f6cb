//! `exchange journal`: what the log holds, whether it is whole, and what can be done where it is not.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use exchange_control::JournalLines;
use exchange_journal::{Approval, FileStorage, Reader, repair, verify};
use exchange_protocol::SaleKeys;

use super::{Ending, Terminal};
use crate::data_dir::DataDir;
use crate::journal_files;
use crate::wall_clock;

#[derive(Debug, Subcommand)]
pub(super) enum JournalCommand {
    /// Walks every batch and says what is wrong, and where; changes nothing
    Verify {
        /// A folder of segments, such as an archive, in place of the data directory's journal
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
    },
    /// Says what a repair would drop; with --drop it drops it and keeps the damaged files aside
    Repair {
        /// Drop what cannot be read, and every record after it
        #[arg(long)]
        drop: bool,
    },
    /// Shows records as text, one a line
    Dump {
        /// The first record; the first that is there where it is left out
        #[arg(long)]
        from: Option<u64>,
        /// The last record; all where it is left out
        #[arg(long)]
        to: Option<u64>,
        /// A folder of segments, such as an archive, in place of the data directory's journal
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
    },
    /// Writes records as JSON lines, with the names and ids under which sellers and buyers know them
    Export {
        /// The first record; the first that is there where it is left out
        #[arg(long)]
        from: Option<u64>,
        /// A folder of segments, such as an archive, in place of the data directory's journal
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
    },
}

pub(super) fn run(
    command: JournalCommand,
    data_dir: &Path,
    terminal: &mut Terminal<'_>,
) -> anyhow::Result<Ending> {
    let dir = DataDir::find(data_dir)?;
    match command {
        JournalCommand::Verify { folder } => show_report(&folder.unwrap_or_else(|| dir.journal()), terminal),
        JournalCommand::Repair { drop } => mend(&dir, drop, terminal),
        JournalCommand::Dump { from, to, folder } => {
            let folder = folder.unwrap_or_else(|| dir.journal());
            each(&folder, (from, to.unwrap_or(u64::MAX)), |written| {
                terminal.say(format_args!("{:>12} {:?}", written.sequence, written.record));
                Ok(())
            })?;
            Ok(Ending::Done)
        }
        JournalCommand::Export { from, folder } => {
            let folder = folder.unwrap_or_else(|| dir.journal());
            let keys = SaleKeys::new(&dir.read_secret_key()?.hash_key("node"));
            let mut lines = JournalLines::new(keys);
            // Names stand in records of their own, so everything is read and only the rest is written.
            each(&folder, (None, u64::MAX), |written| {
                let line = lines.line(written.sequence, &written.record);
                if from.is_none_or(|from| written.sequence >= from) {
                    terminal.say(format_args!("{line}"));
                }
                Ok(())
            })?;
            Ok(Ending::Done)
        }
    }
}

/// Reads the records from the first to the last, as far as they are there; without a first one from the one with
/// which the journal begins, for older ones may have been archived.
fn each(
    folder: &Path,
    (from, to): (Option<u64>, u64),
    mut take: impl FnMut(journal_files::Written<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let storage = shared(folder)?;
    let report = verify(&storage)?;
    let last = report.last_sequence;
    let from = from.unwrap_or_else(|| report.segments.first().map_or(1, |segment| segment.first));
    let mut reader = Reader::new(storage, from).context("cannot read the journal")?;
    let to = to.min(last);
    loop {
        let more = journal_files::read_batch(&mut reader, to, |written| {
            if (from..=to).contains(&written.sequence) { take(written) } else { Ok(()) }
        })?;
        if !more {
            return Ok(());
        }
    }
}

fn show_report(folder: &Path, terminal: &mut Terminal<'_>) -> anyhow::Result<Ending> {
    let report = verify(&shared(folder)?)?;
    for segment in &report.segments {
        let note = if segment.without_sealed { ", without ciphertexts" } else { "" };
        terminal.say(format_args!(
            "{}: records {} to {}, {} batches, {} bytes{note}",
            segment.name, segment.first, segment.last, segment.batches, segment.bytes
        ));
    }
    let Some(fault) = &report.fault else {
        let closed = if report.closed { "closed in good order" } else { "not closed" };
        terminal.say(format_args!("good: {} records, {closed}", report.last_sequence));
        return Ok(Ending::Done);
    };
    terminal.complain(format_args!("{fault}"));
    if report.is_damaged() {
        terminal.complain(format_args!(
            "damaged after record {}: `exchange journal repair` says what would be lost",
            report.last_sequence
        ));
        return Ok(Ending::Refused);
    }
    terminal.say(format_args!(
        "good up to record {}; what follows is the torn end of a crash, which the next start cuts off",
        report.last_sequence
    ));
    Ok(Ending::Done)
}

fn mend(dir: &DataDir, drop: bool, terminal: &mut Terminal<'_>) -> anyhow::Result<Ending> {
    let _guard = dir.lock()?;
    let storage = FileStorage::exclusive(&dir.journal())?;
    let approval = if drop { Approval::Drop { at: wall_clock::utc_now() } } else { Approval::Look };
    let repaired = repair(&storage, approval)?;
    if repaired.dropped.is_empty() {
        terminal.say(format_args!("nothing to repair: {} records", repaired.report.last_sequence));
        return Ok(Ending::Done);
    }
    let verb = if drop { "dropped" } else { "would drop" };
    for part in &repaired.dropped {
        let sequences = part
            .sequences
            .map_or_else(|| "unreadable".to_owned(), |(first, last)| format!("records {first} to {last}"));
        terminal.say(format_args!(
            "{verb} {} bytes of {} from byte {}: {} batches, {} records ({sequences})",
            part.bytes, part.file, part.offset, part.batches, part.records
        ));
    }
    for name in &repaired.aside {
        terminal.say(format_args!("kept aside: {name}"));
    }
    if !drop {
        terminal.complain(format_args!(
            "Nothing was changed. Restore the files from a backup if there is one; else `exchange journal repair \
             --drop` keeps records up to {} and forgets the rest: sales in it are lost to the exchange, not to their \
             buyers.",
            repaired.report.last_sequence
        ));
        return Ok(Ending::Refused);
    }
    Ok(Ending::Done)
}

fn shared(folder: &Path) -> anyhow::Result<FileStorage> {
    FileStorage::shared(folder).with_context(|| format!("cannot read the journal in {}", folder.display()))
}
