//! [`Places`]: where the postal codes of a country lie, from a file of `GeoNames`.
//!
//! Read when a catalog is compiled: a radius becomes a set of postal codes, and no lead is ever measured. Distances
//! are those on a sphere, right to half a percent.
#![expect(
    clippy::float_arithmetic,
    reason = "degrees and kilometres are no money, and nothing is counted in them"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use exchange_types::Span;

use crate::snapshot::FieldKind;

/// The mean radius of the earth in kilometres (IUGG).
const EARTH_KM: f64 = 6_371.008_8;
/// Columns of a line up to the longitude; the accuracy behind it may be missing.
const COLUMNS_MIN: usize = 11;
const LATITUDE: usize = 9;
const LONGITUDE: usize = 10;

/// Where the postal codes of a country lie: each in the middle of its places.
#[derive(Clone, Debug, Default)]
pub struct Places {
    by_code: BTreeMap<Box<str>, Point>,
}

/// Why a text is no file of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct PlacesError {
    /// The line, from one.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

/// The middle of some places, in degrees.
#[derive(Clone, Copy, Debug, Default)]
struct Point {
    latitude: f64,
    longitude: f64,
    places: u32,
}

impl Places {
    /// Reads a file of `GeoNames`: lines of columns between tabs, of which the first is the country, the second the
    /// code, the tenth and eleventh its latitude and longitude. Empty lines, those that begin with `#`, and other
    /// countries are passed over.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the first line that is none.
    pub fn parse(text: &str, country: [u8; 2]) -> Result<Self, PlacesError> {
        let mut places = Self::default();
        for (line, number) in text.lines().zip(1_usize..) {
            let wrong = |what| PlacesError { line: number, what };
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let columns: Vec<&str> = line.split('\t').map(str::trim).collect();
            if columns.len() < COLUMNS_MIN {
                return Err(wrong("has fewer than eleven columns between tabs"));
            }
            let at = |column: usize| columns.get(column).copied().unwrap_or("");
            if at(0).as_bytes() != country {
                continue;
            }
            let code = normal(at(1), country).ok_or_else(|| wrong("names no postal code of the country"))?;
            let latitude = degrees(at(LATITUDE), 90.0).ok_or_else(|| wrong("has no latitude"))?;
            let longitude = degrees(at(LONGITUDE), 180.0).ok_or_else(|| wrong("has no longitude"))?;
            places.by_code.entry(code.into()).or_default().add(latitude, longitude);
        }
        Ok(places)
    }

    /// Returns how many postal codes there are.
    pub fn len(&self) -> usize {
        self.by_code.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_code.is_empty()
    }

    /// Returns the postal codes within so many kilometres of one, itself among them; nothing where it is not known.
    pub fn within(&self, of: &str, km: u32) -> Option<Vec<&str>> {
        let middle = self.by_code.get(of)?;
        let near = self.by_code.iter().filter(|(_, point)| middle.km_to(point) <= f64::from(km));
        Some(near.map(|(code, _)| &**code).collect())
    }

    /// Writes what [`Places::parse`] reads, one line a code: a file without what nobody needs.
    pub fn to_text(&self, country: [u8; 2]) -> String {
        let [first, second] = country.map(char::from);
        let mut text = String::new();
        for (code, point) in &self.by_code {
            let (latitude, longitude) = point.middle();
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{first}{second}\t{code}\t\t\t\t\t\t\t\t{latitude:.4}\t{longitude:.4}");
        }
        text
    }
}

impl Point {
    fn add(&mut self, latitude: f64, longitude: f64) {
        self.latitude += latitude;
        self.longitude += longitude;
        self.places = self.places.saturating_add(1);
    }

    fn middle(&self) -> (f64, f64) {
        let places = f64::from(self.places.max(1));
        (self.latitude / places, self.longitude / places)
    }

    /// Returns the distance on a sphere, by the haversine formula.
    fn km_to(&self, other: &Self) -> f64 {
        let ((latitude, longitude), (to_latitude, to_longitude)) = (self.middle(), other.middle());
        let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
        let across = latitude.to_radians().cos() * to_latitude.to_radians().cos();
        let chord = half(to_latitude - latitude) + across * half(to_longitude - longitude);
        2.0 * EARTH_KM * chord.min(1.0).sqrt().asin()
    }
}

/// Returns a postal code in its country's form.
pub(crate) fn normal(text: &str, country: [u8; 2]) -> Option<String> {
    let mut kept = None;
    let mut keep = |text: &str| {
        kept = Some(text.to_owned());
        Span::NONE
    };
    FieldKind::PostalCode { country }.parse_text(text, &mut keep).ok()?;
    kept
}

fn degrees(text: &str, most: f64) -> Option<f64> {
    text.parse::<f64>().ok().filter(|degrees| (-most..=most).contains(degrees))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIECHTENSTEIN: &str = include_str!("../../../configs/geo/LI.txt");

    fn parse(text: &str) -> Result<Places, PlacesError> {
        Places::parse(text, *b"LI")
    }

    #[test]
    fn a_radius_is_a_set_of_postal_codes() {
        let places = parse(LIECHTENSTEIN).expect("the file is right");
        assert_eq!(places.len(), 13);
        // Vaduz: Schaan and Triesen are some three kilometres off, Balzers nine, Ruggell eleven.
        let table: [(u32, &[&str]); 4] = [
            (1, &["9490"]),
            (4, &["9490", "9494", "9495", "9497"]),
            (9, &["9485", "9486", "9487", "9490", "9492", "9493", "9494", "9495", "9496", "9497", "9498"]),
            (
                30,
                &[
                    "9485", "9486", "9487", "9488", "9490", "9491", "9492", "9493", "9494", "9495", "9496",
                    "9497", "9498",
                ],
            ),
        ];
        for (km, codes) in table {
            assert_eq!(places.within("9490", km).as_deref(), Some(codes), "{km} km");
        }
        assert_eq!(places.within("8000", 30), None, "Zurich is elsewhere");
    }

    #[test]
    fn what_is_written_is_read_again() {
        let places = parse(LIECHTENSTEIN).expect("the file is right");
        let again = parse(&places.to_text(*b"LI")).expect("what was written is right");
        assert_eq!(again.to_text(*b"LI"), places.to_text(*b"LI"));
        assert_eq!(again.within("9496", 9), places.within("9496", 9));
    }

    #[test]
    fn a_code_of_several_places_lies_in_their_middle() {
        let line = |code: &str, latitude: &str| format!("LI\t{code}\tx\t\t\t\t\t\t\t{latitude}\t9.5\t6\n");
        let text = [line("1000", "47.0"), line("1000", "47.2"), line("2000", "47.1")].concat();
        let places = parse(&text).expect("three places");
        assert_eq!(places.within("2000", 1).as_deref(), Some(&["1000", "2000"][..]));
    }

    #[test]
    fn a_line_that_is_wrong_is_named() {
        let table = [
            ("LI\t9490", "line 1: has fewer than eleven columns between tabs"),
            ("# x\n\nLI\t94\tx\t\t\t\t\t\t\t47\t9", "line 3: names no postal code of the country"),
            ("LI\t9490\tx\t\t\t\t\t\t\tnorth\t9", "line 1: has no latitude"),
            ("LI\t9490\tx\t\t\t\t\t\t\t47\t190", "line 1: has no longitude"),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text).map_err(|error| error.to_string()).err().as_deref(), Some(expected));
        }
        assert!(parse("CH\t8000").is_err(), "too few columns, of whatever country");
        assert!(parse("CH\t8000\tx\t\t\t\t\t\t\t47\t8").expect("another country").is_empty());
    }
}
