//! Which transactions in a range were aborted: what a fetch of committed records must tell its client (KIP-98).

use super::error::{Failure, ReadError};
use super::shared::LogReader;
use crate::offset::Offset;
use crate::producers::AbortedTransaction;
use crate::segment::Patience;

impl LogReader {
    /// Aborted transactions with a record in `from..upper_bound`, in the order of their markers (`TransactionIndex.collectAbortedTxns`).
    pub fn aborted_transactions(
        &self,
        from: Offset,
        upper_bound: Offset,
        patience: Patience,
    ) -> Result<Vec<AbortedTransaction>, ReadError> {
        let mut found = Vec::new();
        for segment in self.shared.segments.load().from(from) {
            let entries = segment
                .transactions()
                .load(patience)
                .map_err(Failure::of("reading a transaction index"))?;
            let is_complete = entries
                .iter()
                .any(|aborted| aborted.last_stable_offset >= upper_bound);
            found.extend(entries.into_iter().filter(|aborted| {
                aborted.last_offset >= from && aborted.first_offset < upper_bound
            }));
            if is_complete {
                break;
            }
        }
        Ok(found)
    }
}
