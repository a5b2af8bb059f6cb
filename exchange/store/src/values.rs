//! How values stand in columns: ids and wide numbers as bytes with the big end first, the rest as BIGINT.

use exchange_protocol::CandidateIndex;
use exchange_types::{Amount, Currency, UtcMicros, Uuid7};
use sqlx::any::AnyRow;
use sqlx::{Any, Decode, Row as _, Type};

use crate::QueryError;

/// The columns of a row, read from left to right.
pub(crate) struct Columns<'r> {
    row: &'r AnyRow,
    next: usize,
}

pub(crate) fn id_bytes(id: Uuid7) -> Vec<u8> {
    wide(id.as_u128())
}

/// Returns a number of 128 bits as its column holds it.
pub(crate) fn wide(number: u128) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

/// Returns an unsigned number as its column holds it. Numbers that count records stay far below the limit.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Returns the value of a list that stands at a number.
pub(crate) fn of_list<T: Copy>(
    list: &[T],
    number: Option<i64>,
    column: &'static str,
) -> Result<Option<T>, QueryError> {
    let Some(number) = number else { return Ok(None) };
    let found = usize::try_from(number).ok().and_then(|at| list.get(at)).copied();
    found.map(Some).ok_or(QueryError::Damaged { column })
}

/// Returns at which number of a list a value stands.
pub(crate) fn number_in<T: PartialEq>(list: &[T], value: &T) -> i64 {
    list.iter().position(|one| one == value).and_then(|at| i64::try_from(at).ok()).unwrap_or(-1)
}

impl<'r> Columns<'r> {
    pub(crate) fn of(row: &'r AnyRow) -> Self {
        Self { row, next: 0 }
    }

    /// Returns the columns after the first few.
    pub(crate) fn after(row: &'r AnyRow, columns: usize) -> Self {
        Self { row, next: columns }
    }

    fn get<T: Decode<'r, Any> + Type<Any>>(&mut self) -> Result<T, QueryError> {
        let column = self.next;
        self.next = column.saturating_add(1);
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn number(&mut self) -> Result<i64, QueryError> {
        self.get()
    }

    pub(crate) fn optional_number(&mut self) -> Result<Option<i64>, QueryError> {
        self.get()
    }

    pub(crate) fn unsigned(&mut self, column: &'static str) -> Result<u64, QueryError> {
        u64::try_from(self.number()?).map_err(|_| QueryError::Damaged { column })
    }

    pub(crate) fn flag(&mut self) -> Result<bool, QueryError> {
        Ok(self.number()? != 0)
    }

    pub(crate) fn time(&mut self) -> Result<UtcMicros, QueryError> {
        self.number().map(UtcMicros)
    }

    pub(crate) fn optional_time(&mut self) -> Result<Option<UtcMicros>, QueryError> {
        Ok(self.optional_number()?.map(UtcMicros))
    }

    pub(crate) fn amount(&mut self) -> Result<Amount, QueryError> {
        self.number().map(Amount::from_micros)
    }

    pub(crate) fn text(&mut self) -> Result<&'r str, QueryError> {
        self.get()
    }

    pub(crate) fn currency(&mut self) -> Result<Currency, QueryError> {
        Currency::parse(self.text()?).ok_or(QueryError::Damaged { column: "currency" })
    }

    pub(crate) fn bytes(&mut self) -> Result<&'r [u8], QueryError> {
        self.get()
    }

    pub(crate) fn optional_bytes(&mut self) -> Result<Option<&'r [u8]>, QueryError> {
        self.get()
    }

    pub(crate) fn array<const N: usize>(&mut self, column: &'static str) -> Result<[u8; N], QueryError> {
        self.bytes()?.try_into().map_err(|_| QueryError::Damaged { column })
    }

    pub(crate) fn wide(&mut self, column: &'static str) -> Result<u128, QueryError> {
        self.array(column).map(u128::from_be_bytes)
    }

    pub(crate) fn id(&mut self, column: &'static str) -> Result<Uuid7, QueryError> {
        Uuid7::from_u128(self.wide(column)?).ok_or(QueryError::Damaged { column })
    }

    pub(crate) fn optional_id(&mut self, column: &'static str) -> Result<Option<Uuid7>, QueryError> {
        let Some(bytes) = self.optional_bytes()? else { return Ok(None) };
        let number = bytes.try_into().ok().map(u128::from_be_bytes);
        number.and_then(Uuid7::from_u128).map(Some).ok_or(QueryError::Damaged { column })
    }

    pub(crate) fn candidate(&mut self) -> Result<CandidateIndex, QueryError> {
        u16::try_from(self.number()?)
            .map(CandidateIndex)
            .map_err(|_| QueryError::Damaged { column: "candidate" })
    }
}
