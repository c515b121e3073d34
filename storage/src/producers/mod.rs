//! What a partition remembers of its idempotent and transactional producers (KIP-98, KIP-360, KIP-890), and the rules by which a
//! batch is new, a duplicate or refused.
//!
//! ```text
//!   ProducerBatch ─▶ Draft::check(&Producers, …) ─▶ New | Duplicate | ProducerError     pure, nothing changed
//!                          │ (more batches of the same write see each other)
//!                          ▼ after the write succeeded
//!                    Producers::install(draft) ─▶ aborted transactions for the .txnindex
//! ```
//! A failed write drops the draft. The table round-trips through Kafka's `.snapshot` format (`snapshot`); it reads and writes no file.

mod batch;
mod draft;
mod entry;
#[cfg(test)]
mod replay;
mod rules;
pub mod snapshot;
mod table;
#[cfg(test)]
mod tests;
mod transactions;
mod verification;

pub use batch::{EndMarker, MarkerKind, ProducerBatch};
pub use draft::{Draft, Verdict};
pub use entry::{MAX_RECENT_BATCHES, ProducerEntry, StoredBatch};
pub use rules::{Origin, ProducerError};
pub use table::Producers;
pub use transactions::{ABORTED_TRANSACTION_SIZE_BYTES, AbortedTransaction};
pub use verification::{Guard, Proof};
