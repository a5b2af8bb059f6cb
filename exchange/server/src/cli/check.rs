//! `exchange check`: validates a catalog without a running exchange.

use std::path::PathBuf;

use super::{CatalogFiles, Ending, Terminal};
use crate::wall_clock;

pub(super) fn run(
    paths: &[PathBuf],
    allow_http: bool,
    terminal: &mut Terminal<'_>,
) -> anyhow::Result<Ending> {
    let Some(catalog) = CatalogFiles::read(paths)? else { return Ok(Ending::BadConfiguration) };
    match catalog.compile(0, wall_clock::utc_now(), allow_http) {
        Ok((snapshot, warnings)) => {
            terminal.complain_of(&warnings);
            let [verticals, sellers, buyers, campaigns] = [
                snapshot.verticals.len(),
                snapshot.sellers.len(),
                snapshot.buyers.len(),
                snapshot.campaigns.len(),
            ];
            terminal.say(format_args!(
                "valid: verticals {verticals}, sellers {sellers}, buyers {buyers}, campaigns {campaigns}, \
                 warnings {}",
                warnings.len()
            ));
            Ok(Ending::Done)
        }
        Err(found) => {
            terminal.complain_of(&found);
            Ok(Ending::Refused)
        }
    }
}
