//! The process `loadtest`: command line, report, exit code.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use loadtest::Arguments;

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let scenario = arguments.scenario()?;
    let report = loadtest::run(scenario, arguments.options()?)?;
    write!(std::io::stdout(), "{report}")?;
    if let Some(file) = &arguments.report {
        let json = serde_json::to_vec_pretty(&report)?;
        std::fs::write(file, json).with_context(|| format!("write the report {}", file.display()))?;
    }
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
