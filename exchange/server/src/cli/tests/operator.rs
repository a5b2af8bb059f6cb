//! What an operator asks of a running exchange: each command line with what the exchange is told by it.

use exchange_types::{LeadId, PostId, SaleId, StopId};

use super::exchange::{Listening, id, listen};
use super::*;

impl Listening {
    fn run(&self, line: &[&str], input: &str) -> Ran {
        run_input(&[line, &["--url", &self.url, "--key", &self.key]].concat(), input)
    }
}

#[test]
fn each_command_tells_the_exchange_what_its_line_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let listening = listen(folder.path());
    let (post, sale, lead) = (PostId(id()).to_string(), SaleId(id()).to_string(), LeadId(id()).to_string());
    let replay = format!("auction replay {lead} --floor 5 --bid north=9 --without south --with east=7");
    let resolve = ["unknown", "resolve", &post, "--note", "Jo of North, by phone"];
    let deposit =
        ["balance", "deposit", "north", "--amount", "500", "--currency", "EUR", "--reference", "invoice 7"];
    let start = format!("(\"{}\", \"operator:ada\")", StopId(id()));
    let table: [(Vec<&str>, &str, Ending, &str); 12] = [
        (
            [&resolve[..], &["--outcome", "accepted", "--price", "30"]].concat(),
            "",
            Ending::Done,
            "Accepted, Some(Amount(30000000)), \"Jo of North, by phone\"",
        ),
        (
            [&resolve[..], &["--outcome", "failed"]].concat(),
            "",
            Ending::Done,
            "Rejected, None, \"Jo of North, by phone\"",
        ),
        (
            vec!["sale", "return", &sale, "--reason", "bad_contact", "--note", "no answer"],
            "",
            Ending::Refused,
            "Return(BadContact), \"no answer\"",
        ),
        (
            vec!["sale", "adjust", &sale, "--price", "10", "--payout", "8", "--reason", "agreed"],
            "",
            Ending::Refused,
            "Adjust { price: Amount(10000000), payout: Amount(8000000) }, \"agreed\"",
        ),
        (vec!["sale", "reverse", &sale, "--reason", "fraud"], "", Ending::Refused, "Reverse, \"fraud\""),
        (vec!["balance", "list", "--buyer", "north"], "", Ending::Done, "(None, Some(\"north\"))"),
        (
            deposit.to_vec(),
            "",
            Ending::Done,
            "\"north\", \"EUR\", Amount(500000000), \"invoice 7\", \"operator:ada\"",
        ),
        (
            vec!["person", "find"],
            "ada@example.org\n\n +498912345678 \n",
            Ending::Done,
            "(Some(\"+498912345678\"), Some(\"ada@example.org\"))",
        ),
        (vec!["person", "erase"], "ada@example.org", Ending::Done, "\"operator:ada\""),
        (
            vec!["stop", "source", "acme#pub-17", "--reason", "no consent"],
            "",
            Ending::Done,
            "kind: Source, name: \"acme#pub-17\", reason: \"no consent\", by: \"operator:ada\"",
        ),
        (vec!["start", "campaign", "north-solar"], "", Ending::Done, &start),
        (replay.split_whitespace().collect(), "", Ending::Refused, "floor: Some(Amount(5000000))"),
    ];
    for (line, input, ending, expected) in table {
        let ran = listening.run(&line, input);
        assert_eq!(ran.ending, ending, "{line:?}: {}", ran.error);
        let told = listening.told();
        let [told] = &*told else { panic!("{line:?} told {told:?}") };
        assert!(told.contains(expected), "{line:?} told {told}");
    }
    let pages = listening.run(&["person", "find"], "ada@example.org");
    for seller in ["\"seller\": \"acme\"", "\"seller\": \"globe\""] {
        assert!(pages.out.contains(seller), "{}", pages.out);
    }
    listening.stop();
}

#[test]
fn a_list_is_read_whole_before_anything_is_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let listening = listen(folder.path());
    let told = |what: &str, list: &str, input: &str| {
        let ran = listening.run(&["suppress", what, "-", "--list", list], input);
        assert_eq!(ran.ending, Ending::Done, "{}", ran.error);
        listening.told()
    };
    assert_eq!(
        told("import", "do_not_call", "# ours\n+49 89 1\n\n ada@x.org \n"),
        ["(DoNotCall, \"\", true, [\"+49 89 1\", \"ada@x.org\"], \"operator:ada\")"]
    );
    assert_eq!(
        told("remove", "erased", "ada@x.org"),
        ["(Erased, \"\", false, [\"ada@x.org\"], \"operator:ada\")"]
    );
    let run = |input: &str| listening.run(&["suppress", "import", "-", "--list", "revoked"], input);
    let digest = "0a".repeat(32);
    let shout = digest.to_uppercase();
    for (input, expected) in [
        ("", "standard input names nobody"),
        ("a@b.de\n0049 89 1\n", "standard input, line 2: neither a phone in international form"),
        (&*shout, "standard input, line 1: write the SHA-256 in lower case"),
    ] {
        let ran = run(input);
        assert_eq!((ran.ending, listening.told()), (Ending::Refused, Vec::new()), "{input}");
        assert!(ran.error.contains(expected) && !ran.error.contains("0049"), "{input}: {}", ran.error);
    }
    // More than one request takes.
    let many: Vec<String> = (0..1_001).map(|number| format!("a{number}@b.de")).collect();
    let ran = run(&format!("{digest}\n{}\n", many.join("\n")));
    assert_eq!(&*ran.out, "1002 of 1002 entries were added to revoked\n", "{}", ran.error);
    assert_eq!(listening.told().len(), 2);
    let ran = listening.run(&["suppress", "list"], "");
    let line = format!("litigator {:032x}  since 2026-11-21T10:00:00.125Z by operator:ada\n", 7);
    assert_eq!(&*ran.out, &*line, "{}", ran.error);
    listening.stop();
}

