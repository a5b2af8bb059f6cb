use std::collections::BTreeSet;

use super::*;

#[test]
fn problem_is_rendered_as_rfc_9457_writes_it() {
    let errors = vec![FieldError::new("fields.zip", "missing", "has to be given: \"80331\"")];
    let problem = Problem::new(ProblemKind::Validation, "1 field is missing or wrong").with_errors(errors);
    let mut out = Vec::new();
    problem.render(&mut out);
    let expected = concat!(
        r#"{"type":"/problems/validation","title":"Some fields are missing or wrong","status":422,"#,
        r#""detail":"1 field is missing or wrong","#,
        r#""errors":[{"field":"fields.zip","code":"missing","message":"has to be given: \"80331\""}]}"#,
    );
    assert_eq!(String::from_utf8(out).expect("UTF-8"), expected);
}

#[test]
fn retry_is_named_in_seconds() {
    let mut out = Vec::new();
    Problem::new(ProblemKind::Overloaded, "try again")
        .with_retry_after(Nanos::from_millis(1_001))
        .render(&mut out);
    let document: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    assert_eq!(document.get("retry_after_s"), Some(&serde_json::Value::from(2)));
    assert_eq!(document.get("errors"), None);
}

#[test]
fn kinds_have_names_of_their_own_and_statuses_of_errors() {
    let names = ProblemKind::ALL.iter().map(|kind| kind.name()).collect::<BTreeSet<_>>();
    assert_eq!(names.len(), ProblemKind::ALL.len());
    for kind in ProblemKind::ALL {
        assert!((400..600).contains(&kind.status()), "{kind:?}");
        assert!(!kind.title().is_empty() && !kind.title().ends_with('.'), "{kind:?}");
    }
}
