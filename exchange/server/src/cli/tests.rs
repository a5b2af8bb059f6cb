//! Command lines with what they write and how they end.

use std::fs;
use std::path::Path;

use super::*;

mod apply;
mod exchange;
mod operator;
mod stopped;

struct Ran {
    ending: Ending,
    out: String,
    error: String,
}

fn run_line(arguments: &[&str]) -> Ran {
    run_serving(arguments, |_| anyhow::bail!("nothing serves in this test"))
}

fn run_input(arguments: &[&str], input: &str) -> Ran {
    run_with_all(arguments, input, |_| anyhow::bail!("nothing serves in this test"))
}

fn run_serving(arguments: &[&str], serve: impl FnOnce(Start) -> anyhow::Result<()>) -> Ran {
    run_with_all(arguments, "", serve)
}

fn run_with_all(arguments: &[&str], input: &str, serve: impl FnOnce(Start) -> anyhow::Result<()>) -> Ran {
    let (mut out, mut error) = (Vec::new(), Vec::new());
    let mut input = input.as_bytes();
    let mut terminal = Terminal { input: &mut input, out: &mut out, error: &mut error };
    let arguments = std::iter::once("exchange").chain(arguments.iter().copied()).map(OsString::from);
    let ending = run_with(arguments, &mut terminal, serve);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { ending, out: text(out), error: text(error) }
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).expect("written");
    path.display().to_string()
}

const GOOD: &str = r#"
[verticals.solar]
currency = "EUR"
[verticals.solar.fields.phone]
type = "phone"
country = "DE"
required = "post"
[buyers.north]
legal_name = "North Solar GmbH"
time_zone = "Europe/Berlin"
[sellers.acme.agreements.solar]
payout = { margin = "20%" }
[campaigns.north]
buyer = "north"
vertical = "solar"
ping = { url = "https://north.example/ping" }
post = { url = "https://north.example/post" }
signing_secrets = ["file:north.secret"]
"#;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";

#[test]
fn version_and_help_are_results() {
    let ran = run_line(&["--version"]);
    assert_eq!(
        (ran.ending, &*ran.out),
        (Ending::Done, concat!("exchange ", env!("CARGO_PKG_VERSION"), "\n"))
    );
    let ran = run_line(&["--help"]);
    assert_eq!(ran.ending, Ending::Done);
    let commands = [
        "serve", "check", "apply", "unknown", "sale", "balance", "person", "auction", "journal", "ledger",
        "store", "keys",
    ];
    for command in commands {
        assert!(ran.out.contains(&format!("\n  {command} ")), "{}", ran.out);
    }
}

#[test]
fn wrong_command_lines_end_with_64() {
    for line in
        [&["sell"][..], &["check"], &["serve", "--port", "80"], &["keys", "create", "--owner", "acme"]]
    {
        let ran = run_line(line);
        assert_eq!((ran.ending, &*ran.out), (Ending::BadConfiguration, ""), "{line:?}");
        assert!(ran.error.starts_with("error: "), "{}", ran.error);
    }
    assert_eq!(
        format!("{:?}", ExitCode::from(Ending::BadConfiguration)),
        format!("{:?}", ExitCode::from(64))
    );
}

#[test]
fn a_good_catalog_is_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "north.secret", SECRET);
    let catalog = write(folder.path(), "catalog.toml", GOOD);
    let ran = run_line(&["check", "-f", &catalog]);
    assert_eq!(
        ran.out, "valid: verticals 1, sellers 1, buyers 1, campaigns 1, warnings 0\n",
        "{}",
        ran.error
    );
    assert_eq!((ran.ending, &*ran.error), (Ending::Done, ""));
}

#[test]
fn every_mistake_of_a_catalog_is_shown_and_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "north.secret", SECRET);
    let text = GOOD.replace("vertical = \"solar\"", "vertical = \"solr\"").replace("EUR", "EURO");
    let catalog = write(folder.path(), "catalog.toml", &text);
    let ran = run_line(&["check", "-f", &catalog]);
    assert_eq!((ran.ending, &*ran.out), (Ending::Refused, ""));
    assert!(
        ran.error.starts_with(&format!("{catalog}:3:12: error: verticals.solar.currency: ")),
        "{}",
        ran.error
    );
    assert!(ran.error.contains("did you mean \"solar\"?\n"), "{}", ran.error);
    assert!(ran.error.ends_with("2 mistakes\n"), "{}", ran.error);
}

