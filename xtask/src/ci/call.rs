//! [`Call`]: one command of a step, and how it is run.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use super::cache::Cache;
use super::tally::Tally;

/// A program with its arguments and variables.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    program: OsString,
    arguments: Vec<String>,
    variables: Vec<(&'static str, OsString)>,
}

impl Call {
    /// Returns the command that stands in this line; blanks separate, nothing quotes.
    pub(crate) fn parse(line: &str) -> Self {
        let mut words = line.split_whitespace();
        let program = OsString::from(words.next().unwrap_or_default());
        Self { program, arguments: words.map(str::to_owned).collect(), variables: Vec::new() }
    }

    /// Returns cargo with these arguments.
    pub(crate) fn cargo(arguments: &str) -> Self {
        Self::parse(&format!("cargo {arguments}"))
    }

    /// Returns another command of this program.
    pub(crate) fn xtask(arguments: &str) -> Self {
        let program = env::current_exe().map_or_else(|_| "xtask".into(), Into::into);
        Self { program, ..Self::parse(&format!("xtask {arguments}")) }
    }

    /// Sets a variable of the environment.
    pub(crate) fn with_env(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Runs the command where its output can be seen, and returns whether it succeeded.
    /// With `counts_tests` the tests in the output are counted on the way.
    ///
    /// # Errors
    ///
    /// Fails if the command cannot be started or its output cannot be read.
    pub(crate) fn run(&self, root: &Path, cache: &Cache, counts_tests: bool) -> io::Result<(bool, Tally)> {
        let mut command = self.command(root, cache);
        if !counts_tests {
            return Ok((command.status()?.success(), Tally::default()));
        }
        command.env("CARGO_TERM_COLOR", "never").stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        // Both pipes are read at once, so that neither fills up while the other is waited for.
        let (out, err) = thread::scope(|scope| {
            let err = scope.spawn(|| err.map_or(Ok(Tally::default()), pass_on));
            (out.map_or(Ok(Tally::default()), pass_on), err.join())
        });
        let err = err.unwrap_or_else(|_| Err(io::Error::other("the reader of the output panicked")));
        Ok((child.wait()?.success(), out? + err?))
    }

    /// Returns the first line that the command prints, if it succeeds.
    pub(crate) fn output(&self, root: &Path, cache: &Cache) -> Option<String> {
        let output = self.command(root, cache).stdin(Stdio::null()).output().ok()?;
        let text =
            String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().trim().to_owned();
        output.status.success().then_some(text)
    }

    /// Returns whether the command succeeds; nobody sees what it prints.
    pub(crate) fn succeeds(&self, root: &Path, cache: &Cache) -> bool {
        self.output(root, cache).is_some()
    }

    fn command(&self, root: &Path, cache: &Cache) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .current_dir(root)
            .env("PATH", cache.search_path())
            .env("CARGO_TARGET_DIR", cache.target())
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.variables {
            write!(f, "{name}='{}' ", value.display())?;
        }
        let program = Path::new(&self.program).file_name().unwrap_or(&self.program);
        write!(f, "{}", program.display())?;
        self.arguments.iter().try_for_each(|it| write!(f, " {it}"))
    }
}

/// Prints what comes through the pipe line by line, and counts its tests.
fn pass_on(pipe: impl Read) -> io::Result<Tally> {
    let mut tally = Tally::default();
    for line in BufReader::new(pipe).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        tally = tally + Tally::read(&line);
    }
    Ok(tally)
}
