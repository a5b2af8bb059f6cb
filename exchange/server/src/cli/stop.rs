//! `exchange stop`, `exchange start` and `exchange stops`: a part of the market, stopped at once.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::control_client::{Control, text_of};
use super::{Ending, Terminal};

/// What is stopped or started again.
#[derive(Debug, Args)]
pub(super) struct Part {
    /// What kind of part
    kind: Kind,
    /// Its name in the catalog; of a source `SELLER/SOURCE`, or `SELLER#SUB_ID`
    name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A campaign gets nothing
    Campaign,
    /// No campaign of a buyer gets anything
    Buyer,
    /// A seller may not submit
    Seller,
    /// Nothing is sold of what comes from there
    Source,
    /// No campaign of a vertical gets anything
    Vertical,
}

impl Kind {
    const fn on_the_wire(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::Buyer => "buyer",
            Self::Seller => "seller",
            Self::Source => "source",
            Self::Vertical => "vertical",
        }
    }
}

pub(super) fn stop(
    part: &Part,
    reason: &str,
    control: &Control,
    terminal: &mut Terminal<'_>,
) -> anyhow::Result<Ending> {
    let body = json!({ "kind": part.kind.on_the_wire(), "name": part.name, "reason": reason });
    control.post("/v1/stops", &body)?.show(terminal)
}

pub(super) fn start(part: &Part, control: &Control, terminal: &mut Terminal<'_>) -> anyhow::Result<Ending> {
    let mut found = None;
    let listed = control.each("/v1/stops", &[], terminal, |item, _| {
        if text_of(item, "kind") == part.kind.on_the_wire() && text_of(item, "name") == part.name {
            found = Some(text_of(item, "stop_id").to_owned());
        }
        Ok(())
    })?;
    if listed != Ending::Done {
        return Ok(listed);
    }
    let Some(id) = found else {
        let kind = part.kind.on_the_wire();
        terminal.complain(format_args!("the {kind} {} is not stopped; see `exchange stops`", part.name));
        return Ok(Ending::Refused);
    };
    control.delete(&format!("/v1/stops/{id}"))?.show(terminal)
}

pub(super) fn list(control: &Control, terminal: &mut Terminal<'_>) -> anyhow::Result<Ending> {
    control.each("/v1/stops", &[], terminal, |item, terminal| {
        let [kind, name, at, by, reason] =
            ["kind", "name", "stopped_at", "by", "reason"].map(|key| text_of(item, key));
        terminal.say(format_args!("{kind} {name}  since {at} by {by}: {reason}"));
        Ok(())
    })
}
