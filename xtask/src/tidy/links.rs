//! A link in a Markdown file leads somewhere.

use super::finding::Finding;
use crate::tree::Tree;

/// Finds links to files that do not exist; links to other sites are not followed.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts("md") {
        for (number, target) in links(text) {
            if !leads_outside(target) && !resolve(path, target).is_some_and(|it| tree.contains(&it)) {
                findings.push(Finding::line(path, number, format!("`{target}` does not exist")));
            }
        }
    }
    findings
}

/// Returns the targets of `[text](target)` outside of code, with their lines.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut in_code = false;
    for (line, number) in text.lines().zip(1..) {
        in_code ^= line.trim_start().starts_with("```");
        if in_code {
            continue;
        }
        // Every second part between backticks is code.
        for part in line.split('`').step_by(2) {
            let targets = part.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
            found.extend(targets.map(|target| (number, target)));
        }
    }
    found
}

fn leads_outside(target: &str) -> bool {
    target.starts_with('#') || target.contains("://") || target.starts_with("mailto:")
}

/// Returns the path from the repository's root, or nothing if the link leaves it.
fn resolve(from: &str, target: &str) -> Option<String> {
    let file = target.split('#').next().unwrap_or(target);
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::assert_findings;
    use super::*;

    fn check_text(text: &str, expected: &[&str]) {
        assert_findings(
            &check(&Tree::of(&[("docs/a.md", text), ("docs/b/c.md", ""), ("README.md", "")])),
            expected,
        );
    }

    #[test]
    fn links_that_lead_somewhere_are_fine() {
        check_text(
            "[c](b/c.md), [folder](b), [top](../README.md#start), [site](https://example.org), [x](#x)",
            &[],
        );
    }

    #[test]
    fn dead_links_are_found() {
        check_text("\nsee [c](c.md) and [d](b/d.md \"title\")", &["docs/a.md:2: `c.md`", "`b/d.md`"]);
        check_text("[out](../../README.md)", &["`../../README.md`"]);
    }

    #[test]
    fn code_holds_no_links() {
        check_text("`[a](b)`\n```\n[a](b)\n```\n", &[]);
    }
}
