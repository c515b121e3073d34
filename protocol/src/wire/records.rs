//! [`Records`]: the wire type `records`, which is opaque here.
//!
//! Received records are a slice of the frame. Records to send are bytes at hand or, so that a large fetch answer is never resident as a
//! whole, [`DeferredRecords`]: a size now and a source that the connection reads while it writes.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use bytes::Bytes;

/// Where deferred records come from. The one who made it and the connection that writes it agree on the concrete type.
pub trait RecordSource: Any + Send + Sync + Debug {}

/// Records whose bytes are fetched while the answer is written.
#[derive(Clone, Debug)]
pub struct DeferredRecords {
    /// How many bytes the source yields: exactly, as it is announced before they are read.
    pub size_bytes: usize,
    /// What yields them.
    pub source: Arc<dyn RecordSource>,
}

impl PartialEq for DeferredRecords {
    fn eq(&self, other: &Self) -> bool {
        self.size_bytes == other.size_bytes && Arc::ptr_eq(&self.source, &other.source)
    }
}

/// Record batches, one after the other, in Kafka's format.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Records {
    /// No records, and not even an empty sequence.
    #[default]
    Null,
    /// Bytes at hand.
    Bytes(Bytes),
    /// Bytes to be read while writing.
    Deferred(DeferredRecords),
}

impl Records {
    /// How many bytes the batches take on the wire, without their length field.
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::Null => 0,
            Self::Bytes(bytes) => bytes.len(),
            Self::Deferred(deferred) => deferred.size_bytes,
        }
    }

    /// Whether this is null; empty is not null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The bytes at hand; `None` for null and for deferred records.
    pub fn bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Null | Self::Deferred(_) => None,
        }
    }
}

impl From<Bytes> for Records {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}
