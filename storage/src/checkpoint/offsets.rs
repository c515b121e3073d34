//! One offset per partition of a log directory (`OffsetCheckpointFile`): recovery points, high watermarks or log starts.
//!
//! ```text
//!   0                  version
//!   2                  number of entries
//!   orders 0 1500      topic, partition, offset
//!   orders 1 1498
//! ```

use std::collections::BTreeMap;

use super::lines;
use crate::error::Malformed;
use crate::offset::Offset;

/// By topic and partition.
pub type PartitionOffsets = BTreeMap<(String, i32), Offset>;

pub fn encode(offsets: &PartitionOffsets) -> String {
    lines::encode(
        offsets
            .iter()
            .map(|((topic, partition), offset)| format!("{topic} {partition} {offset}")),
    )
}

pub fn parse(content: &str) -> Result<PartitionOffsets, Malformed> {
    const WHAT: &str = "offset checkpoint";
    lines::parse(WHAT, content)?
        .into_iter()
        .map(|line| {
            entry(line).ok_or_else(|| {
                Malformed::new(
                    WHAT,
                    format!("the line {line:?} is not topic, partition and offset"),
                )
            })
        })
        .collect()
}

fn entry(line: &str) -> Option<((String, i32), Offset)> {
    let mut parts = line.split_ascii_whitespace();
    let entry = (
        (parts.next()?.to_owned(), parts.next()?.parse().ok()?),
        Offset(parts.next()?.parse().ok()?),
    );
    parts.next().is_none().then_some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn kafkas_file_is_read() {
        let offsets =
            parse("0\n2\na-b.c 0 12\n__consumer_offsets 49 0\n").expect("this is the format");
        assert_eq!(offsets.get(&("a-b.c".to_owned(), 0)), Some(&Offset(12)));
        assert_eq!(
            encode(&offsets),
            "0\n2\n__consumer_offsets 49 0\na-b.c 0 12\n"
        );
    }

    #[test]
    fn an_empty_file_has_no_entries_and_a_torn_one_is_refused() {
        assert_eq!(parse(""), Ok(PartitionOffsets::new()));
        assert_eq!(parse("0\n"), Ok(PartitionOffsets::new()));
        for torn in [
            "1\n0\n",
            "0\n2\na 0 1\n",
            "0\n1\na 0\n",
            "0\n1\na 0 1 2\n",
            "0\nx\n",
            "0\n-1\n",
            "\n",
        ] {
            assert!(parse(torn).is_err(), "{torn:?}");
        }
    }

    proptest! {
        #[test]
        fn offsets_survive_the_file(offsets in proptest::collection::btree_map(("[a-zA-Z0-9._-]{1,20}", any::<i32>()), any::<i64>().prop_map(Offset), 0..20)) {
            prop_assert_eq!(parse(&encode(&offsets)), Ok(offsets));
        }

        #[test]
        fn any_text_is_read_or_refused(content in "(?s).{0,200}") {
            let _ = parse(&content);
        }
    }
}
