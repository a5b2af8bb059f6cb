//! The process `bidder-sim`: command line, signals, first line of output.

use std::io::Write as _;

use bidder_sim::{Arguments, Simulator, SimulatorError};
use clap::Parser as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let profile = arguments.profile()?;
    if arguments.check {
        writeln!(std::io::stdout(), "{}: {} buyers", arguments.profile.display(), profile.buyers.len())?;
        return Ok(());
    }
    let options = arguments.options();
    let reports_to = arguments.report_target();
    bidder_sim::run(async {
        let terminate = signal(SignalKind::terminate()).map_err(SimulatorError::Log)?;
        let interrupt = signal(SignalKind::interrupt()).map_err(SimulatorError::Log)?;
        let simulator = Simulator::bind(profile, &options)?.reporting_to(reports_to);
        announce(&simulator).map_err(SimulatorError::Log)?;
        simulator.serve(either(terminate, interrupt)).await
    })?;
    Ok(())
}

fn announce(simulator: &Simulator) -> std::io::Result<()> {
    let line = serde_json::to_string(simulator.addresses())?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

async fn either(mut terminate: Signal, mut interrupt: Signal) {
    tokio::select! {
        _ = terminate.recv() => (),
        _ = interrupt.recv() => (),
    }
}
