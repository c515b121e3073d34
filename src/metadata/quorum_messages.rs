//! What the nodes of a quorum say to each other beside Kafka's APIs: private keys from 1000 up, never advertised, served on controller
//! listeners and, for learners, on the inter-broker listener. ClusterAction is required once there are ACLs.
//!
//! A [`RaftCallRequest`] carries what `ottla_controller`'s `raft::rpc` writes, which has a version of its own.

use ottla_protocol::derive::Message;
use ottla_protocol::{Bytes, ErrorCode, Str, TaggedFields, Uuid};

/// Keys from here on are ours.
pub const PRIVATE_KEYS_FROM: i16 = 1000;

/// Raft's own requests, undecoded.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 1000, response = RaftCallResponse, versions = "0", flexible = "0..")]
pub struct RaftCallRequest {
    pub payload: Bytes,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered; no payload when the node is stopping.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct RaftCallResponse {
    #[kafka(default = None)]
    pub payload: Option<Bytes>,
    pub unknown_tagged_fields: TaggedFields,
}

/// A node tells who and where it is, asks what the other knows of the quorum, and, if it `wants` to, to be taken in.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 1001, response = JoinQuorumResponse, versions = "0", flexible = "0..")]
pub struct JoinQuorumRequest {
    /// Of its directories, or of its environment; null if it does not know of any.
    pub cluster_id: Option<Str>,
    pub node_id: i32,
    pub directory_id: Uuid,
    pub endpoints: Vec<QuorumEndpoint>,
    /// 0 to look, 1 to follow, 2 to vote as well.
    pub wants: i8,
    pub unknown_tagged_fields: TaggedFields,
}

/// Where a node of the quorum is reached.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct QuorumEndpoint {
    pub listener: Str,
    pub host: Str,
    pub port: u16,
    pub unknown_tagged_fields: TaggedFields,
}

/// What the node that was asked knows, and what became of the wish.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct JoinQuorumResponse {
    /// INCONSISTENT_CLUSTER_ID: they never meet. NOT_CONTROLLER: ask the leader. REQUEST_TIMED_OUT: not all of the wish is granted yet.
    /// DUPLICATE_VOTER: not possible, see the message.
    pub error_code: ErrorCode,
    pub error_message: Option<Str>,
    pub cluster_id: Option<Str>,
    pub node_id: i32,
    pub directory_id: Uuid,
    /// It has no log: it has never belonged to a quorum.
    pub is_empty: bool,
    /// The node ids of its `controller.quorum.voters`, ascending: only those that name the same found a cluster together.
    pub voters: Vec<i32>,
    /// -1 if it knows of none.
    pub leader_id: i32,
    pub leader_endpoints: Vec<QuorumEndpoint>,
    pub unknown_tagged_fields: TaggedFields,
}

/// The wishes of a [`JoinQuorumRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Look,
    Follow,
    Vote,
}

impl Wish {
    pub const fn wire_id(self) -> i8 {
        match self {
            Self::Look => 0,
            Self::Follow => 1,
            Self::Vote => 2,
        }
    }

    /// `None` for a number of a later version.
    pub const fn of_wire(id: i8) -> Option<Self> {
        match id {
            0 => Some(Self::Look),
            1 => Some(Self::Follow),
            2 => Some(Self::Vote),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_protocol::{Decoder, Encoder, Message};

    /// A released node must understand the next release.
    #[test]
    fn what_nodes_say_to_each_other_keeps_its_bytes() {
        let request = JoinQuorumRequest {
            cluster_id: Some("c".into()),
            node_id: 2,
            directory_id: Uuid([7; 16]),
            endpoints: vec![QuorumEndpoint {
                listener: "L".into(),
                host: "h".into(),
                port: 9093,
                ..Default::default()
            }],
            wants: Wish::Vote.wire_id(),
            ..Default::default()
        };
        let mut to = Encoder::new();
        request.encode(&mut to, 0).unwrap();
        let bytes = to.into_bytes();
        let mut expected = vec![2, b'c', 0, 0, 0, 2];
        expected.extend([7; 16]);
        expected.extend([2, 2, b'L', 2, b'h', 0x23, 0x85, 0, 2, 0]);
        assert_eq!(&bytes[..], expected);
        let read = JoinQuorumRequest::decode(&mut Decoder::new(bytes), 0).unwrap();
        assert_eq!(read, request);
    }

    #[test]
    fn a_raft_call_carries_its_bytes_as_they_are() {
        let request = RaftCallRequest {
            payload: Bytes::from_static(b"raft"),
            ..Default::default()
        };
        let mut to = Encoder::new();
        request.encode(&mut to, 0).unwrap();
        assert_eq!(&to.into_bytes()[..], [5, b'r', b'a', b'f', b't', 0]);
    }
}
