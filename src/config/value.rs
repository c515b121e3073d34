//! Reads the text of a configuration value by its key's kind and check, and writes it back in Kafka's form.
//!
//! Messages are those of Kafka's `ConfigDef` word for word where a client sees them, because people search for them.

use std::fmt;

use super::keys::{Check, Key, Kind};

/// A value that was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Boolean(bool),
    /// Int, Short or Long; in the bounds of its kind.
    Number(i64),
    Double(f64),
    /// String, Class or Password.
    Text(String),
    List(Vec<String>),
}

/// Why a text is no value for a key. Its display is Kafka's `ConfigException` message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadValue(String);

impl BadValue {
    /// A message of Kafka's own form: `Invalid value … for configuration …: …`.
    pub fn new(name: &str, value: impl fmt::Display, message: &str) -> Self {
        Self(format!(
            "Invalid value {value} for configuration {name}: {message}"
        ))
    }
}

impl fmt::Display for BadValue {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

impl std::error::Error for BadValue {}

impl Value {
    /// The text as Kafka shows it (`ConfigDef.convertToString`).
    pub fn to_text(&self) -> String {
        match self {
            Self::Boolean(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
            Self::Double(value) => double_text(*value),
            Self::Text(value) => value.clone(),
            Self::List(values) => values.join(","),
        }
    }
}

/// Reads `text` as a value of `key`, surrounding blanks ignored.
///
/// # Errors
/// When the text is not of the key's kind or fails its check.
pub fn read(key: &Key, text: &str) -> Result<Value, BadValue> {
    let mut value = parse(key, text)?;
    if let (Check::Entries { .. }, Value::List(entries)) = (key.check, &mut value) {
        // Kafka drops an entry's second mention instead of refusing it (`ConfigDef.parseValue`).
        let mut seen = std::collections::BTreeSet::new();
        entries.retain(|entry| seen.insert(entry.clone()));
    }
    check(key, &value)?;
    Ok(value)
}

/// Turns a synonym's text into the unit of the key it stands for; a text that is no number stays as it is. A negative
/// number of hours or minutes means no bound, which is -1 (`KafkaConfig.logRetentionTimeMillis`).
pub fn convert(text: &str, factor: i64) -> String {
    match text.trim().parse::<i64>() {
        Ok(number) if factor != 1 && number < 0 => "-1".to_owned(),
        Ok(number) if factor != 1 => number.saturating_mul(factor).to_string(),
        _ => text.to_owned(),
    }
}

fn parse(key: &Key, text: &str) -> Result<Value, BadValue> {
    let trimmed = text.trim();
    let number = |low: i64, high: i64| {
        trimmed
            .parse::<i64>()
            .ok()
            .filter(|number| (low..=high).contains(number))
            .map(Value::Number)
            .ok_or_else(|| not_a_number(key, text))
    };
    match key.kind {
        Kind::Boolean if trimmed.eq_ignore_ascii_case("true") => Ok(Value::Boolean(true)),
        Kind::Boolean if trimmed.eq_ignore_ascii_case("false") => Ok(Value::Boolean(false)),
        Kind::Boolean => Err(BadValue::new(
            key.name,
            text,
            "Expected value to be either true or false",
        )),
        Kind::Short => number(i64::from(i16::MIN), i64::from(i16::MAX)),
        Kind::Int => number(i64::from(i32::MIN), i64::from(i32::MAX)),
        Kind::Long => number(i64::MIN, i64::MAX),
        Kind::Double => trimmed
            .parse()
            .map(Value::Double)
            .map_err(|_| not_a_number(key, text)),
        Kind::String | Kind::Class | Kind::Password => Ok(Value::Text(trimmed.to_owned())),
        Kind::List if trimmed.is_empty() => Ok(Value::List(Vec::new())),
        Kind::List => Ok(Value::List(
            trimmed
                .split(',')
                .map(|entry| entry.trim().to_owned())
                .collect(),
        )),
    }
}

fn not_a_number(key: &Key, text: &str) -> BadValue {
    BadValue::new(
        key.name,
        text,
        &format!("Not a number of type {}", key.kind.name()),
    )
}

fn check(key: &Key, value: &Value) -> Result<(), BadValue> {
    let bad = |message: String| Err(BadValue::new(key.name, value.to_text(), &message));
    match (key.check, value) {
        (Check::AtLeast(low), Value::Number(number)) if *number < low => {
            bad(format!("Value must be at least {low}"))
        }
        (Check::Between(low, _), Value::Number(number)) if *number < low => {
            bad(format!("Value must be at least {low}"))
        }
        (Check::Between(_, high), Value::Number(number)) if *number > high => {
            bad(format!("Value must be no more than {high}"))
        }
        // Written so that a value that is no number fails too.
        (Check::Fraction(low, _), Value::Double(number)) if *number < low || number.is_nan() => {
            bad(format!("Value must be at least {low}"))
        }
        (Check::Fraction(_, high), Value::Double(number)) if *number > high => {
            bad(format!("Value must be no more than {high}"))
        }
        (Check::OneOf(allowed), Value::Text(text)) if !allowed.contains(&text.as_str()) => {
            bad(format!("String must be one of: {}", allowed.join(", ")))
        }
        (Check::OneOfIgnoringCase(allowed), Value::Text(text))
            if !allowed.iter().any(|one| one.eq_ignore_ascii_case(text)) =>
        {
            bad(format!(
                "String must be one of (case insensitive): {}",
                allowed.join(", ")
            ))
        }
        (Check::NotEmpty, Value::Text(text)) if text.is_empty() => {
            bad("String must be non-empty".to_owned())
        }
        (Check::GzipLevel, Value::Number(number)) if *number != -1 && !(1..=9).contains(number) => {
            bad("Value must be between 1 and 9 or equal to -1".to_owned())
        }
        (Check::OffsetReset, Value::Text(text)) if !is_offset_reset(text) => bad(format!(
            "Invalid value `{text}` for configuration {}. The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.",
            key.name
        )),
        (Check::ThrottledReplicas, Value::List(entries)) => check_throttled(key, entries),
        (
            Check::Entries {
                allowed,
                may_be_empty,
            },
            Value::List(entries),
        ) => check_entries(key, entries, allowed, may_be_empty),
        _ => Ok(()),
    }
}

/// `ConfigDef.ValidList`.
fn check_entries(
    key: &Key,
    entries: &[String],
    allowed: &[&str],
    may_be_empty: bool,
) -> Result<(), BadValue> {
    let name = key.name;
    if entries.is_empty() && !may_be_empty {
        let valid = if allowed.is_empty() {
            "any non-empty value".to_owned()
        } else {
            format!("[{}]", allowed.join(", "))
        };
        return Err(BadValue(format!(
            "Configuration '{name}' must not be empty. Valid values include: {valid}"
        )));
    }
    for entry in entries {
        if entry.is_empty() {
            return Err(BadValue(format!(
                "Configuration '{name}' values must not be empty."
            )));
        }
        if !allowed.is_empty() && !allowed.contains(&entry.as_str()) {
            return Err(BadValue::new(
                name,
                entry,
                &format!("String must be one of: {}", allowed.join(", ")),
            ));
        }
    }
    Ok(())
}

/// `ThrottledReplicaListValidator`.
fn check_throttled(key: &Key, entries: &[String]) -> Result<(), BadValue> {
    let is_pair = |entry: &String| {
        entry.split_once(':').is_some_and(|(partition, broker)| {
            let digits =
                |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits(partition) && digits(broker)
        })
    };
    if matches!(entries, [only] if only == "*") || entries.iter().all(is_pair) {
        return Ok(());
    }
    Err(BadValue::new(
        key.name,
        format!("[{}]", entries.join(", ")),
        &format!(
            "{} must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...",
            key.name
        ),
    ))
}

/// `latest`, `earliest` or `by_duration:` with a positive ISO 8601 duration of days and time.
fn is_offset_reset(text: &str) -> bool {
    if matches!(text, "latest" | "earliest") {
        return true;
    }
    let Some(duration) = text.strip_prefix("by_duration:P") else {
        return false;
    };
    let (days, time) = match duration.split_once('T') {
        Some((days, time)) if !time.is_empty() => (days, time),
        Some(_) => return false,
        None => (duration, ""),
    };
    !duration.is_empty() && is_amounts(days, "D") && is_amounts(time, "HMS")
}

/// Numbers each followed by one of `units`, in that order; only seconds may have a fraction.
fn is_amounts(mut text: &str, units: &str) -> bool {
    let mut next_unit = 0;
    while !text.is_empty() {
        let Some(end) = text.find(|letter: char| letter.is_ascii_uppercase()) else {
            return false;
        };
        let (amount, rest) = text.split_at(end);
        let unit = &rest[..1];
        let Some(at) = units.find(unit).filter(|at| *at >= next_unit) else {
            return false;
        };
        let digits =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let is_amount = match amount.split_once('.') {
            Some((whole, fraction)) => unit == "S" && digits(whole) && digits(fraction),
            None => digits(amount),
        };
        if !is_amount {
            return false;
        }
        next_unit = at + 1;
        text = &rest[1..];
    }
    true
}

/// A double as Java's `Double.toString` writes it.
fn double_text(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 || (1e-3..1e7).contains(&magnitude) {
        let plain = value.to_string();
        return if plain.contains('.') {
            plain
        } else {
            format!("{plain}.0")
        };
    }
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN".to_owned()
        } else {
            format!("{}Infinity", if value < 0.0 { "-" } else { "" })
        };
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific
        .split_once('e')
        .expect("`{:e}` always writes an exponent");
    let point = if digits.contains('.') { "" } else { ".0" };
    format!("{digits}{point}E{exponent}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys::{self, Level};

    #[test]
    fn values_are_read_or_refused_with_kafkas_message() {
        let cases: &[(Level, &str, &str, Result<&str, &str>)] = &[
            (Level::Topic, "retention.ms", " 5 ", Ok("5")),
            (Level::Topic, "preallocate", "TRUE", Ok("true")),
            (
                Level::Topic,
                "cleanup.policy",
                "compact, delete",
                Ok("compact,delete"),
            ),
            (Level::Topic, "cleanup.policy", "", Ok("")),
            (Level::Topic, "min.cleanable.dirty.ratio", "1", Ok("1.0")),
            (
                Level::Topic,
                "leader.replication.throttled.replicas",
                "*",
                Ok("*"),
            ),
            (
                Level::Topic,
                "leader.replication.throttled.replicas",
                "0:1,1:2",
                Ok("0:1,1:2"),
            ),
            (
                Level::Group,
                "share.auto.offset.reset",
                "by_duration:P1DT2H3.5S",
                Ok("by_duration:P1DT2H3.5S"),
            ),
            (
                Level::Topic,
                "retention.ms",
                "-2",
                Err("Invalid value -2 for configuration retention.ms: Value must be at least -1"),
            ),
            (
                Level::Topic,
                "segment.bytes",
                "10",
                Err(
                    "Invalid value 10 for configuration segment.bytes: Value must be at least 1048576",
                ),
            ),
            (
                Level::Topic,
                "segment.bytes",
                "9999999999",
                Err(
                    "Invalid value 9999999999 for configuration segment.bytes: Not a number of type INT",
                ),
            ),
            (
                Level::Topic,
                "preallocate",
                "yes",
                Err(
                    "Invalid value yes for configuration preallocate: Expected value to be either true or false",
                ),
            ),
            (
                Level::Topic,
                "cleanup.policy",
                "keep",
                Err(
                    "Invalid value keep for configuration cleanup.policy: String must be one of: compact, delete",
                ),
            ),
            (
                Level::Topic,
                "cleanup.policy",
                "delete,compact,delete",
                Ok("delete,compact"),
            ),
            (
                Level::Topic,
                "cleanup.policy",
                "delete,",
                Err("Configuration 'cleanup.policy' values must not be empty."),
            ),
            (
                Level::Topic,
                "min.cleanable.dirty.ratio",
                "1.5",
                Err(
                    "Invalid value 1.5 for configuration min.cleanable.dirty.ratio: Value must be no more than 1",
                ),
            ),
            (
                Level::Topic,
                "compression.gzip.level",
                "0",
                Err(
                    "Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1",
                ),
            ),
            (
                Level::Broker,
                "listeners",
                "",
                Err(
                    "Configuration 'listeners' must not be empty. Valid values include: any non-empty value",
                ),
            ),
            (
                Level::Group,
                "share.auto.offset.reset",
                "by_duration:1D",
                Err(
                    "Invalid value by_duration:1D for configuration share.auto.offset.reset: Invalid value `by_duration:1D` for configuration share.auto.offset.reset. The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.",
                ),
            ),
        ];
        for (level, name, text, expected) in cases {
            let key = keys::find(*level, name).unwrap();
            let got = read(key, text)
                .map(|value| value.to_text())
                .map_err(|bad| bad.to_string());
            assert_eq!(
                got.as_deref().map_err(String::as_str),
                *expected,
                "{name}={text}"
            );
        }
    }

    #[test]
    fn doubles_are_written_as_java_writes_them() {
        for (value, text) in [
            (0.9, "0.9"),
            (1.0, "1.0"),
            (f64::MAX, "1.7976931348623157E308"),
            (1e7, "1.0E7"),
            (0.0, "0.0"),
            (1e-4, "1.0E-4"),
        ] {
            assert_eq!(double_text(value), text);
        }
    }
}
