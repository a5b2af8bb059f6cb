//! The first step: says on what the run stands, and installs what its steps need.

use std::path::Path;

use super::cache::Cache;
use super::call::Call;
use super::package::Package;
use super::step::Step;

/// What is printed about the machine; a command that is missing is said to be.
const DESCRIBED_BY: [&str; 6] = [
    "rustc --version",
    "cargo --version",
    "cargo clippy --version",
    "cargo fmt --version",
    "cargo nextest --version",
    "uname -srm",
];

/// Prints the toolchain, installs what is missing and returns what could not be installed.
pub(crate) fn prepare(steps: &[Step], root: &Path, cache: &Cache) -> Vec<&'static Package> {
    println!("==> environment: the toolchain, and what the steps need");
    for command in DESCRIBED_BY {
        let answer = Call::parse(command).output(root, cache);
        println!("    {command}: {}", answer.as_deref().unwrap_or("not found"));
    }
    println!("    build folder: {}", cache.target().display());

    let mut needed: Vec<&'static Package> = Vec::new();
    for package in steps.iter().flat_map(|step| &step.packages) {
        if !needed.contains(package) {
            needed.push(package);
        }
    }
    needed.retain(|package| !provide(package, root, cache));
    needed
}

/// Returns whether the package is there, installed just now if need be.
fn provide(package: &Package, root: &Path, cache: &Cache) -> bool {
    let probe = Call::parse(package.probe);
    if let Some(version) = probe.output(root, cache) {
        println!("    {}: {version}", package.name);
        return true;
    }
    println!("    {}: not found, installing {}", package.name, package.packages.join(" "));
    let installer = package.installer;
    let install = installer.install.replace("{tools}", &cache.tools().to_string_lossy());
    let commands = installer.refresh.map(str::to_owned).into_iter();
    for command in commands.chain([format!("{install} {}", package.packages.join(" "))]) {
        let call = if installer.as_root { as_root(&command, root, cache) } else { Call::parse(&command) };
        // A stale list may still do, so what counts is only whether the program is there in the end.
        let done = call.run(root, cache, false).is_ok_and(|(success, _)| success);
        println!("    `{call}` {}", if done { "succeeded" } else { "failed" });
    }
    probe.output(root, cache).is_some()
}

/// Returns the command as the administrator runs it; it never asks for a password.
fn as_root(command: &str, root: &Path, cache: &Cache) -> Call {
    let is_root = Call::parse("id -u").output(root, cache).as_deref() == Some("0");
    Call::parse(&if is_root { command.to_owned() } else { format!("sudo --non-interactive {command}") })
}

#[cfg(test)]
mod tests {
    use super::super::package::Installer;
    use super::*;

    static THERE: Package = Package { name: "there", probe: "true", packages: &[], installer: &BROKEN };
    static LOST: Package = Package { name: "lost", probe: "false", packages: &["lost"], installer: &BROKEN };
    static BROKEN: Installer = Installer { refresh: Some("false"), install: "false", as_root: false };

    #[test]
    fn only_what_cannot_be_installed_is_missing() {
        let step = Step::new("a", "an example", Call::parse("true")).with_package(&THERE).with_package(&LOST);
        let cache = Cache::at(Path::new("cache"), Path::new("target"));
        let missing = prepare(&[step], &crate::repository_root(), &cache);
        assert_eq!(missing, [&LOST]);
    }
}
