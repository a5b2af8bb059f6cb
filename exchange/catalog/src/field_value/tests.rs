use exchange_types::Submission;

use super::*;

fn read(kind: &FieldKind, text: &str) -> Result<String, String> {
    let mut lead = Submission::default();
    let value = kind.parse_text(text, &mut |text| lead.push_text(text)).map_err(|error| error.to_string())?;
    Ok(match value {
        Value::Text(span) => lead.text(span).reveal().to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Decimal(number) => decimal_text(number),
        Value::Boolean(boolean) => boolean.to_string(),
        Value::Choice(position) => format!("#{position}"),
        Value::Date(date) => date.to_string(),
    })
}

#[track_caller]
fn check(kind: &FieldKind, text: &str, expected: Result<&str, &str>) {
    let expected = expected.map(str::to_owned).map_err(str::to_owned);
    assert_eq!(read(kind, text), expected, "{text:?} as {kind:?}");
}

#[test]
fn phones_become_e164() {
    let germany = FieldKind::Phone { country: *b"DE" };
    let states = FieldKind::Phone { country: *b"US" };
    let italy = FieldKind::Phone { country: *b"IT" };
    check(&germany, "+49 89 123456", Ok("+4989123456"));
    check(&germany, "+49 (0)89 / 123-456", Ok("+4989123456"));
    check(&germany, "0049 89 123456", Ok("+4989123456"));
    check(&germany, " 089.123456 ", Ok("+4989123456"));
    check(&germany, "+1 415 555 0123", Ok("+14155550123"));
    check(&states, "(415) 555-0123", Ok("+14155550123"));
    check(&states, "1-415-555-0123", Ok("+14155550123"));
    check(&states, "011 49 89 123456", Ok("+4989123456"));
    check(&italy, "06 1234567", Ok("+39061234567"));
    let german = Err("is not a phone number, in international form or in that of DE");
    for text in
        ["089 1", "+", "+0123456789", "0891234567890123456", "089 CALL-NOW", "++4989123456", "٠٨٩١٢٣٤٥٦"]
    {
        check(&germany, text, german);
    }
    check(&states, "555-0123", Err("is not a phone number, in international form or in that of US"));
}

#[test]
fn emails_are_trimmed_and_in_lower_case() {
    check(&FieldKind::Email, " Ada.L+x@Example.ORG ", Ok("ada.l+x@example.org"));
    let wrong = Err("is not an e-mail address such as ada@example.org");
    let long = format!("{}@example.org", "a".repeat(65));
    let longer = format!("a@{}.org", "b.".repeat(200));
    for text in [
        "ada",
        "ada@",
        "@example.org",
        "a@b",
        "a@@b.org",
        "a b@c.org",
        "a..b@c.org",
        "a@-b.org",
        "a@b..org",
        "a@1.2.3.4",
        "ä@b.org",
        &long,
        &longer,
    ] {
        check(&FieldKind::Email, text, wrong);
    }
}

#[test]
fn postal_codes_take_the_form_of_their_country() {
    let of = |country: &[u8; 2]| FieldKind::PostalCode { country: *country };
    check(&of(b"DE"), " 80331 ", Ok("80331"));
    check(&of(b"US"), "94105-1234", Ok("94105"));
    check(&of(b"US"), "941051234", Ok("94105"));
    check(&of(b"US"), "94105", Ok("94105"));
    check(&of(b"GB"), "sw1a1aa", Ok("SW1A 1AA"));
    check(&of(b"GB"), "M1 1AE", Ok("M1 1AE"));
    check(&of(b"NL"), "1012ab", Ok("1012 AB"));
    check(&of(b"PL"), "00950", Ok("00-950"));
    check(&of(b"CA"), "k1a 0b1", Ok("K1A 0B1"));
    check(&of(b"BR"), "01310-100", Ok("01310100"));
    check(&of(b"DE"), "8033", Err("is not a postal code of DE, such as 80331"));
    check(&of(b"DE"), "8033A", Err("is not a postal code of DE, such as 80331"));
    check(&of(b"US"), "94-1051234", Err("is not a postal code of US, such as 80331"));
    check(&of(b"BR"), "ab", Err("is not a postal code of BR, such as A1B2C3"));
}

#[test]
fn plain_values_are_read_within_their_bounds() {
    let decimal = |text| Amount::parse(text, 6).expect("a decimal");
    let number = FieldKind::Integer { min: 1, max: 10 };
    check(&number, " 7 ", Ok("7"));
    check(&number, "11", Err("is not between 1 and 10"));
    check(&number, "+7", Err("is not a whole number"));
    check(&number, "7.0", Err("is not a whole number"));
    let share = FieldKind::Decimal { min: decimal("-0.5"), max: decimal("99.5") };
    check(&share, "-0.25", Ok("-0.25"));
    check(&share, "100", Err("is not between -0.5 and 99.5"));
    check(&share, "1e1", Err("is not a decimal number such as 12.5"));
    check(&FieldKind::Boolean, "Yes", Ok("true"));
    check(&FieldKind::Boolean, "maybe", Err("is neither true nor false"));
    let roof = FieldKind::Enum { values: ["flat".into(), "pitched".into()].into() };
    check(&roof, "pitched", Ok("#1"));
    check(&roof, "Pitched", Err("is none of flat, pitched"));
    check(&FieldKind::Date, "1984-02-29", Ok("1984-02-29"));
    check(&FieldKind::Date, "1985-02-29", Err("is not a day such as 2026-11-20"));
    let text = FieldKind::Text { bytes_max: 5 };
    check(&text, " a b ", Ok(" a b "));
    check(&text, "äää", Err("is longer than 5 bytes"));
    check(&text, "a\0b", Err("contains a control character"));
    check(&text, "", Err("is empty"));
}

#[test]
fn json_numbers_and_booleans_fit_their_own_types_only() {
    let number = FieldKind::Integer { min: 0, max: 10 };
    assert_eq!(number.parse_number("7"), Ok(Value::Integer(7)));
    assert_eq!(number.parse_number("7e0"), Err(ValueError::NotInteger));
    assert_eq!(number.parse_boolean(true), Err(ValueError::WrongType { expected: "a whole number" }));
    let zip = FieldKind::PostalCode { country: *b"DE" };
    assert_eq!(zip.parse_number("1067").map_err(|error| error.code()), Err("wrong_type"));
    assert_eq!(FieldKind::Boolean.parse_boolean(false), Ok(Value::Boolean(false)));
}

proptest::proptest! {
    /// What was normalized once stays as it is, and nothing panics.
    #[test]
    fn normal_forms_are_stable(text in "\\PC{0,40}|[0-9+() -]{0,24}|[a-zA-Z0-9.@-]{0,30}") {
        let kinds = [
            FieldKind::Phone { country: *b"DE" },
            FieldKind::Phone { country: *b"US" },
            FieldKind::Email,
            FieldKind::PostalCode { country: *b"GB" },
            FieldKind::PostalCode { country: *b"US" },
            FieldKind::PostalCode { country: *b"XX" },
        ];
        for kind in kinds {
            if let Ok(normal) = read(&kind, &text) {
                proptest::prop_assert_eq!(read(&kind, &normal), Ok(normal.clone()), "{:?}", kind);
            }
        }
    }
}
