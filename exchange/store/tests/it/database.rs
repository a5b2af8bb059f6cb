//! Databases for tests: a file, or a server of its own for each test process.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use exchange_store::{Backend, StoreUrl};
use sqlx::{AnyConnection, Connection as _, Executor as _, Row as _};
use tempfile::TempDir;

/// A database with nothing in it.
pub(crate) struct Database {
    url: StoreUrl,
    text: String,
    _kept: Kept,
}

/// What lives as long as the database.
enum Kept {
    Files { _directory: TempDir },
    Server { server: Server },
}

/// A PostgreSQL server without a network, on a socket in a directory of its own.
struct Server {
    process: Child,
    directory: TempDir,
}

/// The user that runs the server where the tests run as root, which PostgreSQL refuses.
const UNPRIVILEGED: &str = "nobody";
/// How often a starting server is asked. Each asking waits for an answer of `psql`, some 10 ms; a machine under
/// load takes seconds to start one.
const ASKED_MAX: usize = 2_000;

impl Database {
    pub(crate) fn new(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::file(),
            Backend::Postgres => Self::server(),
        }
    }

    fn file() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let text = format!("sqlite://{}", directory.path().join("store.db").display());
        let url = text.parse().expect("an address");
        Self { url, text, _kept: Kept::Files { _directory: directory } }
    }

    fn server() -> Self {
        let server = Server::start();
        let text = format!("postgres:///postgres?host={}&user=exchange", server.directory.path().display());
        let url = text.parse().expect("an address");
        Self { url, text, _kept: Kept::Server { server } }
    }

    pub(crate) fn url(&self) -> &StoreUrl {
        &self.url
    }

    /// Runs a statement past the store, as an intruder or a fault would.
    pub(crate) async fn execute(&self, statement: &'static str) {
        let mut connection = AnyConnection::connect(&self.text).await.expect("the database answers");
        connection.execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        connection.close().await.expect("the connection closes");
    }

    /// Returns the names of the tables, in their order.
    pub(crate) async fn tables(&self, backend: Backend) -> Vec<String> {
        let text = match backend {
            Backend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
            Backend::Postgres => {
                "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
            }
        };
        let mut connection = AnyConnection::connect(&self.text).await.expect("the database answers");
        let rows = sqlx::query(text).fetch_all(&mut connection).await.expect("it reads");
        connection.close().await.expect("the connection closes");
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Returns every row of every table that the journal speaks of, as text.
    pub(crate) async fn dump(&self) -> Vec<String> {
        let mut connection = AnyConnection::connect(&self.text).await.expect("the database answers");
        let mut lines = Vec::new();
        for (table, columns) in TABLES {
            let text = format!("SELECT * FROM {table} ORDER BY {columns}");
            let rows =
                sqlx::query(sqlx::AssertSqlSafe(text)).fetch_all(&mut connection).await.expect("it reads");
            for row in rows {
                let values: Vec<String> = (0..row.len()).map(|at| shown(&row, at)).collect();
                lines.push(format!("{table}: {}", values.join(" | ")));
            }
        }
        connection.close().await.expect("the connection closes");
        lines
    }
}

/// The tables that the journal speaks of, each with what orders its rows.
pub(crate) const TABLES: [(&str, &str); 19] = [
    ("catalog_versions", "version"),
    ("leads", "id"),
    ("completions", "lead"),
    ("claims", "claim"),
    ("persons", "print, lead"),
    ("auctions", "id"),
    ("posts", "auction, candidate"),
    ("sale_records", "sequence"),
    ("violations", "sequence"),
    ("accounts", "id"),
    ("ledger_entries", "number"),
    ("ledger_checkpoints", "number"),
    ("balance_changes", "id"),
    ("events", "id"),
    ("closings", "sequence"),
    ("erasures", "sequence"),
    ("acknowledgements", "lead, buyer"),
    ("suppressions", "buyer, list, digest"),
    ("projection", "id"),
];

fn shown(row: &sqlx::any::AnyRow, at: usize) -> String {
    let number = row.try_get::<Option<i64>, _>(at).map(|value| value.map(|number| number.to_string()));
    let text = || row.try_get::<Option<String>, _>(at);
    let bytes =
        || row.try_get::<Option<Vec<u8>>, _>(at).map(|value| value.map(|bytes| format!("{bytes:02x?}")));
    number.or_else(|_| text()).or_else(|_| bytes()).expect("a value").unwrap_or_else(|| "NULL".to_owned())
}

impl Server {
    fn start() -> Self {
        let programs = programs();
        let directory = tempfile::Builder::new().prefix("store-").tempdir_in("/tmp").expect("a directory");
        let path = directory.path();
        let root = rustix::process::geteuid().is_root();
        if root {
            succeed(Command::new("chown").arg(UNPRIVILEGED).arg(path));
        }
        let data = path.join("data");
        let initdb =
            ["--no-sync", "--auth=trust", "--username=exchange", "--encoding=UTF8", "--locale=C", "--pgdata"];
        succeed(unprivileged(root, &programs.join("initdb")).args(initdb).arg(&data));
        let mut postgres = unprivileged(root, &programs.join("postgres"));
        postgres.arg("-F").arg("-D").arg(&data).arg("-k").arg(path).args(["-c", "listen_addresses="]);
        let process =
            postgres.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the server starts");
        let server = Self { process, directory };
        server.wait(&programs);
        server
    }

    fn wait(&self, programs: &Path) {
        for _ in 0..ASKED_MAX {
            let mut ask = Command::new(programs.join("psql"));
            ask.arg("-h").arg(self.directory.path()).args(["-U", "exchange", "-c", "SELECT 1", "postgres"]);
            if ask.output().expect("psql runs").status.success() {
                return;
            }
        }
        panic!("the PostgreSQL server does not answer");
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let Self::Server { server } = self else { return };
        let process = rustix::process::Pid::from_child(&server.process);
        // At once: nothing of it is needed any more.
        let _ = rustix::process::kill_process(process, rustix::process::Signal::QUIT);
        let _ = server.process.wait();
    }
}

/// Returns where the server's programs are.
fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let places = installed.map(|version| version.path().join("bin")).chain(std::env::split_paths(&path));
    let all = ["initdb", "postgres", "psql"];
    let found = places
        .chain([PathBuf::from("/usr/local/bin")])
        .find(|place| all.iter().all(|program| place.join(program).is_file()));
    found.expect("no PostgreSQL server is installed: these tests need the package `postgresql`")
}

fn unprivileged(root: bool, program: &Path) -> Command {
    if !root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .arg(format!("--reuid={UNPRIVILEGED}"))
        .args(["--regid=nogroup", "--clear-groups", "--"])
        .arg(program);
    command
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
