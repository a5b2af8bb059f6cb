//! [`Currency`]: an ISO 4217 code with the number of decimals of its minor unit.

use core::fmt;

/// A currency by its ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency {
    code: [u8; 3],
    decimals: u8,
}

/// Codes whose minor unit is not a hundredth, from ISO 4217 (list one). Codes with four decimals are
/// units of account and cannot be charged.
const UNUSUAL_DECIMALS: [(&[u8; 3], u8); 23] = [
    (b"BHD", 3),
    (b"BIF", 0),
    (b"CLP", 0),
    (b"DJF", 0),
    (b"GNF", 0),
    (b"IQD", 3),
    (b"ISK", 0),
    (b"JOD", 3),
    (b"JPY", 0),
    (b"KMF", 0),
    (b"KRW", 0),
    (b"KWD", 3),
    (b"LYD", 3),
    (b"OMR", 3),
    (b"PYG", 0),
    (b"RWF", 0),
    (b"TND", 3),
    (b"UGX", 0),
    (b"VND", 0),
    (b"VUV", 0),
    (b"XAF", 0),
    (b"XOF", 0),
    (b"XPF", 0),
];

/// Codes with two decimals that the exchange trades in.
const TWO_DECIMALS: [&[u8; 3]; 30] = [
    b"AED", b"ARS", b"AUD", b"BGN", b"BRL", b"CAD", b"CHF", b"CNY", b"COP", b"CZK", b"DKK", b"EUR", b"GBP",
    b"HKD", b"HUF", b"ILS", b"INR", b"MAD", b"MXN", b"MYR", b"NOK", b"NZD", b"PEN", b"PLN", b"RON", b"SEK",
    b"SGD", b"TRY", b"USD", b"ZAR",
];

impl Currency {
    /// Reads an ISO 4217 code in capitals; nothing where the exchange does not know it.
    pub fn parse(code: &str) -> Option<Self> {
        let code: [u8; 3] = code.as_bytes().try_into().ok()?;
        if TWO_DECIMALS.contains(&&code) {
            return Some(Self { code, decimals: 2 });
        }
        UNUSUAL_DECIMALS
            .iter()
            .find(|(known, _)| **known == code)
            .map(|&(_, decimals)| Self { code, decimals })
    }

    /// Returns the code, such as `EUR`.
    pub fn code(&self) -> &str {
        core::str::from_utf8(&self.code).unwrap_or("XXX")
    }

    /// Returns how many decimals the minor unit has: two for EUR, none for JPY, three for KWD.
    pub const fn decimals(self) -> u8 {
        self.decimals
    }

    /// Returns the minor unit in micros: a cent is `10_000`.
    pub const fn minor_unit_micros(self) -> i64 {
        match self.decimals {
            0 => 1_000_000,
            3 => 1_000,
            _ => 10_000,
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_follow_iso_4217() {
        let decimals = |code| Currency::parse(code).map(Currency::decimals);
        assert_eq!(decimals("EUR"), Some(2));
        assert_eq!(decimals("JPY"), Some(0));
        assert_eq!(decimals("KWD"), Some(3));
        let euro = Currency::parse("EUR").expect("a known currency");
        assert_eq!((euro.code(), format!("{euro} {euro:?}")), ("EUR", "EUR EUR".into()));
        let minor = |code| Currency::parse(code).map(Currency::minor_unit_micros);
        assert_eq!([minor("EUR"), minor("JPY"), minor("KWD")], [Some(10_000), Some(1_000_000), Some(1_000)]);
        for unknown in ["eur", "XYZ", "", "EURO"] {
            assert_eq!(decimals(unknown), None);
        }
    }
}
