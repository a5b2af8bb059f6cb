//! The report for people.

use std::fmt;

use super::{CallReport, Percentiles, Report};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} (seed {}), {}", self.scenario, self.seed, self.began)?;
        writeln!(
            f,
            "{} submissions in {:.1} s, {:.1} a second",
            self.submissions, self.measured_s, self.submissions_per_s
        )?;
        for (kind, call) in &self.calls {
            write_call(f, &format!("{kind:?}").to_lowercase(), call)?;
        }
        for process in &self.processes {
            writeln!(
                f,
                "\n{} (pid {}): {:.1} us of processor time a submission, {:.2} s in all",
                process.name, process.pid, process.cpu_us_per_submission, process.cpu_s
            )?;
            for (thread, micros) in &process.threads_us_per_submission {
                writeln!(f, "  {thread:<24} {micros:>10.1} us")?;
            }
        }
        writeln!(f, "\nincomplete or wrong answers: {}", self.violations)?;
        for (rule, count) in &self.violations_by_rule {
            writeln!(f, "  {rule:<32} {count:>8}")?;
        }
        for violation in &self.first_violations {
            writeln!(f, "  {violation}")?;
        }
        for missed in &self.missed {
            writeln!(f, "missed: {missed}")?;
        }
        writeln!(f, "{}", if self.passed() { "passed" } else { "FAILED" })
    }
}

fn write_call(f: &mut fmt::Formatter<'_>, kind: &str, call: &CallReport) -> fmt::Result {
    writeln!(f, "\n{kind}: {} calls", call.count)?;
    for (outcome, count) in &call.outcomes {
        writeln!(f, "  {outcome:<32} {count:>8}")?;
    }
    writeln!(
        f,
        "  {:<24} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "milliseconds", "p50", "p90", "p99", "p99.9", "max"
    )?;
    write_percentiles(f, "from the intended start", call.latency_us)?;
    write_percentiles(f, "from the sending", call.service_us)
}

fn write_percentiles(f: &mut fmt::Formatter<'_>, name: &str, percentiles: Percentiles) -> fmt::Result {
    let Percentiles { p50, p90, p99, p999, max } = percentiles;
    write!(f, "  {name:<24}")?;
    for micros in [p50, p90, p99, p999, max] {
        write!(f, " {:>5}.{:03}", micros / 1_000, micros % 1_000)?;
    }
    writeln!(f)
}
