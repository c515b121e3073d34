//! Which names a topic may have (Kafka's `Topic.validate`).

/// Longer names would not fit into a directory's name with the partition's number behind it.
const MAX_LENGTH: usize = 249;

/// The topic of Kafka's own metadata log; nobody may create it.
pub const CLUSTER_METADATA: &str = "__cluster_metadata";

/// The reason why the name is invalid, in Kafka's words, or nothing.
pub fn reason_invalid(name: &str) -> Option<String> {
    let reason = if name.is_empty() {
        "the empty string is not allowed".to_owned()
    } else if name == "." || name == ".." {
        format!("'{name}' is not allowed")
    } else if name.encode_utf16().count() > MAX_LENGTH {
        format!("the length of '{name}' is longer than the max allowed length {MAX_LENGTH}")
    } else if !name.bytes().all(is_legal) {
        format!(
            "'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
        )
    } else {
        return None;
    };
    Some(format!("Topic name is invalid: {reason}"))
}

fn is_legal(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_legal_up_to_its_249th_character() {
        assert_eq!(reason_invalid(&"a".repeat(249)), None);
        assert!(reason_invalid(&"a".repeat(250)).is_some());
    }

    #[test]
    fn dots_alone_are_refused_and_other_dots_are_not() {
        assert!(reason_invalid(".").is_some() && reason_invalid("..").is_some());
        assert_eq!(reason_invalid("..."), None);
    }

    #[test]
    fn a_slash_never_gets_into_a_directory_name() {
        assert!(reason_invalid("a/b").is_some());
    }
}