#[test]
fn a_missing_file_is_named() {
    let ran = run_line(&["check", "-f", "/nowhere/catalog.toml"]);
    assert_eq!(ran.ending, Ending::Refused);
    assert!(ran.error.starts_with("error: cannot read /nowhere/catalog.toml: "), "{}", ran.error);
}

#[test]
fn keys_are_shown_once_listed_and_revoked() {
    let folder = tempfile::tempdir().expect("a folder");
    let data_dir = folder.path().join("data").display().to_string();
    let keys = |arguments: &[&str]| run_line(&[&["keys"], arguments, &["--data-dir", &data_dir]].concat());
    let none = keys(&["list"]);
    assert_eq!(none.ending, Ending::Refused, "looking makes no folder");
    assert!(none.error.starts_with(&format!("error: cannot use {data_dir}: ")), "{}", none.error);
    let created = keys(&["create", "--owner", "seller:acme"]);
    assert_eq!(created.ending, Ending::Done, "{}", created.error);
    let key = created.out.trim_end();
    assert!(key.starts_with("px_live_"), "standard output holds the key alone: {}", created.out);
    assert_eq!(key.lines().count(), 1);
    assert!(created.error.starts_with("A key for seller:acme. It is shown this once"), "{}", created.error);
    let test = keys(&["create", "--owner", "buyer:north", "--test"]);
    assert!(test.out.starts_with("px_test_"));

    let listed = keys(&["list"]);
    let prefix = key.get(..16).expect("a prefix");
    assert!(listed.out.contains(&format!("{prefix}  seller:acme ")), "{}", listed.out);
    assert!(!listed.out.contains(key));
    assert_eq!(listed.out.matches("active, made today").count(), 2);

    let revoked = keys(&["revoke", prefix]);
    assert!(revoked.error.starts_with(&format!("Revoked {prefix} of seller:acme. ")), "{}", revoked.error);
    assert!(keys(&["list"]).out.contains("  revoked 20"));
    let again = keys(&["revoke", prefix]);
    assert_eq!(
        (again.ending, again.error),
        (Ending::Refused, format!("error: no active key begins with {prefix}\n"))
    );
    let operator = keys(&["create", "--owner", "operator:ada", "--test"]);
    assert_eq!((operator.ending, &*operator.out), (Ending::BadConfiguration, ""));
}

#[test]
fn what_serves_gets_a_checked_configuration_and_catalog() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "north.secret", SECRET);
    let catalog = write(folder.path(), "catalog.toml", GOOD);
    let config_path = write(folder.path(), "exchange.toml", "limits.auctions_max = 99");
    let mut started = None;
    let ran = run_serving(&["serve", "--config", &config_path, "--catalog", &catalog], |start| {
        started = Some(start);
        Ok(())
    });
    assert_eq!((ran.ending, &*ran.error), (Ending::Done, ""));
    let Start { config, config_file, certificates: _, catalog } = started.expect("it served");
    assert_eq!(config.limits.auctions_max, 99);
    assert_eq!(config_file.as_deref(), Some(Path::new(&config_path)));
    assert_eq!(catalog.map(|catalog| catalog.files.len()), Some(1));
}

