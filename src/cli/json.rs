//! JSON as commands print it with `--json`: written, never read.

use std::fmt;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Flag(bool),
    Number(i64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i32> for Json {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Json {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<&[i32]> for Json {
    fn from(ids: &[i32]) -> Self {
        Self::List(ids.iter().map(|id| (*id).into()).collect())
    }
}

impl From<usize> for Json {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => to.write_str("null"),
            Self::Flag(flag) => write!(to, "{flag}"),
            Self::Number(number) => write!(to, "{number}"),
            Self::Text(text) => quoted(text, to),
            Self::List(values) => {
                to.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    to.write_str(if index > 0 { "," } else { "" })?;
                    value.fmt(to)?;
                }
                to.write_str("]")
            }
            Self::Object(fields) => {
                to.write_str("{")?;
                for (index, (name, value)) in fields.iter().enumerate() {
                    to.write_str(if index > 0 { "," } else { "" })?;
                    quoted(name, to)?;
                    to.write_str(":")?;
                    value.fmt(to)?;
                }
                to.write_str("}")
            }
        }
    }
}

fn quoted(text: &str, to: &mut fmt::Formatter<'_>) -> fmt::Result {
    to.write_str("\"")?;
    for character in text.chars() {
        match character {
            '"' => to.write_str("\\\"")?,
            '\\' => to.write_str("\\\\")?,
            '\n' => to.write_str("\\n")?,
            control if control < ' ' => write!(to, "\\u{:04x}", u32::from(control))?,
            other => write!(to, "{other}")?,
        }
    }
    to.write_str("\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_json_has_them() {
        let value = Json::Object(vec![
            (
                "a",
                Json::List(vec![1.into(), Json::Null, Json::Flag(true)]),
            ),
            ("b", "say \"no\"\n\\\u{1}é".into()),
            ("c", Json::Object(Vec::new())),
        ]);
        assert_eq!(
            value.to_string(),
            r#"{"a":[1,null,true],"b":"say \"no\"\n\\\u0001é","c":{}}"#
        );
    }
}
