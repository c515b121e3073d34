//! `partition.metadata`: which topic a partition directory belongs to (KIP-516, `PartitionMetadataFile`).
//!
//! ```text
//!   version: 0
//!   topic_id: xtzWWN4bTjitpL3kfd9s5g
//! ```

use super::Uuid;
use crate::error::Malformed;

pub fn encode(topic_id: Uuid) -> String {
    format!("version: 0\ntopic_id: {topic_id}")
}

/// The topic's id, which is not zero.
pub fn parse(content: &str) -> Result<Uuid, Malformed> {
    let malformed = |reason: String| Malformed::new("partition metadata", reason);
    let mut lines = content.lines();
    let mut field = |name: &str| {
        let line = lines
            .next()
            .ok_or_else(|| malformed(format!("the line of {name} is missing")))?;
        match line.split_once(':') {
            Some((key, value)) if key == name && value.starts_with(char::is_whitespace) => {
                Ok(value.trim())
            }
            _ => Err(malformed(format!("{line:?} is not the line of {name}"))),
        }
    };
    let version = field("version")?;
    if version != "0" {
        return Err(malformed(format!("version {version:?} is unknown")));
    }
    let topic_id = field("topic_id")?;
    topic_id
        .parse()
        .ok()
        .filter(|id| *id != Uuid::ZERO)
        .ok_or_else(|| malformed(format!("{topic_id:?} is not a topic id")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn kafkas_file_is_read() {
        let topic_id =
            parse("version: 0\ntopic_id: xtzWWN4bTjitpL3kfd9s5g").expect("this is the format");
        assert_eq!(topic_id.to_string(), "xtzWWN4bTjitpL3kfd9s5g");
        assert_eq!(parse(&encode(topic_id)), Ok(topic_id));
    }

    #[test]
    fn a_missing_or_zero_id_is_refused() {
        for content in [
            "",
            "version: 0",
            "version: 1\ntopic_id: xtzWWN4bTjitpL3kfd9s5g",
            "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAA",
            "version: 0\ntopic_id: x",
        ] {
            assert!(parse(content).is_err(), "{content:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(content in "(?s).{0,100}") {
            let _ = parse(&content);
        }
    }
}
