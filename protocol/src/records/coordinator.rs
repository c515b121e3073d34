//! The framing of coordinator records, and the enums over the kinds of one topic.
//!
//! ```text
//! key    kind i16 │ key struct in its only version, 0
//! value  version i16 │ value struct        (no value: a tombstone, which deletes what the key names)
//! ```
//! A kind that is not known is an error of its own, [`DecodeError::UnknownRecordType`](crate::DecodeError::UnknownRecordType): Kafka skips
//! such records when it loads a shard, as a newer version may have written them.

/// Defines the key and value enums of one topic.
macro_rules! coordinator_records {
    (
        $(#[$key_doc:meta])* pub enum $keys:ident;
        $(#[$value_doc:meta])* pub enum $values:ident;
        kinds { $($kind:literal = $variant:ident($key:ty, $value:ty);)* }
    ) => {
        $(#[$key_doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $keys { $($variant($key)),* }

        $(#[$value_doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $values { $($variant($value)),* }

        impl $keys {
            /// The number that names the kind of the record.
            pub fn kind(&self) -> i16 {
                match self { $(Self::$variant(_) => $kind),* }
            }

            /// Reads a record's key.
            ///
            /// # Errors
            /// Bytes that are not a key, or the key of an unknown kind.
            pub fn decode(bytes: $crate::Bytes) -> Result<Self, $crate::DecodeError> {
                let mut from = $crate::Decoder::new(bytes);
                match from.i16()? {
                    $($kind => <$key as $crate::Message>::decode(&mut from, 0).map(Self::$variant),)*
                    kind => Err($crate::DecodeError::UnknownRecordType(kind.into())),
                }
            }

            /// Writes a record's key.
            ///
            /// # Errors
            /// A string over 32,767 bytes.
            pub fn encode(&self) -> Result<$crate::Bytes, $crate::EncodeError> {
                let mut to = $crate::Encoder::new();
                to.put(&self.kind().to_be_bytes());
                match self {
                    $(Self::$variant(key) => $crate::Message::encode(key, &mut to, 0)?),*
                }
                Ok(to.into_bytes())
            }
        }

        impl $values {
            /// The number that names the kind of the record; it stands in the key.
            pub fn kind(&self) -> i16 {
                match self { $(Self::$variant(_) => $kind),* }
            }

            /// Reads the value of a record whose key is of this kind, and the version it was written in.
            ///
            /// # Errors
            /// Bytes that are not such a value, an unknown version or an unknown kind.
            pub fn decode(kind: i16, bytes: $crate::Bytes) -> Result<(Self, i16), $crate::DecodeError> {
                match kind {
                    $($kind => {
                        let (value, version) = $crate::records::prefixed::decode(bytes)?;
                        Ok((Self::$variant(value), version))
                    })*
                    kind => Err($crate::DecodeError::UnknownRecordType(kind.into())),
                }
            }

            /// Writes a record's value in a version.
            ///
            /// # Errors
            /// A value that the version cannot express.
            pub fn encode(&self, version: i16) -> Result<$crate::Bytes, $crate::EncodeError> {
                match self {
                    $(Self::$variant(value) => $crate::records::prefixed::encode(value, version)),*
                }
            }
        }

        $(
            impl From<$key> for $keys {
                fn from(key: $key) -> Self {
                    Self::$variant(key)
                }
            }

            impl From<$value> for $values {
                fn from(value: $value) -> Self {
                    Self::$variant(value)
                }
            }
        )*
    };
}

pub(super) use coordinator_records;

#[cfg(test)]
mod tests {
    use crate::records::consumer_offsets::classic::{OffsetCommitKey, OffsetCommitValue};
    use crate::records::consumer_offsets::{GroupRecordKey, GroupRecordValue};
    use crate::{Bytes, DecodeError};

    #[test]
    fn a_key_begins_with_its_kind_and_a_value_with_its_version() {
        let key = GroupRecordKey::from(OffsetCommitKey {
            group: "g".into(),
            topic: "t".into(),
            partition: 3,
        });
        let bytes = key.encode().expect("encodes");
        assert_eq!(bytes[..], [0, 1, 0, 1, b'g', 0, 1, b't', 0, 0, 0, 3]);
        assert_eq!(GroupRecordKey::decode(bytes), Ok(key));

        let value = GroupRecordValue::from(OffsetCommitValue {
            offset: 9,
            ..Default::default()
        });
        let bytes = value.encode(3).expect("encodes");
        assert_eq!(bytes[..10], [0, 3, 0, 0, 0, 0, 0, 0, 0, 9]);
        assert_eq!(GroupRecordValue::decode(1, bytes), Ok((value, 3)));
    }

    #[test]
    fn a_key_of_an_unknown_kind_is_told_from_a_damaged_one() {
        assert_eq!(
            GroupRecordKey::decode(Bytes::from_static(&[0, 9, 0, 1, b'g'])),
            Err(DecodeError::UnknownRecordType(9))
        );
        assert!(matches!(
            GroupRecordKey::decode(Bytes::from_static(&[0])),
            Err(DecodeError::Truncated { .. })
        ));
    }
}
