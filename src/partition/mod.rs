//! The partitions of this node: what stands between a request and a log.
//!
//! ```text
//!   table ─ which partitions there are, by the metadata ─▶ replica (Partition)
//!                                                            ├ leader    append: checks, queue, acknowledgement
//!                                                            ├ slot, writer   the single writer
//!                                                            ├ flush     group commit
//!                                                            ├ waits, subscribers   who waits for what
//!                                                            └ read, offsets, epochs, delete_records, producers
//!   moving, copying ─ a replica from one directory to another
//!   directory ─ a disk: online, full, offline; how fast; its threads        home ─ what the table keeps per directory
//!   high_watermark, isr, role, changes, pace, reserve: the deciding parts, pure
//!   upkeep ─ what the loops in `background/` do to all partitions
//! ```
//! An API handler finds a [`Partition`] in the [`Table`] and calls one of its operations.

mod changes;
mod checkpoints;
mod copying;
mod delete_records;
mod deletion;
mod describe;
mod directory;
mod epochs;
mod errors;
mod flush;
mod followed;
mod following;
mod gauges;
pub mod high_watermark;
mod home;
mod hosted;
mod isr;
mod leader;
mod leading;
mod moving;
mod nearest;
mod offsets;
mod opening;
mod pace;
mod placements;
mod producers;
mod progress;
mod proposals;
mod read;
mod replica;
mod reserve;
mod role;
mod room;
mod slot;
mod standings;
mod subscribers;
mod table;
#[cfg(test)]
pub(crate) mod tests;
mod topic;
mod upkeep;
mod waits;
mod writer;

pub use copying::Throttle;
pub use delete_records::HIGH_WATERMARK;
pub use describe::DescribedDirectory;
pub use directory::{Condition, Directory, Threads};
pub use errors::Refused;
pub use followed::{Fetcher, Follow};
pub use following::{Cut, FollowError, FollowerPosition, FromLeader};
pub use gauges::Gauges;
pub use hosted::{Hosted, HostedTopic, Place};
pub use isr::{Altered, Fate, Member, Proposal};
pub use leader::{Acks, AppendOptions, Appending};
pub use moving::{Copying, Move};
pub use offsets::{
    EARLIEST, EARLIEST_LOCAL, EARLIEST_PENDING_UPLOAD, LATEST, LATEST_TIERED, Listed, MAX_TIMESTAMP,
};
pub use placements::{Placement, Placements};
pub use producers::ActiveProducer;
pub use progress::LastFetch;
pub use proposals::{Proposals, Replicating};
pub use read::{Ask, Isolation, ReadAnswer, Regions, Source};
pub use replica::Partition;
pub use role::Role;
pub use room::Room;
pub use standings::Standings;
pub use subscribers::{ReadyList, Slot, Subscribers, Subscription, View};
pub use table::{ConfigOf, Failures, Opening, Table, TableOptions};
pub use topic::{InForce, Topic};
pub use waits::{Ended, Wait};