#[test]
fn what_was_read_again_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let listening = listen(folder.path());
    let ran = listening.run(&["reload"], "");
    let expected =
        "log, limits.idle_timeout changed in the configuration; 1 keys and catalog version 7 are in force";
    assert_eq!((ran.ending, ran.out.trim()), (Ending::Done, expected), "{}", ran.error);
    listening.stop();
}

#[test]
fn stops_are_listed_and_only_what_is_stopped_can_be_started() {
    let folder = tempfile::tempdir().expect("a folder");
    let listening = listen(folder.path());
    let ran = listening.run(&["stops"], "");
    let expected = "campaign north-solar  since 2026-11-21T10:00:00.125Z by operator:ada: wrong prices\n";
    assert_eq!((ran.ending, &*ran.out), (Ending::Done, expected));
    let ran = listening.run(&["start", "buyer", "north-solar"], "");
    let expected = "the buyer north-solar is not stopped; see `exchange stops`\n";
    assert_eq!((ran.ending, &*ran.error), (Ending::Refused, expected));
    assert_eq!(listening.told(), [""; 0]);
    listening.stop();
}

#[test]
fn unknown_posts_are_listed_over_all_pages_for_people_and_scripts() {
    let folder = tempfile::tempdir().expect("a folder");
    let listening = listen(folder.path());
    let ran = listening.run(&["unknown", "list"], "");
    assert_eq!((ran.ending, &*ran.error), (Ending::Done, ""));
    let lines: Vec<&str> = ran.out.lines().collect();
    let [first, second] = *lines else { panic!("{}", ran.out) };
    let post = PostId(id()).to_string();
    let said = "north-solar (north)  31.50 EUR  since 2026-11-21T10:00:00.125Z  asked 2  repost";
    assert_eq!(first, format!("{post}  {said}"));
    assert!(second.ends_with(said) && !second.contains(&post), "{second}");

    let ran = listening.run(&["unknown", "list", "--json"], "");
    let items: Vec<serde_json::Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let [first, _] = &*items else { panic!("{}", ran.out) };
    let member = |key: &str| first.get(key).cloned().unwrap_or_default();
    assert_eq!(member("post_id"), post);
    assert_eq!(member("campaign"), "north-solar");
    assert_eq!(member("since_us"), 1_795_255_200_125_000_i64);
    listening.stop();
}

#[test]
fn the_same_deposit_is_the_same_movement_and_another_is_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let listening = listen(folder.path());
    let told = |what: &str, reference: &str, more: &[&str]| {
        let line = ["balance", what, "north", "--amount", "5", "--currency", "EUR", "--reference", reference];
        listening.run(&[&line[..], more].concat(), "");
        let told = listening.told().pop().expect("told");
        told.split_once(',').expect("an id first").0.to_owned()
    };
    let first = told("deposit", "invoice 7", &[]);
    assert_eq!(told("deposit", "invoice 7", &[]), first, "whoever sees no answer may ask again");
    let others = [
        told("deposit", "invoice 8", &[]),
        told("withdraw", "invoice 7", &[]),
        told("deposit", "invoice 7", &["--idempotency-key", "again"]),
    ];
    for other in others {
        assert_ne!(other, first);
    }
    listening.stop();
}

#[test]
fn refusals_say_why_and_no_person_stands_on_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let listening = listen(folder.path());
    let table: [(&[&str], &str, &str); 6] = [
        (
            &["person", "export"],
            "12",
            "phone: malformed: has to be a number in international form: +498912345678\n",
        ),
        (&["person", "find"], "", "error: write a phone or an e-mail address, or both, to standard input"),
        (
            &["person", "find"],
            "a@b.example\nc@d.example",
            "error: standard input holds more than one email\n",
        ),
        (&["sale", "show", "sale_1"], "", ""),
        (&["auction", "show", "../keys/reload"], "", ""),
        (&["balance", "deposit", "north", "--amount", "-5", "--currency", "EUR", "--reference", "x"], "", ""),
    ];
    for (line, input, expected) in table {
        let ran = listening.run(line, input);
        assert_ne!(ran.ending, Ending::Done, "{line:?}");
        assert!(
            ran.out.is_empty() && ran.error.starts_with(expected) && !ran.error.is_empty(),
            "{}",
            ran.error
        );
        assert!(!ran.error.contains("@d.example"), "{}", ran.error);
    }
    assert_eq!(run_line(&["person", "find", "ada@example.org"]).ending, Ending::BadConfiguration);
    listening.stop();
}
