//! RaftCall (key 1000) and JoinQuorum (key 1001): what the nodes of a quorum ask each other. Ours, not Kafka's, and not advertised.
//!
//! Answered on the controller's runtime by the controller itself, so that neither a slow disk nor a busy data path delays them.

use super::QuorumApi;
use crate::metadata::quorum_messages::{
    JoinQuorumRequest, JoinQuorumResponse, RaftCallRequest, RaftCallResponse,
};
use crate::metadata::seat::Seat;
use std::sync::Arc;

pub struct RaftCall;

impl QuorumApi for RaftCall {
    type Request = RaftCallRequest;

    async fn handle(seat: Arc<Seat>, request: RaftCallRequest) -> RaftCallResponse {
        RaftCallResponse {
            payload: seat.controller.answer(request.payload).await,
            ..Default::default()
        }
    }
}

pub struct JoinQuorum;

impl QuorumApi for JoinQuorum {
    type Request = JoinQuorumRequest;

    async fn handle(seat: Arc<Seat>, request: JoinQuorumRequest) -> JoinQuorumResponse {
        seat.answer(request).await
    }
}
