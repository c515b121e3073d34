//! Offsets follow each other without a hole. (That no batch is torn is checked where it is read.)

use crate::wire::Stored;

pub fn check(from: i64, records: &[Stored]) {
    for (expected, record) in (from..).zip(records) {
        assert_eq!(
            record.offset, expected,
            "a hole before offset {}",
            record.offset
        );
    }
}
