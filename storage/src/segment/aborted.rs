//! `.txnindex`: the aborted transactions that ended in a segment, in the order of their markers. The file exists only when there are any.

use super::files::LazyFile;
use super::read::Patience;
use crate::offset::Offset;
use crate::producers::{ABORTED_TRANSACTION_SIZE_BYTES, AbortedTransaction};
use parking_lot::Mutex;
use std::io::{self, IoSlice};
use std::sync::Arc;

#[derive(Debug)]
pub struct TransactionIndex {
    file: Arc<LazyFile>,
    exists: Mutex<bool>,
}

impl TransactionIndex {
    pub fn new(file: Arc<LazyFile>, exists: bool) -> TransactionIndex {
        TransactionIndex {
            file,
            exists: Mutex::new(exists),
        }
    }

    pub fn file(&self) -> &Arc<LazyFile> {
        &self.file
    }

    pub fn append(&self, aborted: &[AbortedTransaction]) -> io::Result<()> {
        if aborted.is_empty() {
            return Ok(());
        }
        let mut exists = self.exists.lock();
        let file = self.file.create()?;
        *exists = true;
        let bytes: Vec<u8> = aborted
            .iter()
            .flat_map(AbortedTransaction::encode)
            .collect();
        file.write_vectored_at(&[IoSlice::new(&bytes)], file.size_bytes()?)
    }

    /// Every entry, in order. An entry that cannot be read is `InvalidData`.
    pub fn load(&self, patience: Patience) -> io::Result<Vec<AbortedTransaction>> {
        if !*self.exists.lock() {
            return Ok(Vec::new());
        }
        let file = self.file.open()?;
        let mut bytes =
            vec![0; usize::try_from(file.size_bytes()?).expect("an index fits in memory")];
        let length = patience.read(&*file, &mut bytes, 0)?;
        let (entries, _) = bytes[..length].as_chunks::<ABORTED_TRANSACTION_SIZE_BYTES>();
        let parsed = entries
            .iter()
            .map(AbortedTransaction::parse)
            .collect::<Result<_, _>>();
        parsed.map_err(|malformed| io::Error::new(io::ErrorKind::InvalidData, malformed))
    }

    /// Drops the transactions that ended at or after `offset`; with unreadable entries, all from the first of them on.
    pub fn truncate(&self, offset: Offset) -> io::Result<()> {
        if !*self.exists.lock() {
            return Ok(());
        }
        let file = self.file.open()?;
        let mut bytes =
            vec![0; usize::try_from(file.size_bytes()?).expect("an index fits in memory")];
        let length = file.read_at(&mut bytes, 0)?;
        let (entries, _) = bytes[..length].as_chunks::<ABORTED_TRANSACTION_SIZE_BYTES>();
        let kept = entries
            .iter()
            .map_while(|entry| AbortedTransaction::parse(entry).ok())
            .take_while(|aborted| aborted.last_offset < offset)
            .count();
        file.set_size_bytes((kept * ABORTED_TRANSACTION_SIZE_BYTES) as u64)
    }

    pub fn sync(&self) -> io::Result<()> {
        if *self.exists.lock() {
            self.file.open()?.sync_data()
        } else {
            Ok(())
        }
    }
}
