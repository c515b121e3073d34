//! InitProducerId (key 22), versions 0-5.
//!
//! v2 flexible; v3 expected id and epoch (KIP-360); v4 PRODUCER_FENCED (KIP-588); v5 TRANSACTION_ABORTABLE (KIP-890).
//! v6 (KIP-939) is unstable in Kafka and not served.
//!
//! Idempotent producers only, until transactions are built: nobody coordinates a transactional id, so it is answered NOT_COORDINATOR, and
//! the client that then looks for the coordinator is told why there is none (see `find_coordinator`).

use super::{Api, Caller, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use std::sync::Arc;

const NO_PRODUCER_ID: i64 = -1;
const NO_PRODUCER_EPOCH: i16 = -1;

pub struct InitProducerId;

impl Api for InitProducerId {
    type Request = InitProducerIdRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    const NEEDS: Needs = &[
        (Operation::Write, ResourceType::TransactionalId),
        (Operation::IdempotentWrite, ResourceType::Cluster),
        (Operation::Write, ResourceType::Topic),
    ];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: InitProducerIdRequest,
    ) -> Reply<InitProducerIdResponse> {
        let caller = context.caller(&meta);
        let refused = may_produce(&caller, &request).err();
        if let Some(error) = refused.or_else(|| refusal(&request)) {
            return Reply::Now(failed(error));
        }
        Reply::Now(match context.producer_ids.next().await {
            Ok(producer_id) => InitProducerIdResponse {
                producer_id,
                producer_epoch: 0,
                ..Default::default()
            },
            Err(error) => failed(error),
        })
    }
}

/// Whoever may write to some topic may do so idempotently (KIP-679).
fn may_produce(caller: &Caller, request: &InitProducerIdRequest) -> Result<(), ErrorCode> {
    if let Some(id) = &request.transactional_id {
        return caller.may(Operation::Write, Resource::TransactionalId(id));
    }
    match caller.could_to_some(Operation::Write, ResourceType::Topic) {
        true => Ok(()),
        false => caller.may(Operation::IdempotentWrite, Resource::Cluster),
    }
}

/// `KafkaApis.handleInitProducerIdRequest`, `TransactionCoordinator.handleInitProducerId`. An idempotent producer gets a fresh
/// id whatever id and epoch it names, as long as it names both or neither.
fn refusal(request: &InitProducerIdRequest) -> Option<ErrorCode> {
    let names_id = request.producer_id != NO_PRODUCER_ID;
    let names_epoch = request.producer_epoch != NO_PRODUCER_EPOCH;
    match &request.transactional_id {
        _ if names_id != names_epoch => Some(ErrorCode::INVALID_REQUEST),
        None => None,
        Some(id) if id.is_empty() => Some(ErrorCode::INVALID_REQUEST),
        Some(_) => Some(ErrorCode::NOT_COORDINATOR),
    }
}

fn failed(error_code: ErrorCode) -> InitProducerIdResponse {
    InitProducerIdResponse {
        error_code,
        producer_id: NO_PRODUCER_ID,
        producer_epoch: NO_PRODUCER_EPOCH,
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_and_an_epoch_come_together_or_not_at_all() {
        let request = |producer_id, producer_epoch| InitProducerIdRequest {
            transactional_id: None,
            producer_id,
            producer_epoch,
            ..Default::default()
        };
        assert_eq!(refusal(&request(-1, -1)), None);
        assert_eq!(refusal(&request(5, 0)), None);
        assert_eq!(refusal(&request(5, -1)), Some(ErrorCode::INVALID_REQUEST));
        assert_eq!(refusal(&request(-1, 0)), Some(ErrorCode::INVALID_REQUEST));
        let transactional = InitProducerIdRequest {
            transactional_id: Some("t".into()),
            ..request(-1, -1)
        };
        assert_eq!(refusal(&transactional), Some(ErrorCode::NOT_COORDINATOR));
    }
}
