//! [`Difference`]: where two accounts of one auction are not the same.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// The most differences that are named: every campaign of an auction, some keys each. The accounts stand beside them.
const DIFFERENCES_MAX: usize = 1_024;

/// Where two accounts differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Difference {
    /// The place: `campaigns.north-solar.reason`.
    field: String,
    /// What is on record; `null` where nothing is.
    recorded: Value,
    /// What the replay made of it; `null` where nothing.
    replayed: Value,
}

/// Returns where two accounts differ, at most [`DIFFERENCES_MAX`] places.
///
/// It goes as deep as an account does: four levels.
pub(super) fn between(recorded: &Value, replayed: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", recorded, replayed, &mut found);
    found
}

fn compare(place: &str, recorded: &Value, replayed: &Value, found: &mut Vec<Difference>) {
    if recorded == replayed || found.len() >= DIFFERENCES_MAX {
        return;
    }
    let inner = |key: &str| if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
    if let (Value::Object(before), Value::Object(after)) = (recorded, replayed) {
        for (key, value) in before {
            compare(&inner(key), value, after.get(key).unwrap_or(&Value::Null), found);
        }
        for (key, value) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
            compare(&inner(key), &Value::Null, value, found);
        }
    } else if let (Some(before), Some(after)) = (by_campaign(recorded), by_campaign(replayed)) {
        for (name, value) in &before {
            compare(&inner(name), value, after.get(name).unwrap_or(&&Value::Null), found);
        }
        for (name, value) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
            compare(&inner(name), &Value::Null, value, found);
        }
    } else {
        found.push(Difference {
            field: place.to_owned(),
            recorded: recorded.clone(),
            replayed: replayed.clone(),
        });
    }
}

/// Returns the elements of a list by their campaign; nothing where the value is no list of campaigns that stand there
/// once. A list that is missing is an empty one.
fn by_campaign<'a>(value: &'a Value) -> Option<BTreeMap<&'a str, &'a Value>> {
    match value {
        Value::Null => Some(BTreeMap::new()),
        Value::Array(listed) => {
            let named = |one: &'a Value| Some((one.get("campaign")?.as_str()?, one));
            let all: BTreeMap<&str, &Value> = listed.iter().filter_map(named).collect();
            (all.len() == listed.len()).then_some(all)
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "the cases read better so")]
    fn check(recorded: Value, replayed: Value, expected: &[(&str, Value, Value)]) {
        let found = between(&recorded, &replayed);
        let found: Vec<_> =
            found.iter().map(|one| (&*one.field, one.recorded.clone(), one.replayed.clone())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn equal_accounts_have_no_difference() {
        check(json!({"a": [1, {"b": 2}]}), json!({"a": [1, {"b": 2}]}), &[]);
    }

    #[test]
    fn a_difference_is_named_by_campaign_and_key() {
        let before = json!({"status": "sold", "campaigns": [
            {"campaign": "alps", "result": "lost", "reason": "outbid"}, {"campaign": "coast", "result": "bought"}]});
        let after = json!({"status": "sold", "campaigns": [
            {"campaign": "coast", "result": "lost", "reason": "outbid"}, {"campaign": "alps", "result": "bought"}]});
        check(
            before,
            after,
            &[
                ("campaigns.alps.reason", json!("outbid"), json!(null)),
                ("campaigns.alps.result", json!("lost"), json!("bought")),
                ("campaigns.coast.result", json!("bought"), json!("lost")),
                ("campaigns.coast.reason", json!(null), json!("outbid")),
            ],
        );
    }

    #[test]
    fn what_stands_on_one_side_only_is_null_on_the_other() {
        let alps = json!({"campaign": "alps", "price": "5.00"});
        check(json!({}), json!({"posts": [alps]}), &[("posts.alps", json!(null), alps.clone())]);
        check(json!({"posts": [alps]}), json!({"posts": []}), &[("posts.alps", alps.clone(), json!(null))]);
    }

    #[test]
    fn so_many_differences_are_named() {
        let account = |count: usize, value: u8| -> Value {
            (0..count)
                .map(|key| (format!("key{key}"), json!(value)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let named = |count| between(&account(count, 1), &account(count, 2)).len();
        assert_eq!(named(DIFFERENCES_MAX), DIFFERENCES_MAX);
        assert_eq!(named(DIFFERENCES_MAX + 1), DIFFERENCES_MAX);
        // Also where they stand on one side only.
        assert_eq!(between(&json!({}), &account(DIFFERENCES_MAX + 1, 2)).len(), DIFFERENCES_MAX);
    }

    #[test]
    fn lists_without_names_of_their_own_are_compared_whole() {
        let twice = json!([{"campaign": "a", "n": 1}, {"campaign": "a", "n": 2}]);
        let once = json!([{"campaign": "a", "n": 1}]);
        check(json!({"offers": twice}), json!({"offers": once}), &[("offers", twice.clone(), once.clone())]);
        check(
            json!([{"bid": "1"}]),
            json!([{"bid": "2"}]),
            &[("", json!([{"bid": "1"}]), json!([{"bid": "2"}]))],
        );
    }
}
