//! From what can go wrong to the error codes that answers carry: one exhaustive `match` per operation, so that a new failure cannot
//! reach a client as UNKNOWN_SERVER_ERROR unnoticed. Those of partitions are in `partition/errors.rs`.

use ottla_controller::ProposeError;
use ottla_protocol::ErrorCode;

/// Why the controller decided nothing: clients ask again.
pub fn not_decided(error: &ProposeError) -> ErrorCode {
    match error {
        ProposeError::NotController { .. } => ErrorCode::NOT_CONTROLLER,
        ProposeError::Stopped => ErrorCode::BROKER_NOT_AVAILABLE,
    }
}
