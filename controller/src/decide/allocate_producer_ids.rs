//! AllocateProducerIds (67): a broker takes a block of producer ids, none of which was or will be given to anyone else.

use super::broker_heartbeat::registered;
use crate::image::Image;
use crate::outcome::Outcome;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::allocate_producer_ids::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse,
};
use ottla_protocol::records::metadata::{MetadataRecord, ProducerIdsRecord};

/// How many ids a block has (Kafka's `ProducerIdsBlock`).
pub const BLOCK_SIZE: i32 = 1000;

/// Decides a request.
pub fn allocate_producer_ids(
    image: &Image,
    request: &AllocateProducerIdsRequest,
) -> Outcome<AllocateProducerIdsResponse> {
    if let Err(refusal) = registered(image, request.broker_id, request.broker_epoch) {
        return refused(refusal.code);
    }
    let first = image.producer_ids.next;
    let Some(next) = first.checked_add(i64::from(BLOCK_SIZE)) else {
        return refused(ErrorCode::UNKNOWN_SERVER_ERROR);
    };
    let record = ProducerIdsRecord {
        broker_id: request.broker_id,
        broker_epoch: request.broker_epoch,
        next_producer_id: next,
        ..Default::default()
    };
    let response = AllocateProducerIdsResponse {
        producer_id_start: first,
        producer_id_len: BLOCK_SIZE,
        ..Default::default()
    };
    Outcome {
        records: vec![MetadataRecord::ProducerIds(record)],
        response,
    }
}

fn refused(error_code: ErrorCode) -> Outcome<AllocateProducerIdsResponse> {
    Outcome::unchanged(AllocateProducerIdsResponse {
        error_code,
        ..Default::default()
    })
}
