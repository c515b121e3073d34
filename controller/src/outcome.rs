//! What a decision gives: records to commit and the answer to give once they are.

use ottla_protocol::records::metadata::MetadataRecord;

/// The result of a deciding function. The records are committed together or not at all; the response is given when they
/// are applied. Without records the response still waits until everything that the decision saw is committed.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome<R> {
    pub records: Vec<MetadataRecord>,
    pub response: R,
}

impl<R> Outcome<R> {
    /// An answer that changes nothing.
    pub fn unchanged(response: R) -> Self {
        Outcome {
            records: Vec::new(),
            response,
        }
    }

    /// The same records with another answer.
    pub fn map<S>(self, response: impl FnOnce(R) -> S) -> Outcome<S> {
        Outcome {
            records: self.records,
            response: response(self.response),
        }
    }
}
