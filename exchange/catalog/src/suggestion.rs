//! What somebody who mistyped a name probably meant.

/// Lengths beyond this are not compared; no name is that long.
const COMPARED_CHARS_MAX: usize = 64;
/// Names that are compared: enough for a person's catalog, and a bound for one that a machine got wrong
/// in every line.
const COMPARED_NAMES_MAX: usize = 1_000;
/// Names that a list of valid ones shows.
const LISTED_MAX: usize = 12;

/// Returns a remedy for a name that is none of `valid`: the nearest one, else all of them.
pub(crate) fn remedy<'a>(given: &str, valid: impl Iterator<Item = &'a str>) -> String {
    let valid: Vec<&str> = valid.collect();
    match nearest(given, &valid) {
        Some(name) => format!("did you mean \"{name}\"?"),
        None => match listing(&valid) {
            list if list.is_empty() => "there is none yet".to_owned(),
            list => format!("valid: {list}"),
        },
    }
}

/// Lists the valid names, the first ones where there are many.
pub(crate) fn listing(valid: &[&str]) -> String {
    let shown: Vec<String> = valid.iter().take(LISTED_MAX).map(|name| format!("\"{name}\"")).collect();
    match valid.len().saturating_sub(LISTED_MAX) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Returns the name with the fewest edits, if they are few for its length; of equals the first.
fn nearest<'a>(given: &str, valid: &[&'a str]) -> Option<&'a str> {
    // Of a word of one or two characters nothing is left after an edit.
    let length = given.chars().count();
    let edits_max = if length < 3 { 0 } else { length.div_ceil(3).min(3) };
    let near = valid
        .iter()
        .take(COMPARED_NAMES_MAX)
        .map(|&name| (edits(given, name), name))
        .filter(|&(edits, _)| edits <= edits_max);
    near.min_by_key(|&(edits, _)| edits).map(|(_, name)| name)
}

/// Counts insertions, deletions, and replacements between two words (Levenshtein), row by row.
fn edits(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    if from.len().max(to.len()) > COMPARED_CHARS_MAX {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (count, here) in from.iter().enumerate() {
        let mut left = count + 1;
        let mut next = vec![left];
        for (pair, there) in row.windows(2).zip(&to) {
            let &[diagonal, above] = pair else { continue };
            left = (diagonal + usize::from(here != there)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested_and_far_ones_listed() {
        let remedy = |given| remedy(given, ["solar", "auto", "home"].into_iter());
        assert_eq!(remedy("solr"), "did you mean \"solar\"?");
        assert_eq!(remedy("Solar"), "did you mean \"solar\"?");
        assert_eq!(remedy("so"), "valid: \"solar\", \"auto\", \"home\"");
        assert_eq!(remedy("pension"), "valid: \"solar\", \"auto\", \"home\"");
        assert_eq!(super::remedy("x", core::iter::empty()), "there is none yet");
    }

    #[test]
    fn edits_are_counted() {
        for (from, to, count) in
            [("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("flaw", "lawn", 2), ("ä", "a", 1)]
        {
            assert_eq!(edits(from, to), count, "{from} {to}");
            assert_eq!(edits(to, from), count, "{to} {from}");
        }
        assert_eq!(edits(&"a".repeat(65), "a"), usize::MAX);
    }
}
