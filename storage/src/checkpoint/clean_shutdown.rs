//! `.kafka_cleanshutdown`: the last stop was clean, in this broker epoch (KIP-966, `CleanShutdownFileHandler`). Written last when
//! stopping, removed before the first write.
//!
//! ```text
//!   {"version":0,"brokerEpoch":42}
//! ```

/// The content of the file.
pub fn encode(broker_epoch: i64) -> String {
    format!("{{\"version\":0,\"brokerEpoch\":{broker_epoch}}}")
}

/// The broker epoch; `None` when the content is anything else (older Kafkas wrote an empty file): then nothing proves that the stop
/// was clean in the eyes of the controller, though the logs need no recovery. Fields may come in any order; unknown ones with plain
/// values are skipped.
pub fn parse(content: &str) -> Option<i64> {
    let fields = content.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut broker_epoch = None;
    for field in fields.split(',') {
        let (name, value) = field.split_once(':')?;
        if name.trim() == "\"brokerEpoch\"" {
            broker_epoch = Some(value.trim().parse().ok()?);
        }
    }
    broker_epoch
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn kafkas_file_is_read_in_any_order() {
        assert_eq!(parse("{\"version\":0,\"brokerEpoch\":42}"), Some(42));
        assert_eq!(
            parse("{ \"brokerEpoch\" : -1 , \"version\" : 0 }\n"),
            Some(-1)
        );
        for other in ["", "{}", "{\"version\":0}", "{\"brokerEpoch\":null}", "42"] {
            assert_eq!(parse(other), None, "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn an_epoch_survives_the_file(broker_epoch in any::<i64>()) {
            prop_assert_eq!(parse(&encode(broker_epoch)), Some(broker_epoch));
        }

        #[test]
        fn any_text_is_read_or_refused(content in "(?s).{0,100}") {
            let _ = parse(&content);
        }
    }
}
