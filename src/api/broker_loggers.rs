//! The loggers of this broker as a config resource (KIP-412): described, checked and changed.
//!
//! A resource is checked whole before any of its loggers changes. Levels are not kept over a restart, and the controller never hears
//! of them. Source: `RuntimeLoggerManager`, `ConfigHelper.describeConfigs`.

use crate::config::describe::Described;
use crate::config::effective::Source;
use crate::logging::{Level, Loggers, ROOT};
use ottla_controller::decide::Refusal;
use ottla_controller::ids::BrokerId;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::incremental_alter_configs::{AlterConfigsResource, AlterableConfig};

/// The level names that are allowed, as Kafka lists them.
const LEVELS: &str = "DEBUG, ERROR, FATAL, INFO, TRACE, WARN";

/// Every logger with its level.
pub(super) fn describe(loggers: &Loggers) -> Vec<Described> {
    let entry = |(name, level): (String, Level)| Described {
        name,
        value: Some(level.name().to_owned()),
        source: Source::BrokerLogger,
        is_read_only: false,
        is_sensitive: false,
        synonyms: Vec::new(),
        kind: None,
        documentation: Some(""),
    };
    loggers.all().into_iter().map(entry).collect()
}

/// One change of one logger.
#[derive(Debug, PartialEq, Eq)]
enum Step<'a> {
    Set(&'a str, Level),
    Unset(&'a str),
}

/// Changes the loggers that a request names, or only checks it.
///
/// # Errors
/// INVALID_REQUEST for another broker and for operations that loggers do not know, INVALID_CONFIG for unknown loggers and levels.
pub(super) fn change(
    loggers: &Loggers,
    node_id: BrokerId,
    resource: &AlterConfigsResource,
    is_validate_only: bool,
) -> Result<(), Refusal> {
    check_addressed(node_id, &resource.resource_name)?;
    let steps: Vec<Step<'_>> = resource
        .configs
        .iter()
        .map(|config| step(loggers, config))
        .collect::<Result<_, _>>()?;
    if is_validate_only {
        return Ok(());
    }
    for step in steps {
        match step {
            Step::Set(logger, level) => {
                loggers.set(logger, level);
                tracing::warn!(logger, %level, "a log level was set");
            }
            Step::Unset(logger) => {
                loggers.unset(logger);
                tracing::warn!(logger, "a log level was unset");
            }
        }
    }
    Ok(())
}

fn check_addressed(node_id: BrokerId, name: &str) -> Result<(), Refusal> {
    match name.parse::<i32>() {
        Err(_) => Err(Refusal::invalid_request(format!(
            "Node id must be an integer, but it is: {name}"
        ))),
        Ok(id) if id == node_id.0 => Ok(()),
        Ok(id) => Err(Refusal::invalid_request(format!(
            "Unexpected node id. Expected {node_id}, but received {id}"
        ))),
    }
}

fn step<'a>(loggers: &Loggers, config: &'a AlterableConfig) -> Result<Step<'a>, Refusal> {
    let logger: &str = &config.name;
    let invalid = |message: String| Refusal::new(ErrorCode::INVALID_CONFIG, message);
    let known = || match loggers.knows(logger) {
        true => Ok(()),
        false => Err(invalid(format!("Logger {logger} does not exist!"))),
    };
    match config.config_operation {
        0 => {
            known()?;
            let level: &str = config.value.as_deref().unwrap_or_default();
            match Level::settable(level) {
                Some(level) => Ok(Step::Set(logger, level)),
                None => Err(invalid(format!(
                    "Cannot set the log level of {logger} to {level} as it is not a supported log level. Valid log levels are {LEVELS}"
                ))),
            }
        }
        1 => {
            known()?;
            match logger {
                ROOT => Err(Refusal::invalid_request(format!(
                    "Removing the log level of the {ROOT} logger is not allowed"
                ))),
                _ => Ok(Step::Unset(logger)),
            }
        }
        2 => not_allowed("APPEND operation"),
        3 => not_allowed("SUBTRACT operation"),
        other => not_allowed(&format!("Unknown operation type {other}")),
    }
}

fn not_allowed(operation: &str) -> Result<Step<'static>, Refusal> {
    Err(Refusal::invalid_request(format!(
        "{operation} is not allowed for the BROKER_LOGGER resource"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: &str, steps: &[(&str, Option<&str>, i8)]) -> AlterConfigsResource {
        let config = |(name, value, operation): &(&str, Option<&str>, i8)| AlterableConfig {
            name: (*name).into(),
            value: value.map(Into::into),
            config_operation: *operation,
            ..Default::default()
        };
        AlterConfigsResource {
            resource_type: 8,
            resource_name: name.into(),
            configs: steps.iter().map(config).collect(),
            ..Default::default()
        }
    }

    fn level(loggers: &Loggers, name: &str) -> Level {
        let all = loggers.all();
        all.iter()
            .find(|(known, _)| known == name)
            .expect("listed")
            .1
    }

    const ME: BrokerId = BrokerId(1);

    #[test]
    fn levels_are_set_and_unset() {
        let loggers = Loggers::detached();
        let both = asked(
            "1",
            &[("ottla", Some("DEBUG"), 0), ("root", Some("FATAL"), 0)],
        );
        assert_eq!(change(&loggers, ME, &both, true), Ok(()));
        assert_eq!(level(&loggers, "ottla"), Level::Info, "only checked");
        assert_eq!(change(&loggers, ME, &both, false), Ok(()));
        assert_eq!(level(&loggers, "ottla::net"), Level::Debug);
        assert_eq!(level(&loggers, "root"), Level::Fatal);
        let unset = asked("1", &[("ottla", None, 1)]);
        assert_eq!(change(&loggers, ME, &unset, false), Ok(()));
        assert_eq!(level(&loggers, "ottla::net"), Level::Fatal);
    }

    #[test]
    fn what_is_wrong_changes_nothing_and_says_why() {
        let loggers = Loggers::detached();
        let good = ("ottla", Some("DEBUG"), 0);
        for (name, bad, code, why) in [
            ("x", good, ErrorCode::INVALID_REQUEST, "must be an integer"),
            (
                "2",
                good,
                ErrorCode::INVALID_REQUEST,
                "Expected 1, but received 2",
            ),
            (
                "1",
                ("no", Some("INFO"), 0),
                ErrorCode::INVALID_CONFIG,
                "Logger no does not exist!",
            ),
            (
                "1",
                ("no", None, 1),
                ErrorCode::INVALID_CONFIG,
                "Logger no does not exist!",
            ),
            (
                "1",
                ("root", Some("OFF"), 0),
                ErrorCode::INVALID_CONFIG,
                "DEBUG, ERROR, FATAL",
            ),
            (
                "1",
                ("root", None, 1),
                ErrorCode::INVALID_REQUEST,
                "root logger is not allowed",
            ),
            (
                "1",
                ("root", Some("INFO"), 2),
                ErrorCode::INVALID_REQUEST,
                "APPEND operation",
            ),
            (
                "1",
                ("root", Some("INFO"), 3),
                ErrorCode::INVALID_REQUEST,
                "SUBTRACT operation",
            ),
            (
                "1",
                ("root", Some("INFO"), 9),
                ErrorCode::INVALID_REQUEST,
                "operation type 9",
            ),
        ] {
            let refusal = change(&loggers, ME, &asked(name, &[good, bad]), false).unwrap_err();
            assert_eq!(refusal.code, code, "{bad:?}");
            let message = refusal.message.expect("says why");
            assert!(message.contains(why), "{message}");
        }
        assert_eq!(level(&loggers, "ottla"), Level::Info);
    }
}
