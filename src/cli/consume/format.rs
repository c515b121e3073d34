//! How a record is printed. Pure.

use crate::cli::escape::unescaped;
use crate::cli::json::Json;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ottla_storage::batch::Header;

/// A record as it is printed.
#[derive(Clone, Debug)]
pub struct Shown<'a> {
    pub topic: &'a str,
    pub partition: i32,
    pub offset: i64,
    pub timestamp: i64,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub headers: Vec<Header<'a>>,
}

/// See the module.
pub struct Format(Kind);

enum Kind {
    Json,
    Parts(Vec<Part>),
}

enum Part {
    Text(Vec<u8>),
    Field(u8),
}

impl Format {
    /// One object per line.
    pub fn json() -> Self {
        Self(Kind::Json)
    }

    /// As kcat's `-f`; what is no field stands for itself.
    pub fn parse(text: &str) -> Self {
        let bytes = unescaped(text);
        let (mut parts, mut plain) = (Vec::new(), Vec::new());
        let mut rest = bytes.iter().copied();
        while let Some(byte) = rest.next() {
            if byte != b'%' {
                plain.push(byte);
                continue;
            }
            match rest.next() {
                Some(field @ (b't' | b'p' | b'o' | b'T' | b'k' | b'K' | b's' | b'S' | b'h')) => {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                    parts.push(Part::Field(field));
                }
                Some(b'%') => plain.push(b'%'),
                Some(other) => plain.extend([b'%', other]),
                None => plain.push(b'%'),
            }
        }
        parts.push(Part::Text(plain));
        Self(Kind::Parts(parts))
    }

    /// Appends a record.
    pub fn write(&self, record: &Shown<'_>, to: &mut Vec<u8>) {
        match &self.0 {
            Kind::Json => {
                to.extend_from_slice(json(record).to_string().as_bytes());
                to.push(b'\n');
            }
            Kind::Parts(parts) => {
                for part in parts {
                    match part {
                        Part::Text(text) => to.extend_from_slice(text),
                        Part::Field(field) => write_field(*field, record, to),
                    }
                }
            }
        }
    }
}

fn write_field(field: u8, record: &Shown<'_>, to: &mut Vec<u8>) {
    let length = |bytes: Option<&[u8]>| match bytes {
        Some(bytes) => bytes.len().to_string(),
        None => "-1".to_owned(),
    };
    match field {
        b't' => to.extend_from_slice(record.topic.as_bytes()),
        b'p' => to.extend_from_slice(record.partition.to_string().as_bytes()),
        b'o' => to.extend_from_slice(record.offset.to_string().as_bytes()),
        b'T' => to.extend_from_slice(record.timestamp.to_string().as_bytes()),
        b'k' => to.extend_from_slice(record.key.unwrap_or_default()),
        b'K' => to.extend_from_slice(length(record.key).as_bytes()),
        b's' => to.extend_from_slice(record.value.unwrap_or_default()),
        b'S' => to.extend_from_slice(length(record.value).as_bytes()),
        _ => {
            for (index, header) in record.headers.iter().enumerate() {
                to.extend_from_slice(if index > 0 { b"," } else { b"" });
                to.extend_from_slice(header.key);
                to.push(b'=');
                to.extend_from_slice(header.value.unwrap_or(b"NULL"));
            }
        }
    }
}

/// Text as text; what is none as `{"base64": …}`.
fn bytes(bytes: Option<&[u8]>) -> Json {
    let Some(bytes) = bytes else {
        return Json::Null;
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => Json::Object(vec![("base64", STANDARD.encode(bytes).into())]),
    }
}

fn json(record: &Shown<'_>) -> Json {
    let header = |header: &Header<'_>| {
        Json::Object(vec![
            ("name", String::from_utf8_lossy(header.key).as_ref().into()),
            ("value", bytes(header.value)),
        ])
    };
    Json::Object(vec![
        ("topic", record.topic.into()),
        ("partition", record.partition.into()),
        ("offset", record.offset.into()),
        ("timestamp", record.timestamp.into()),
        ("key", bytes(record.key)),
        ("value", bytes(record.value)),
        (
            "headers",
            Json::List(record.headers.iter().map(header).collect()),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Shown<'static> {
        Shown {
            topic: "orders",
            partition: 2,
            offset: 7,
            timestamp: 99,
            key: None,
            value: Some(b"v"),
            headers: vec![
                Header {
                    key: b"a",
                    value: Some(b"1"),
                },
                Header {
                    key: b"b",
                    value: None,
                },
            ],
        }
    }

    fn written(format: &Format, record: &Shown<'_>) -> String {
        let mut to = Vec::new();
        format.write(record, &mut to);
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn every_field_is_printed_as_kcat_does() {
        let format = Format::parse(r"%t/%p@%o %T %K[%k] %S[%s] %h 100%% %x\n");
        assert_eq!(
            written(&format, &record()),
            "orders/2@7 99 -1[] 1[v] a=1,b=NULL 100% %x\n"
        );
    }

    #[test]
    fn a_line_of_json_holds_text_as_text_and_other_bytes_as_base64() {
        let mut record = record();
        record.key = Some(&[0xff, 0]);
        assert_eq!(
            written(&Format::json(), &record),
            "{\"topic\":\"orders\",\"partition\":2,\"offset\":7,\"timestamp\":99,\"key\":{\"base64\":\"/wA=\"},\"value\":\"v\",\"headers\":[{\"name\":\"a\",\"value\":\"1\"},{\"name\":\"b\",\"value\":null}]}\n"
        );
    }
}
