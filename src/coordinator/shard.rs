//! What a coordinator is to the runtime: state, records, timers and answers.
//!
//! State has a *durable* part, changed only by [`Shard::apply`] and shared with replay, and a *volatile* part (members that
//! joined but are not written yet, parked requests), changed by operations and empty after loading.

use super::Draft;
use bytes::Bytes;
use ottla_protocol::{DecodeError, EncodeError};
use ottla_storage::batch::Codec;
use ottla_storage::offset::ProducerId;
use std::fmt::Debug;
use std::time::Duration;

/// A coordinator. The value itself holds what does not change with the log: settings and the like.
pub trait Shard: Send + Sync + Sized + 'static {
    /// Cheap to clone: persistent maps, shared values.
    type Durable: Clone + Default + Send + Sync + 'static;
    /// Cheap to clone, likewise.
    type Volatile: Clone + Default + Send + Sync + 'static;
    type Record: Send + 'static;
    /// Names a deadline, such as the session of one member. Never logged; armed again by [`Shard::loaded`].
    type Timer: Clone + Ord + Debug + Send + 'static;
    type Answer: Send + 'static;

    /// The only way the durable state changes, in operations and in replay.
    fn apply(durable: &mut Self::Durable, record: &Self::Record);

    /// A record as it is stored.
    ///
    /// # Errors
    /// A field that does not fit its format: the operation is refused with INVALID_REQUEST.
    fn encode(record: &Self::Record) -> Result<Encoded, EncodeError>;

    /// A stored record; `None` for one of a kind that this version does not know.
    ///
    /// # Errors
    /// Damage: the shard cannot be loaded.
    fn decode(found: Found) -> Result<Option<Self::Record>, DecodeError>;

    /// The shard has been replayed: timers are armed, and what the settings no longer allow is put right. Better without records:
    /// should they be refused, nothing of this holds.
    fn loaded(&self, draft: &mut Draft<Self>, turn: &Turn);

    /// A timer has come due. It is disarmed already.
    fn expire(&self, draft: &mut Draft<Self>, timer: &Self::Timer, turn: &Turn);

    /// What an operation changed is in force.
    fn installed(&self, _before: &Self::Volatile, _after: &Self::Volatile) {}

    /// How its batches are compressed.
    fn codec(&self) -> Codec {
        Codec::None
    }

    /// How long an answer may wait for its records to be committed.
    fn commit_timeout(&self) -> Duration;
}

/// A record as bytes; no value deletes what the key names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    pub key: Bytes,
    pub value: Option<Bytes>,
}

/// A record as it is found in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub key: Bytes,
    pub value: Option<Bytes>,
    /// The producer whose transaction it is part of, if it is part of one.
    pub transaction: Option<ProducerId>,
}

/// When an operation runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// For timers: monotonic.
    pub now: Duration,
    /// For records: milliseconds since 1970.
    pub wall_ms: i64,
}

/// What a read sees: committed state, and the volatile state as it is now.
pub struct View<'a, S: Shard> {
    pub durable: &'a S::Durable,
    pub volatile: &'a S::Volatile,
}
