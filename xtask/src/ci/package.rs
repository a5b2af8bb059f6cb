//! [`Package`]: a program that a step needs, how to see whether it is there, and how to install it.
//!
//! A step names its packages; `environment` installs what is missing before the first step runs.
//! Another source of packages (npm, pip) is one more [`Installer`].

/// A program that a step needs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Package {
    /// What it is, for people.
    pub(crate) name: &'static str,
    /// The command that succeeds where it is installed.
    pub(crate) probe: &'static str,
    /// What its installer calls it.
    pub(crate) packages: &'static [&'static str],
    /// How it is installed.
    pub(crate) installer: &'static Installer,
}

/// The ordinary client of a package registry.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Installer {
    /// What brings its lists up to date first.
    pub(crate) refresh: Option<&'static str>,
    /// What installs the packages that follow; `{tools}` stands for the folder of fetched tools.
    pub(crate) install: &'static str,
    /// Whether only the administrator may.
    pub(crate) as_root: bool,
}

const APT: Installer = Installer {
    refresh: Some("apt-get update --quiet"),
    install: "apt-get install --quiet --yes --no-install-recommends",
    as_root: true,
};

const CARGO: Installer =
    Installer { refresh: None, install: "cargo install --locked --root {tools}", as_root: false };

/// The linker of every crate, and the compiler of those written in C (TLS, allocator).
pub(crate) const C_COMPILER: Package =
    Package { name: "a C compiler", probe: "cc --version", packages: &["gcc", "libc6-dev"], installer: &APT };

/// The database server that tests start for themselves. Debian puts its programs beside a version number, not
/// into the path.
pub(crate) const POSTGRESQL: Package = Package {
    name: "PostgreSQL",
    probe: "find /usr/lib/postgresql -name initdb -exec {} --version ;",
    packages: &["postgresql"],
    installer: &APT,
};

/// The server into which the counters are mirrored, with its command line: tests start one for themselves.
pub(crate) const REDIS: Package =
    Package { name: "Redis", probe: "redis-server --version", packages: &["redis-server"], installer: &APT };

/// Makes the system calls of a running exchange fail or wait.
pub(crate) const STRACE: Package =
    Package { name: "strace", probe: "strace --version", packages: &["strace"], installer: &APT };

/// Runs the reconciler, which shares no code with the exchange.
pub(crate) const PYTHON: Package =
    Package { name: "Python", probe: "python3 --version", packages: &["python3"], installer: &APT };

/// Checks licences, sources, banned crates and advisories.
pub(crate) const CARGO_DENY: Package = Package {
    name: "cargo-deny",
    probe: "cargo-deny --version",
    packages: &["cargo-deny@0.20.2"],
    installer: &CARGO,
};
