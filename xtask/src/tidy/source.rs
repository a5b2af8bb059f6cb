//! What the rules read in a Rust file: its production lines, its words, its imports.
//!
//! This is no parser. It knows comments, the tests at a file's end and groups in `use`; a string that looks
//! like code counts as code.

/// Returns whether a file holds tests only.
pub(crate) fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/") || path.ends_with("_tests.rs")
}

/// Returns the lines before the tests at the file's end, numbered from 1, each without its line comment.
pub(crate) fn production_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    lines_before_tests(text).map(|(number, line)| (number, line.split("//").next().unwrap_or(line)))
}

/// Returns the lines before the tests at the file's end, numbered from 1, as they stand.
pub(crate) fn lines_before_tests(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = text.find("\n#[cfg(test)]\nmod tests").unwrap_or(text.len());
    text.get(..end).unwrap_or(text).lines().zip(1..).map(|(line, number)| (number, line))
}

/// Returns the words of a line: runs of letters, digits and `_`.
pub(crate) fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|it: char| !(it.is_alphanumeric() || it == '_')).filter(|word| !word.is_empty())
}

/// Returns the paths of a line as they are written (`std::fs::read`).
pub(crate) fn written_paths(line: &str) -> impl Iterator<Item = &str> {
    line.split(|it: char| !(it.is_alphanumeric() || it == '_' || it == ':'))
        .map(|path| path.trim_matches(':'))
        .filter(|path| path.contains("::"))
}

/// Returns every path that the file's `use` items bring in, groups taken apart, with the line of the `use`.
pub(crate) fn imported_paths(text: &str) -> Vec<(usize, String)> {
    let mut paths = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in production_lines(text) {
        let line = line.trim();
        if open.is_none() {
            open = use_start(line).map(|rest| (number, rest.to_owned()));
        } else if let Some((_, collected)) = &mut open {
            collected.push_str(line);
        }
        if line.ends_with(';')
            && let Some((start, tree)) = open.take()
        {
            let mut expanded = Vec::new();
            expand("", tree.trim_end_matches(';').trim(), &mut expanded);
            paths.extend(expanded.into_iter().map(|path| (start, path)));
        }
    }
    paths
}

/// Returns whether a line begins a `use`.
pub(crate) fn is_import(line: &str) -> bool {
    use_start(line.trim()).is_some()
}

/// Returns what follows `use`, whatever visibility stands before it.
fn use_start(line: &str) -> Option<&str> {
    let (before, rest) = if line.starts_with("use ") { ("", line) } else { line.split_once(' ')? };
    (before.is_empty() || before.starts_with("pub")).then(|| rest.strip_prefix("use ")).flatten()
}

fn expand(prefix: &str, tree: &str, out: &mut Vec<String>) {
    let Some((head, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree).trim();
        out.extend((!path.is_empty()).then(|| format!("{prefix}{path}")));
        return;
    };
    let inner = rest.strip_suffix('}').unwrap_or(rest);
    let prefix = format!("{prefix}{}", head.trim());
    for branch in branches(inner) {
        expand(&prefix, branch.trim(), out);
    }
}

/// Splits at the commas outside of inner groups.
fn branches(inner: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0_usize);
    for (at, it) in inner.char_indices() {
        match it {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.extend(inner.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(inner.get(start..));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_imports_are_taken_apart() {
        let text =
            "pub(crate) use std::{\n    fs as files,\n    time::{Duration, Instant},\n};\nuse core::fmt;\n";
        let expected = ["std::fs", "std::time::Duration", "std::time::Instant", "core::fmt"];
        let found: Vec<String> = imported_paths(text).into_iter().map(|(_, path)| path).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn tests_and_comments_are_no_production_code() {
        let text = "//! About threads.\nfn a() {} // why\n\n#[cfg(test)]\nmod tests {}\n";
        let found: Vec<_> = production_lines(text).filter(|(_, line)| !line.is_empty()).collect();
        assert_eq!(found, [(2, "fn a() {} ")]);
    }

    #[test]
    fn paths_are_found_where_they_are_used() {
        let found: Vec<_> = written_paths("let a = std::fs::read(::core::mem::size_of::<u8>());").collect();
        assert_eq!(found, ["std::fs::read", "core::mem::size_of"]);
    }
}
