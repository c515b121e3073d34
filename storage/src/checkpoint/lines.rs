//! The frame of Kafka's checkpoint files (`CheckpointFile`): version, number of entries, one line each.

use crate::error::Malformed;

const VERSION: i32 = 0;

/// The file with these entries, which hold no line break.
pub fn encode(entries: impl ExactSizeIterator<Item = String>) -> String {
    let mut content = format!("{VERSION}\n{}\n", entries.len());
    for entry in entries {
        content.push_str(&entry);
        content.push('\n');
    }
    content
}

/// The lines of the entries. A file that ends before its count (it was created, never written) has none.
pub fn parse<'a>(what: &'static str, content: &'a str) -> Result<Vec<&'a str>, Malformed> {
    let mut lines = content.lines();
    let Some(version) = lines.next() else {
        return Ok(Vec::new());
    };
    if version.parse() != Ok(VERSION) {
        return Err(Malformed::new(
            what,
            format!("version {version:?} is unknown"),
        ));
    }
    let Some(count) = lines.next() else {
        return Ok(Vec::new());
    };
    let entries: Vec<&str> = lines.collect();
    if count.parse() != Ok(entries.len()) {
        return Err(Malformed::new(
            what,
            format!(
                "it should have {count:?} entries, but has {}",
                entries.len()
            ),
        ));
    }
    Ok(entries)
}
