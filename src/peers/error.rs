//! Why a request to another node has no answer, and what that proves.

use std::fmt;
use std::io;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// Every address of the host refused the connection: the machine is there, and nobody listens. Evidence.
    Refused,
    /// The name cannot be resolved, or no address be reached. Proves nothing about the peer.
    Unreachable(String),
    /// No answer in time: the peer may be slow, paused, or cut off. Proves nothing.
    TimedOut,
    /// The connection ended before the answer came: the request may have been handled or not.
    Closed,
    /// What came is no answer to the request; the connection is given up.
    Malformed(String),
    /// The request cannot be expressed in this version, or is too large. Nothing was sent.
    Unsendable(String),
}

impl LinkError {
    /// Of a dial that failed at every address.
    pub fn of_dial(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Unreachable(error.to_string()),
        }
    }

    /// Whether nothing of the request can have had an effect: it was never sent.
    pub fn is_before_sending(&self) -> bool {
        matches!(
            self,
            Self::Refused | Self::Unreachable(_) | Self::Unsendable(_)
        )
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => to.write_str("the connection was refused"),
            Self::Unreachable(why) => write!(to, "it cannot be reached: {why}"),
            Self::TimedOut => to.write_str("no answer in time"),
            Self::Closed => to.write_str("the connection was closed before the answer"),
            Self::Malformed(why) => write!(to, "not an answer to the request: {why}"),
            Self::Unsendable(why) => write!(to, "the request cannot be sent: {why}"),
        }
    }
}

impl std::error::Error for LinkError {}

impl From<LinkError> for io::Error {
    fn from(error: LinkError) -> Self {
        let kind = match &error {
            LinkError::Refused => io::ErrorKind::ConnectionRefused,
            LinkError::Unreachable(_) => io::ErrorKind::HostUnreachable,
            LinkError::TimedOut => io::ErrorKind::TimedOut,
            LinkError::Closed => io::ErrorKind::ConnectionReset,
            LinkError::Malformed(_) => io::ErrorKind::InvalidData,
            LinkError::Unsendable(_) => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, error)
    }
}
