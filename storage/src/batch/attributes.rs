//! The `attributes` field of a batch: which bits mean what.
//!
//! ```text
//!   bit   15 … 7   |      6         |    5    |       4       |       3        |  2 … 0
//!         unused   | delete horizon | control | transactional | timestamp type |  codec
//! ```

/// Compression of a batch's records (bits 0–2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

/// Whether timestamps are the producer's or the broker's (KIP-32).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TimestampType {
    #[default]
    CreateTime,
    LogAppendTime,
}

/// The field as it stands in the batch; unknown bits are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Attributes(pub i16);

impl Codec {
    pub const ALL: [Codec; 5] = [
        Codec::None,
        Codec::Gzip,
        Codec::Snappy,
        Codec::Lz4,
        Codec::Zstd,
    ];

    /// The codec with this number (0–4), as in the attributes.
    pub fn from_id(id: i16) -> Option<Codec> {
        usize::try_from(id)
            .ok()
            .and_then(|index| Self::ALL.get(index).copied())
    }

    pub fn id(self) -> i16 {
        self as i16
    }

    /// Kafka's name, as in `compression.type` (`"none"`; the topic config calls that one `uncompressed`).
    pub fn name(self) -> &'static str {
        match self {
            Codec::None => "none",
            Codec::Gzip => "gzip",
            Codec::Snappy => "snappy",
            Codec::Lz4 => "lz4",
            Codec::Zstd => "zstd",
        }
    }
}

impl Attributes {
    const CODEC: i16 = 0x07;
    const TIMESTAMP_TYPE: i16 = 0x08;
    const TRANSACTIONAL: i16 = 0x10;
    const CONTROL: i16 = 0x20;
    const DELETE_HORIZON: i16 = 0x40;

    /// `None` for the numbers 5–7, which no codec has.
    pub fn codec(self) -> Option<Codec> {
        Codec::from_id(self.0 & Self::CODEC)
    }

    pub fn timestamp_type(self) -> TimestampType {
        if self.has(Self::TIMESTAMP_TYPE) {
            TimestampType::LogAppendTime
        } else {
            TimestampType::CreateTime
        }
    }

    pub fn is_transactional(self) -> bool {
        self.has(Self::TRANSACTIONAL)
    }

    /// A batch of control records (transaction markers and the like), which consumers never see.
    pub fn is_control(self) -> bool {
        self.has(Self::CONTROL)
    }

    /// The base timestamp is the time from which tombstones may be dropped (KIP-534).
    pub fn has_delete_horizon(self) -> bool {
        self.has(Self::DELETE_HORIZON)
    }

    pub fn with_codec(self, codec: Codec) -> Attributes {
        Attributes((self.0 & !Self::CODEC) | codec.id())
    }

    pub fn with_timestamp_type(self, timestamp_type: TimestampType) -> Attributes {
        self.with(
            Self::TIMESTAMP_TYPE,
            timestamp_type == TimestampType::LogAppendTime,
        )
    }

    pub fn with_transactional(self, is_transactional: bool) -> Attributes {
        self.with(Self::TRANSACTIONAL, is_transactional)
    }

    pub fn with_control(self, is_control: bool) -> Attributes {
        self.with(Self::CONTROL, is_control)
    }

    pub fn with_delete_horizon(self, has_delete_horizon: bool) -> Attributes {
        self.with(Self::DELETE_HORIZON, has_delete_horizon)
    }

    fn has(self, bit: i16) -> bool {
        self.0 & bit != 0
    }

    fn with(self, bit: i16, set: bool) -> Attributes {
        Attributes(if set { self.0 | bit } else { self.0 & !bit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bit_is_where_kafka_has_it() {
        let all = Attributes::default()
            .with_codec(Codec::Zstd)
            .with_timestamp_type(TimestampType::LogAppendTime)
            .with_transactional(true)
            .with_control(true)
            .with_delete_horizon(true);
        assert_eq!(all.0, 0b111_1100);
        assert_eq!(all.codec(), Some(Codec::Zstd));
        assert_eq!(
            all.with_codec(Codec::None).with_control(false).0,
            0b101_1000
        );
    }

    #[test]
    fn codec_numbers_without_a_codec_have_none() {
        for id in 5..8 {
            assert_eq!(Attributes(id).codec(), None);
        }
        for codec in Codec::ALL {
            assert_eq!(Codec::from_id(codec.id()), Some(codec));
        }
    }
}