#[test]
fn nothing_serves_with_a_mistake() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = write(folder.path(), "exchange.toml", "shards = 0\nport = 80");
    let catalog = write(folder.path(), "catalog.toml", GOOD);
    let line = |arguments: &[&str]| run_serving(arguments, |_| panic!("it must not serve"));
    let ran = line(&["serve", "--config", &config]);
    assert_eq!(ran.ending, Ending::BadConfiguration);
    assert!(
        ran.error.starts_with(&format!("{config}:1:10: error: shards: 0 is out of range")),
        "{}",
        ran.error
    );
    assert!(ran.error.ends_with("2 mistakes\n"), "{}", ran.error);
    let ran = line(&["serve", "--catalog", &catalog]);
    assert_eq!(ran.ending, Ending::BadConfiguration, "the secret is missing");
    assert!(ran.error.ends_with("1 mistake\n"), "{}", ran.error);
    let unreadable = "seller.tls = { certificate = \"/nowhere/c.pem\", key = \"/nowhere/k.pem\" }";
    let config = write(folder.path(), "tls.toml", unreadable);
    let ran = line(&["serve", "--config", &config]);
    assert_eq!(ran.ending, Ending::BadConfiguration);
    assert!(
        ran.error.starts_with("error: seller.tls.certificate: /nowhere/c.pem: cannot be read: "),
        "{}",
        ran.error
    );
    let ran = line(&["serve", "--config", "/nowhere/exchange.toml"]);
    assert_eq!(ran.ending, Ending::BadConfiguration);
    assert!(ran.error.starts_with("error: cannot read /nowhere/exchange.toml: "), "{}", ran.error);
}

#[test]
fn an_exchange_that_does_not_run_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = write(folder.path(), "catalog.toml", GOOD);
    // Bound and dropped, so that nothing listens there.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    drop(listener);
    let ran = run_line(&["apply", "-f", &catalog, "--url", &url, "--key", "px_live_x"]);
    assert_eq!(ran.ending, Ending::Refused);
    assert!(ran.error.starts_with(&format!("error: cannot reach {url}: ")), "{}", ran.error);
}

#[test]
fn a_postal_file_becomes_what_a_radius_in_a_catalog_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = include_str!("../../../../configs/geo/LI.txt");
    let file = write(folder.path(), "LI.txt", lines);
    let out = folder.path().join("places.txt").display().to_string();
    let ran = run_line(&["geo", "import", &file, "--out", &out]);
    assert_eq!((ran.ending, ran.error.as_str()), (Ending::Done, "13 postal codes\n"));
    let text = fs::read_to_string(&out).expect("it was written");
    assert!(text.starts_with("# Postal codes: GeoNames"), "{text}");
    assert!(text.contains("LI\t9490\t\t\t\t\t\t\t\t47.1415\t9.5215\n"), "{text}");
    let shown = run_line(&["geo", "import", &file]);
    assert_eq!(shown.out, text);
    let table: [(&[&str], &str); 3] = [
        (&["--country", "li"], "error: name the country with --country"),
        (&["--country", "CH"], "holds no place of the country"),
        (&["--country", "LI", "--out", "/nowhere/at/all"], "cannot write /nowhere/at/all"),
    ];
    for (more, says) in table {
        let ran = run_line(&[&["geo", "import", &file], more].concat());
        assert!(ran.ending != Ending::Done && ran.error.contains(says), "{more:?}: {}", ran.error);
    }
    // A catalog finds the file beside it.
    let near = "[geo]\nLI = \"file:places.txt\"\n[verticals.near]\ncurrency = \"CHF\"\n[verticals.near.fields.zip]\n\
                type = \"postal_code\"\ncountry = \"LI\"\nrequired = \"ping\"\n[buyers.near]\n\
                legal_name = \"Near AG\"\ntime_zone = \"Europe/Vaduz\"\n[campaigns.near]\nbuyer = \"near\"\n\
                vertical = \"near\"\nping.url = \"https://near.example/ping\"\npost.url = \"https://near.example/post\"\n\
                signing_secrets = [\"whsec_ZGVtby1vbmx5LW5vdC1hLXJlYWwtc2VjcmV0\"]\n";
    let filter =
        |of: &str| format!("{near}filter = {{ field = \"zip\", within = {{ of = \"{of}\", km = 9 }} }}\n");
    let good = write(folder.path(), "good.toml", &filter("9490"));
    let ran = run_line(&["check", "-f", &good]);
    assert_eq!(ran.ending, Ending::Done, "{}", ran.error);
    let bad = write(folder.path(), "bad.toml", &filter("8000"));
    let ran = run_line(&["check", "-f", &bad]);
    assert!(ran.error.contains("is no postal code of LI that its file holds"), "{}", ran.error);
}
