//! [`SourceFile`]: a text of the catalog, and where its lines begin.

/// One file of a catalog. A catalog may stand in several; what they name is one name space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// How diagnostics call it.
    pub name: String,
    /// Its text, in TOML.
    pub text: String,
}

/// The bytes at which the lines of a file begin, so that a place is a binary search.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn of(file: &'a SourceFile) -> Self {
        let after_breaks =
            file.text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n').map(|(at, _)| at + 1);
        Self { text: &file.text, starts: core::iter::once(0).chain(after_breaks).collect() }
    }

    /// Returns line and column, both from one, of a byte of the text. Columns count characters.
    pub(crate) fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|&start| start <= offset);
        let start = line.checked_sub(1).and_then(|at| self.starts.get(at)).copied().unwrap_or(0);
        let column = self.text.get(start..offset).unwrap_or("").chars().count() + 1;
        (line, column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let file = SourceFile { name: "a.toml".into(), text: "ä = 1\nb = 2".into() };
        let lines = Lines::of(&file);
        let at = |part: &str| lines.line_and_column(file.text.find(part).expect("part of the text"));
        assert_eq!(at("ä"), (1, 1));
        assert_eq!(at("1"), (1, 5));
        assert_eq!(at("2"), (2, 5));
        assert_eq!(lines.line_and_column(1_000), (2, 6));
        assert_eq!(lines.line_and_column(1), (1, 1));
    }
}
