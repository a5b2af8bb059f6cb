//! The process `loadtest`: command line, report, exit code.

use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use loadtest::Arguments;
use serde::Serialize;

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let scenario = arguments.scenario()?;
    let options = arguments.options()?;
    let passed = if let Some(persistence) = arguments.persistence() {
        let report = loadtest::persist(scenario, options, persistence)?;
        show(&arguments, &report)?;
        report.passed()
    } else {
        let report = loadtest::run(scenario, options)?;
        show(&arguments, &report)?;
        report.passed()
    };
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(arguments: &Arguments, report: &(impl Display + Serialize)) -> anyhow::Result<()> {
    write!(std::io::stdout(), "{report}")?;
    let Some(file) = &arguments.report else { return Ok(()) };
    let json = serde_json::to_vec_pretty(report)?;
    std::fs::write(file, json).with_context(|| format!("write the report {}", file.display()))
}
