//! [`ErrorCode`]: the numbers that answers carry instead of errors.

use std::fmt;

/// An error code. An open set: a newer peer may send one that has no name here.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(pub i16);

macro_rules! define {
    ($($name:ident = $code:literal, $message:literal;)*) => {
        impl ErrorCode {
            $(
                #[doc = $message]
                pub const $name: ErrorCode = ErrorCode($code);
            )*

            /// Every code with a name, ascending.
            pub const ALL: &[ErrorCode] = &[$(ErrorCode($code)),*];

            /// Kafka's name of the code, as in `NOT_COORDINATOR`.
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some(stringify!($name)),)*
                    _ => None,
                }
            }

            /// One sentence for people, for answers that have nothing more precise to say.
            pub fn message(self) -> &'static str {
                match self.0 {
                    $($code => $message,)*
                    _ => "An error that this version does not know.",
                }
            }
        }
    };
}

define! {
    UNKNOWN_SERVER_ERROR = -1, "The broker met an error it has no code for.";
    NONE = 0, "No error.";
    OFFSET_OUT_OF_RANGE = 1, "The offset is outside what the partition holds.";
    CORRUPT_MESSAGE = 2, "A batch failed its checksum or is otherwise damaged.";
    UNKNOWN_TOPIC_OR_PARTITION = 3, "This broker does not know the topic or partition.";
    INVALID_FETCH_SIZE = 4, "The requested fetch size is not valid.";
    LEADER_NOT_AVAILABLE = 5, "The partition has no leader at the moment.";
    NOT_LEADER_OR_FOLLOWER = 6, "This broker does not lead the partition, or is no replica of it.";
    REQUEST_TIMED_OUT = 7, "The request took longer than it was given.";
    BROKER_NOT_AVAILABLE = 8, "The broker is not there.";
    REPLICA_NOT_AVAILABLE = 9, "The replica cannot be read here.";
    MESSAGE_TOO_LARGE = 10, "The batch is larger than the topic allows.";
    STALE_CONTROLLER_EPOCH = 11, "The controller epoch is older than the current one.";
    OFFSET_METADATA_TOO_LARGE = 12, "The metadata stored with an offset is too long.";
    NETWORK_EXCEPTION = 13, "The connection ended before the answer came.";
    COORDINATOR_LOAD_IN_PROGRESS = 14, "The coordinator is still loading its state.";
    COORDINATOR_NOT_AVAILABLE = 15, "No broker coordinates this at the moment.";
    NOT_COORDINATOR = 16, "This broker is not the coordinator.";
    INVALID_TOPIC_EXCEPTION = 17, "The topic name is not valid.";
    RECORD_LIST_TOO_LARGE = 18, "The records are larger than a segment.";
    NOT_ENOUGH_REPLICAS = 19, "Fewer replicas are in sync than the topic demands.";
    NOT_ENOUGH_REPLICAS_AFTER_APPEND = 20, "The records were written, but then fewer replicas were in sync than the topic demands.";
    INVALID_REQUIRED_ACKS = 21, "acks must be -1, 0 or 1.";
    ILLEGAL_GENERATION = 22, "The generation is not the group's current one.";
    INCONSISTENT_GROUP_PROTOCOL = 23, "The member's protocols do not fit those of the group.";
    INVALID_GROUP_ID = 24, "The group id is not valid.";
    UNKNOWN_MEMBER_ID = 25, "The group does not know this member.";
    INVALID_SESSION_TIMEOUT = 26, "The session timeout is outside what the broker allows.";
    REBALANCE_IN_PROGRESS = 27, "The group is rebalancing: join again.";
    INVALID_COMMIT_OFFSET_SIZE = 28, "The offset commit is too large.";
    TOPIC_AUTHORIZATION_FAILED = 29, "The principal may not access the topic.";
    GROUP_AUTHORIZATION_FAILED = 30, "The principal may not access the group.";
    CLUSTER_AUTHORIZATION_FAILED = 31, "The principal may not do this to the cluster.";
    INVALID_TIMESTAMP = 32, "A timestamp is outside what the topic allows.";
    UNSUPPORTED_SASL_MECHANISM = 33, "The SASL mechanism is not enabled.";
    ILLEGAL_SASL_STATE = 34, "The SASL exchange is not at a point where this request fits.";
    UNSUPPORTED_VERSION = 35, "The version of the API is not supported.";
    TOPIC_ALREADY_EXISTS = 36, "A topic of that name exists already.";
    INVALID_PARTITIONS = 37, "The number of partitions is not valid.";
    INVALID_REPLICATION_FACTOR = 38, "The replication factor is not valid or cannot be met.";
    INVALID_REPLICA_ASSIGNMENT = 39, "The replica assignment is not valid.";
    INVALID_CONFIG = 40, "A configuration value is not valid.";
    NOT_CONTROLLER = 41, "This node is not the active controller.";
    INVALID_REQUEST = 42, "The request contradicts itself or the protocol.";
    UNSUPPORTED_FOR_MESSAGE_FORMAT = 43, "The message format in use does not support this.";
    POLICY_VIOLATION = 44, "A policy of the cluster forbids this.";
    OUT_OF_ORDER_SEQUENCE_NUMBER = 45, "A sequence number was skipped.";
    DUPLICATE_SEQUENCE_NUMBER = 46, "The sequence number was already used.";
    INVALID_PRODUCER_EPOCH = 47, "The producer's epoch is older than the current one.";
    INVALID_TXN_STATE = 48, "The transaction is not in a state that allows this.";
    INVALID_PRODUCER_ID_MAPPING = 49, "The producer id does not belong to this transactional id.";
    INVALID_TRANSACTION_TIMEOUT = 50, "The transaction timeout is longer than the broker allows.";
    CONCURRENT_TRANSACTIONS = 51, "Another operation on the transaction is under way.";
    TRANSACTION_COORDINATOR_FENCED = 52, "A newer coordinator owns the transaction.";
    TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53, "The principal may not use the transactional id.";
    SECURITY_DISABLED = 54, "Security is not enabled.";
    OPERATION_NOT_ATTEMPTED = 55, "The operation was not attempted, as another one of the request failed.";
    KAFKA_STORAGE_ERROR = 56, "The broker could not access its log directory.";
    LOG_DIR_NOT_FOUND = 57, "The log directory is not one of the broker's.";
    SASL_AUTHENTICATION_FAILED = 58, "The credentials were not accepted.";
    UNKNOWN_PRODUCER_ID = 59, "The partition remembers nothing of this producer.";
    REASSIGNMENT_IN_PROGRESS = 60, "A reassignment of the partition is under way.";
    DELEGATION_TOKEN_AUTH_DISABLED = 61, "Delegation tokens are not enabled.";
    DELEGATION_TOKEN_NOT_FOUND = 62, "The delegation token does not exist.";
    DELEGATION_TOKEN_OWNER_MISMATCH = 63, "The principal does not own the delegation token.";
    DELEGATION_TOKEN_REQUEST_NOT_ALLOWED = 64, "Delegation tokens cannot be managed over this connection.";
    DELEGATION_TOKEN_AUTHORIZATION_FAILED = 65, "The principal may not manage this delegation token.";
    DELEGATION_TOKEN_EXPIRED = 66, "The delegation token has expired.";
    INVALID_PRINCIPAL_TYPE = 67, "The type of principal is not supported.";
    NON_EMPTY_GROUP = 68, "The group still has members.";
    GROUP_ID_NOT_FOUND = 69, "The group does not exist.";
    FETCH_SESSION_ID_NOT_FOUND = 70, "The fetch session does not exist.";
    INVALID_FETCH_SESSION_EPOCH = 71, "The fetch session is at another epoch.";
    LISTENER_NOT_FOUND = 72, "The broker has no listener that corresponds to this one.";
    TOPIC_DELETION_DISABLED = 73, "Deleting topics is not enabled.";
    FENCED_LEADER_EPOCH = 74, "The leader epoch is older than the broker's.";
    UNKNOWN_LEADER_EPOCH = 75, "The leader epoch is newer than the broker's.";
    UNSUPPORTED_COMPRESSION_TYPE = 76, "The request's version cannot carry this compression.";
    STALE_BROKER_EPOCH = 77, "The broker was registered again since: its epoch is old.";
    OFFSET_NOT_AVAILABLE = 78, "The leader does not know the offset yet after its election.";
    MEMBER_ID_REQUIRED = 79, "The group demands a member id: join again with the one in the answer.";
    PREFERRED_LEADER_NOT_AVAILABLE = 80, "The preferred leader cannot lead at the moment.";
    GROUP_MAX_SIZE_REACHED = 81, "The group has as many members as it may.";
    FENCED_INSTANCE_ID = 82, "Another member has taken this instance id.";
    ELIGIBLE_LEADERS_NOT_AVAILABLE = 83, "None of the replicas that may lead is available.";
    ELECTION_NOT_NEEDED = 84, "The leader need not change.";
    NO_REASSIGNMENT_IN_PROGRESS = 85, "No reassignment is under way.";
    GROUP_SUBSCRIBED_TO_TOPIC = 86, "Members of the group subscribe to the topic.";
    INVALID_RECORD = 87, "A record was refused: see the errors of each record.";
    UNSTABLE_OFFSET_COMMIT = 88, "Transactions that concern these offsets are still pending.";
    THROTTLING_QUOTA_EXCEEDED = 89, "A quota was exceeded: try again later.";
    PRODUCER_FENCED = 90, "Another producer has taken over this transactional id.";
    RESOURCE_NOT_FOUND = 91, "The resource does not exist.";
    DUPLICATE_RESOURCE = 92, "The resource exists already.";
    UNACCEPTABLE_CREDENTIAL = 93, "The credential does not meet the requirements.";
    INCONSISTENT_VOTER_SET = 94, "The voters given differ from those of the quorum.";
    INVALID_UPDATE_VERSION = 95, "The feature level given cannot be set.";
    FEATURE_UPDATE_FAILED = 96, "The features could not be updated.";
    PRINCIPAL_DESERIALIZATION_FAILURE = 97, "The forwarded principal could not be read.";
    SNAPSHOT_NOT_FOUND = 98, "The snapshot does not exist.";
    POSITION_OUT_OF_RANGE = 99, "The position is outside the snapshot.";
    UNKNOWN_TOPIC_ID = 100, "This broker does not know the topic id.";
    DUPLICATE_BROKER_REGISTRATION = 101, "Another broker is registered with this id.";
    BROKER_ID_NOT_REGISTERED = 102, "No broker is registered with this id.";
    INCONSISTENT_TOPIC_ID = 103, "The topic id is not the one stored with the log.";
    INCONSISTENT_CLUSTER_ID = 104, "The cluster id is not that of this cluster.";
    TRANSACTIONAL_ID_NOT_FOUND = 105, "The transactional id does not exist.";
    FETCH_SESSION_TOPIC_ID_ERROR = 106, "Topics of the fetch session changed between names and ids.";
    INELIGIBLE_REPLICA = 107, "A replica given may not be in the ISR.";
    NEW_LEADER_ELECTED = 108, "The change elected a new leader: learn it before asking again.";
    OFFSET_MOVED_TO_TIERED_STORAGE = 109, "The offset is in remote storage.";
    FENCED_MEMBER_EPOCH = 110, "The member's epoch is not the group's: join again.";
    UNRELEASED_INSTANCE_ID = 111, "Another member still holds the instance id.";
    UNSUPPORTED_ASSIGNOR = 112, "The assignor is not supported.";
    STALE_MEMBER_EPOCH = 113, "The member's epoch is older than the current one.";
    MISMATCHED_ENDPOINT_TYPE = 114, "This node is not of the kind that was asked for.";
    UNSUPPORTED_ENDPOINT_TYPE = 115, "This kind of endpoint is not known here.";
    UNKNOWN_CONTROLLER_ID = 116, "No controller is registered with this id.";
    UNKNOWN_SUBSCRIPTION_ID = 117, "The telemetry subscription is not the current one.";
    TELEMETRY_TOO_LARGE = 118, "The telemetry is larger than the broker takes.";
    INVALID_REGISTRATION = 119, "The registration is not valid.";
    TRANSACTION_ABORTABLE = 120, "The transaction must be aborted to go on.";
    INVALID_RECORD_STATE = 121, "The record is not in a state that allows this.";
    SHARE_SESSION_NOT_FOUND = 122, "The share session does not exist.";
    INVALID_SHARE_SESSION_EPOCH = 123, "The share session is at another epoch.";
    FENCED_STATE_EPOCH = 124, "The share state's epoch is older than the current one.";
    INVALID_VOTER_KEY = 125, "The voter's id or directory id is not the expected one.";
    DUPLICATE_VOTER = 126, "The voter is in the set already.";
    VOTER_NOT_FOUND = 127, "The voter is not in the set.";
    INVALID_REGULAR_EXPRESSION = 128, "The regular expression is not valid.";
    REBOOTSTRAP_REQUIRED = 129, "The client must bootstrap again.";
    STREAMS_INVALID_TOPOLOGY = 130, "The topology is not valid.";
    STREAMS_INVALID_TOPOLOGY_EPOCH = 131, "The topology's epoch is not the expected one.";
    STREAMS_TOPOLOGY_FENCED = 132, "A newer topology has replaced this one.";
    SHARE_SESSION_LIMIT_REACHED = 133, "The broker has as many share sessions as it may.";
    GROUP_DELETION_FAILED = 134, "The group could not be deleted.";
    STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED = 135, "The description of the topology could not be stored.";
    CONTROLLER_ID_NOT_REGISTERED = 136, "No controller is registered with this id.";
}

impl ErrorCode {
    /// Whether this is anything but [`ErrorCode::NONE`].
    pub fn is_error(self) -> bool {
        self != Self::NONE
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "error {}", self.0),
        }
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_138_codes_run_from_minus_one_without_a_gap() {
        let codes: Vec<i16> = ErrorCode::ALL.iter().map(|code| code.0).collect();
        assert_eq!(codes, (-1..=136).collect::<Vec<_>>());
    }

    #[test]
    fn only_zero_is_no_error() {
        assert!(!ErrorCode::NONE.is_error());
        assert!(ErrorCode::UNKNOWN_SERVER_ERROR.is_error());
        assert_eq!(ErrorCode(6), ErrorCode::NOT_LEADER_OR_FOLLOWER);
    }
}
