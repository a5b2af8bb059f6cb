//! Whatever stands in a file, the compiler answers.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::configs::{DEMO, REFERENCE, compile_text};

/// Pieces that a catalog's reader may trip over.
const PIECES: [&str; 24] = [
    "\"",
    "[",
    "]",
    "{",
    "}",
    "=",
    "\n",
    "\0",
    "\u{feff}",
    "ä",
    "99999999999999999999",
    "-1",
    "1e400",
    "nan",
    "0x",
    "'''",
    "[[campaigns]]",
    "[campaigns]\nnorth-solar = 1\n",
    "verticals = 3\n",
    "true",
    "1979-05-27T07:32:00Z",
    "\\u0000",
    ".",
    "filter = []\n",
];

#[derive(Clone, Debug)]
enum Damage {
    Cut { from: usize, length: usize },
    Insert { at: usize, piece: usize },
    Repeat { from: usize, length: usize },
    SwapLines { first: usize, second: usize },
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<usize>(), 1_usize..40).prop_map(|(from, length)| Damage::Cut { from, length }),
        (any::<usize>(), 0..PIECES.len()).prop_map(|(at, piece)| Damage::Insert { at, piece }),
        (any::<usize>(), 1_usize..200).prop_map(|(from, length)| Damage::Repeat { from, length }),
        (any::<usize>(), any::<usize>()).prop_map(|(first, second)| Damage::SwapLines { first, second }),
    ]
}

fn apply(text: &mut String, damage: &Damage) {
    let place = |at: usize| text.floor_char_boundary(at % (text.len() + 1));
    match *damage {
        Damage::Cut { from, length } => {
            let from = place(from);
            text.replace_range(from..text.floor_char_boundary(from + length), "");
        }
        Damage::Insert { at, piece } => {
            let at = place(at);
            text.insert_str(at, PIECES.get(piece).copied().unwrap_or_default());
        }
        Damage::Repeat { from, length } => {
            let from = place(from);
            let to = text.floor_char_boundary(from + length);
            let copy = text.get(from..to).unwrap_or_default().to_owned();
            text.insert_str(from, &copy);
        }
        Damage::SwapLines { first, second } => {
            let mut lines: Vec<&str> = text.lines().collect();
            let count = lines.len().max(1);
            if !lines.is_empty() {
                lines.swap(first % count, second % count);
            }
            *text = lines.join("\n");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_500,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_261_121),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_damaged_catalog_is_refused_or_compiles(
        demo in any::<bool>(),
        damages in prop::collection::vec(damage(), 1..6),
    ) {
        let mut text = if demo { DEMO.replace("{buyers}", "127.0.0.1:9000") } else { REFERENCE.to_owned() };
        for damage in &damages {
            apply(&mut text, damage);
        }
        if let Err(found) = compile_text(&text, true) {
            let lines = text.split('\n').count();
            prop_assert!(!found.is_empty());
            for diagnostic in found {
                prop_assert!((1..=lines).contains(&diagnostic.line), "{}", diagnostic);
                prop_assert!(diagnostic.column >= 1, "{}", diagnostic);
                prop_assert!(!diagnostic.message.is_empty(), "{}", diagnostic);
            }
        }
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}") {
        let _ = compile_text(&text, false);
    }
}
