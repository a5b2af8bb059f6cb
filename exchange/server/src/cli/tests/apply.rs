//! `exchange apply` against a control listener over real sockets.

use super::exchange::listen;
use super::*;

#[test]
fn a_catalog_is_put_in_force_or_refused_as_check_would() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "north.secret", SECRET);
    let good = write(folder.path(), "good.toml", GOOD);
    let bad = write(folder.path(), "bad.toml", &GOOD.replace("EUR", "EURO"));
    let listening = listen(folder.path());
    let apply =
        |file: &str, key: &str| run_line(&["apply", "-f", file, "--url", &listening.url, "--key", key]);

    let ran = apply(&good, &listening.key);
    assert_eq!((&*ran.error, &*ran.out), ("", "catalog version 3 is in force\n"));
    assert_eq!(ran.ending, Ending::Done);

    let ran = apply(&bad, &listening.key);
    assert_eq!((ran.ending, &*ran.out), (Ending::Refused, ""));
    let checked = run_line(&["check", "-f", &bad]).error;
    let mistake = checked.lines().next().expect("a mistake");
    let summary = "The catalog has mistakes and was refused whole: 1 mistake; the catalog in force stays";
    assert_eq!(ran.error, format!("{mistake}\n{summary}\n"));

    let ran = apply(&good, "px_live_unknown");
    let expected = "No valid key came with the request: the key is not known, or was revoked\n";
    assert_eq!((ran.ending, &*ran.error), (Ending::Refused, expected));

    let large = write(folder.path(), "large.toml", &"#".repeat(exchange_control::limits::CATALOG_BYTES_MAX));
    let ran = apply(&large, &listening.key);
    assert_eq!(ran.ending, Ending::Refused);
    assert!(ran.error.ends_with("bytes as JSON, and an exchange takes 4194304\n"), "{}", ran.error);
    listening.stop();
}
