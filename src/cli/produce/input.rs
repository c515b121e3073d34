//! From bytes to records: cut at delimiters, keys parted from values. Pure.

/// How input is cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// Between records; never empty.
    pub delimiter: Vec<u8>,
    pub key_delimiter: Option<Vec<u8>>,
    /// Of every record.
    pub key: Option<Vec<u8>>,
    pub is_null_when_empty: bool,
}

/// A record to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
}

/// What was read and is not yet a whole record.
pub struct Input {
    cut: Cut,
    rest: Vec<u8>,
}

impl Input {
    pub fn new(cut: Cut) -> Self {
        Self {
            cut,
            rest: Vec::new(),
        }
    }

    /// The records that are whole now. At the end, what is left is one too.
    pub fn take(&mut self, bytes: &[u8], is_over: bool) -> Vec<Record> {
        let delimiter = &self.cut.delimiter;
        // A delimiter may have begun in what was left.
        let mut looked = self.rest.len().saturating_sub(delimiter.len());
        self.rest.extend_from_slice(bytes);
        let (mut records, mut start) = (Vec::new(), 0);
        while let Some(at) = position(&self.rest[looked..], delimiter) {
            let end = looked + at;
            records.push(self.record(&self.rest[start..end]));
            start = end + delimiter.len();
            looked = start;
        }
        self.rest.drain(..start);
        if is_over && !self.rest.is_empty() {
            records.push(self.record(&self.rest));
            self.rest.clear();
        }
        records
    }

    fn record(&self, bytes: &[u8]) -> Record {
        let some = |bytes: &[u8]| match bytes.is_empty() && self.cut.is_null_when_empty {
            true => None,
            false => Some(bytes.to_vec()),
        };
        let parted = self.cut.key_delimiter.as_ref().and_then(|delimiter| {
            let at = position(bytes, delimiter)?;
            Some((&bytes[..at], &bytes[at + delimiter.len()..]))
        });
        match parted {
            Some((key, value)) => Record {
                key: some(key),
                value: some(value),
            },
            None => Record {
                key: self.cut.key.clone(),
                value: some(bytes),
            },
        }
    }
}

fn position(bytes: &[u8], what: &[u8]) -> Option<usize> {
    if what.is_empty() {
        return None;
    }
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: Option<&str>, value: Option<&str>) -> Record {
        let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
        Record {
            key: bytes(key),
            value: bytes(value),
        }
    }

    #[test]
    fn records_are_cut_wherever_reads_end() {
        let text = b"one\r\ntwo\r\n\r\nthree";
        for size in 1..text.len() {
            let mut input = Input::new(Cut {
                delimiter: b"\r\n".to_vec(),
                ..Cut::default()
            });
            let mut found: Vec<Record> = text
                .chunks(size)
                .flat_map(|chunk| input.take(chunk, false))
                .collect();
            found.extend(input.take(b"", true));
            let expected = ["one", "two", "", "three"].map(|text| record(None, Some(text)));
            assert_eq!(found, expected, "in reads of {size}");
        }
    }

    #[test]
    fn keys_are_parted_from_values_and_what_is_empty_may_be_null() {
        let mut input = Input::new(Cut {
            delimiter: b"\n".to_vec(),
            key_delimiter: Some(b":".to_vec()),
            key: None,
            is_null_when_empty: true,
        });
        let found = input.take(b"a:b:c\na:\n:b\nno key\n", true);
        let expected = [
            record(Some("a"), Some("b:c")),
            record(Some("a"), None),
            record(None, Some("b")),
            record(None, Some("no key")),
        ];
        assert_eq!(found, expected);
    }
}
