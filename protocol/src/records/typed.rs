//! The framing of metadata records (Kafka's `AbstractApiMessageSerde`), and the enums over their kinds.
//!
//! ```text
//! frame version: unsigned varint, 1 │ kind: unsigned varint │ version: unsigned varint │ struct
//! ```

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder};
use crate::{Bytes, Message};

/// The only frame version there is since the preview of KRaft.
const FRAME_VERSION: u32 = 1;

/// Reads what stands before the struct: its kind and version. For records whose kinds are defined elsewhere.
///
/// # Errors
/// Bytes that are not such a frame.
pub fn decode_header(from: &mut Decoder) -> Result<(i16, i16), DecodeError> {
    let frame_version = from.unsigned_varint()?;
    if frame_version != FRAME_VERSION {
        let version = i16::try_from(frame_version).unwrap_or(i16::MAX);
        return Err(DecodeError::UnsupportedVersion {
            message: "MetadataRecordFrame",
            version,
        });
    }
    let kind = from.unsigned_varint()?;
    let kind = i16::try_from(kind).map_err(|_| DecodeError::UnknownRecordType(kind.into()))?;
    let version = i16::try_from(from.unsigned_varint()?).unwrap_or(i16::MAX);
    Ok((kind, version))
}

/// Writes a record of any kind with its frame.
///
/// # Errors
/// A record that the version cannot express.
pub fn encode<M: Message>(kind: i16, message: &M, version: i16) -> Result<Bytes, EncodeError> {
    let mut to = Encoder::new();
    for part in [FRAME_VERSION, kind as u32, version as u32] {
        to.put_unsigned_varint(part);
    }
    message.encode(&mut to, version)?;
    Ok(to.into_bytes())
}

/// Defines the enum of one family of records.
macro_rules! typed_records {
    (
        $(#[$doc:meta])* pub enum $records:ident;
        kinds { $($kind:literal = $variant:ident($record:ty);)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $records { $($variant($record)),* }

        impl $records {
            /// The number that names the kind of the record.
            pub fn kind(&self) -> i16 {
                match self { $(Self::$variant(_) => $kind),* }
            }

            /// The versions in which the record can be written.
            pub fn versions(&self) -> ::core::ops::RangeInclusive<i16> {
                match self { $(Self::$variant(_) => <$record as $crate::Message>::VERSIONS),* }
            }

            /// Reads a record with its frame, and the version it was written in.
            ///
            /// # Errors
            /// Bytes that are not one record, an unknown version or an unknown kind.
            pub fn decode(bytes: $crate::Bytes) -> Result<(Self, i16), $crate::DecodeError> {
                let mut from = $crate::Decoder::new(bytes);
                let (kind, version) = $crate::records::typed::decode_header(&mut from)?;
                let record = Self::decode_body(kind, version, &mut from)?;
                from.finish()?;
                Ok((record, version))
            }

            /// Reads what follows a frame's header.
            ///
            /// # Errors
            /// Bytes that are not the record, an unknown version or an unknown kind.
            pub fn decode_body(
                kind: i16,
                version: i16,
                from: &mut $crate::Decoder,
            ) -> Result<Self, $crate::DecodeError> {
                match kind {
                    $($kind => <$record as $crate::Message>::decode(from, version).map(Self::$variant),)*
                    kind => Err($crate::DecodeError::UnknownRecordType(kind.into())),
                }
            }

            /// Writes the record with its frame.
            ///
            /// # Errors
            /// A record that the version cannot express.
            pub fn encode(&self, version: i16) -> Result<$crate::Bytes, $crate::EncodeError> {
                match self {
                    $(Self::$variant(record) => $crate::records::typed::encode($kind, record, version)),*
                }
            }
        }

        $(
            impl From<$record> for $records {
                fn from(record: $record) -> Self {
                    Self::$variant(record)
                }
            }
        )*
    };
}

pub(super) use typed_records;

#[cfg(test)]
mod tests {
    use crate::records::metadata::{FenceBrokerRecord, MetadataRecord};
    use crate::{Bytes, DecodeError};

    #[test]
    fn a_metadata_record_is_framed_by_three_varints() {
        let record = MetadataRecord::from(FenceBrokerRecord {
            id: 2,
            epoch: 5,
            ..Default::default()
        });
        let bytes = record.encode(0).expect("encodes");
        assert_eq!(bytes[..], [1, 7, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 5, 0]);
        assert_eq!(MetadataRecord::decode(bytes), Ok((record, 0)));
    }

    #[test]
    fn another_frame_version_or_kind_is_refused() {
        assert!(matches!(
            MetadataRecord::decode(Bytes::from_static(&[0, 7, 0])),
            Err(DecodeError::UnsupportedVersion { .. })
        ));
        assert_eq!(
            MetadataRecord::decode(Bytes::from_static(&[1, 0xcf, 0x0f, 0])),
            Err(DecodeError::UnknownRecordType(1999))
        );
    }
}
