//! Arbitrary batches against arbitrary rules: what is sent is stored, and nothing panics.

use proptest::prelude::*;

use super::tests::{NOW, batch_of, contents, produce, whole};
use super::*;
use crate::batch::compress::Compression;
use crate::batch::{
    Attributes, BatchBuilder, BatchHeader, Codec, HEADER_SIZE_BYTES, NewRecord, check,
};

proptest! {
    #[test]
    fn any_records_survive_any_topic(
        sent in proptest::collection::vec((0..NOW, proptest::option::of(proptest::collection::vec(any::<u8>(), 0..20)),
            proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200))), 1..30),
        source in 0..5i16,
        target in 0..6i16,
    ) {
        let source = Codec::from_id(source).expect("0 to 4");
        let compression = Codec::from_id(target).map_or(TopicCompression::Producer, |codec| TopicCompression::Fixed(Compression::of(codec)));
        let mut builder = BatchBuilder::new().compression(Compression::of(source));
        for (timestamp, key, value) in &sent {
            builder.push(NewRecord { timestamp: *timestamp, key: key.as_deref(), value: value.as_deref(), headers: &[(b"h", None), (b"h", Some(b"v"))] });
        }
        let valid = produce(builder.build(), &Rules { compression, ..Rules::default() }).expect("a good batch");
        prop_assert_eq!(contents(&valid), sent);
        prop_assert!(check(whole(&valid)).is_ok());
    }

    #[test]
    fn any_bytes_are_accepted_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = produce(bytes.into(), &Rules::default());
    }

    #[test]
    fn any_records_behind_a_good_head_are_accepted_or_refused(
        plain in proptest::collection::vec(any::<u8>(), 0..200),
        attributes in any::<i16>(),
        count in 0..20i32,
    ) {
        let header = BatchHeader {
            attributes: Attributes(attributes & !0x20),
            record_count: count,
            last_offset_delta: count - 1,
            ..BatchHeader::parse(&batch_of(Codec::None, &[1])).expect("a batch")
        };
        let mut bytes = vec![0; HEADER_SIZE_BYTES];
        bytes.extend_from_slice(&plain);
        let batch = crate::batch::build::seal(header, bytes).1;
        for compression in [TopicCompression::Producer, TopicCompression::Fixed(Compression::of(Codec::Snappy))] {
            if let Ok(valid) = produce(batch.clone(), &Rules { compression, ..Rules::default() }) {
                contents(&valid);
            }
        }
    }
}
