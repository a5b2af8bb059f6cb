//! [`Machine`]: on what was measured, and how quiet it was.

use std::fs;

use serde_json::{Value, json};

/// On what was measured. What cannot be read stays empty.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    processor: String,
    cores: usize,
    kernel: String,
    load_average: String,
}

/// Describes this machine.
pub(crate) fn describe() -> Machine {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    Machine {
        processor: processor(&read("/proc/cpuinfo")),
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        load_average: read("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(" "),
    }
}

impl Machine {
    /// Returns it in one line.
    pub(crate) fn text(&self) -> String {
        let Self { processor, cores, kernel, load_average } = self;
        format!("{processor}, {cores} cores, Linux {kernel}, load average before the run {load_average}")
    }

    /// Returns it for a program.
    pub(crate) fn json(&self) -> Value {
        let Self { processor, cores, kernel, load_average } = self;
        json!({ "processor": processor, "cores": cores, "kernel": kernel, "load_average_before": load_average })
    }
}

fn processor(cpuinfo: &str) -> String {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split_once(':')).map(|(_, name)| name.trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_has_a_name() {
        assert_eq!(processor("processor\t: 0\nmodel name\t: Made-up 9 @ 2.5GHz\n"), "Made-up 9 @ 2.5GHz");
        assert_eq!(processor(""), "");
    }
}
