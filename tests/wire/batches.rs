//! Record batches as a client makes and reads them.

use ottla_protocol::{Bytes, Records};
use ottla_storage::batch::{BatchBuilder, NewRecord, batches, records};
use ottla_storage::offset::{ProducerEpoch, ProducerId, Sequence};

/// More than any test's batch unfolds to.
const PLAIN_MAX_BYTES: usize = 64 << 20;

/// A record as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub offset: i64,
    pub value: String,
    pub timestamp: i64,
    /// Of its batch.
    pub producer: (i64, i16),
    pub base_sequence: i32,
    /// Of its batch.
    pub base_offset: i64,
}

/// One batch with these values, from an idempotent producer (id, epoch, sequence) or from none.
pub fn batch<V: AsRef<[u8]>>(
    producer: Option<(i64, i16, i32)>,
    timestamp: i64,
    values: &[V],
) -> Bytes {
    let mut builder = BatchBuilder::new();
    if let Some((id, epoch, sequence)) = producer {
        builder = builder.producer(ProducerId(id), ProducerEpoch(epoch), Sequence(sequence));
    }
    for value in values {
        builder.push(NewRecord {
            timestamp,
            value: Some(value.as_ref()),
            ..Default::default()
        });
    }
    builder.build()
}

/// The records of an answer, every checksum checked. Panics on a torn or damaged batch; a partial one at the end is dropped.
pub fn read(from: &Records) -> Vec<Stored> {
    let Records::Bytes(bytes) = from else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for checked in batches(bytes.clone()) {
        let checked = checked.expect("a whole batch with the right checksum");
        let header = checked.header.clone();
        let plain = checked.plain(PLAIN_MAX_BYTES).expect("decompresses");
        for record in records(&plain, header.record_count) {
            let record = record.expect("a well-formed record");
            all.push(Stored {
                offset: header.base_offset.0 + i64::from(record.offset_delta),
                value: String::from_utf8_lossy(record.value.unwrap_or_default()).into_owned(),
                timestamp: header.base_timestamp + record.timestamp_delta,
                producer: (header.producer_id.0, header.producer_epoch.0),
                base_sequence: header.base_sequence.0,
                base_offset: header.base_offset.0,
            });
        }
    }
    all
}
