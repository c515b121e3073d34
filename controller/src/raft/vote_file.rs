//! The vote on disk: two slots written in turn, so that saving one costs a single sync and a torn write leaves the other.
//!
//! ```text
//!   0     frame: number u64, vote       the slot of even numbers
//!   512   frame: number u64, vote       the slot of odd numbers
//! ```
//! A new file gets its full length at once, so that a vote needs no room on a full disk.
//! The vote is the one with the higher number. A file without any whole slot was being written for the first time when the
//! power failed, and nobody was told of that vote; with two damaged slots it is an error.

use super::bytes::Reader;
use super::format::{FormatError, put_vote, read_vote};
use super::frame::{put_frame, take_frame};
use super::types::Vote;
use bytes::{BufMut, Bytes, BytesMut};
use ottla_storage::disk::{Disk, DiskFile, OpenHow, read_file};
use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::Arc;

const SLOT_BYTES: u64 = 512;

/// The open file.
pub struct VoteFile {
    file: Arc<dyn DiskFile>,
    /// The number that the next vote gets.
    next: u64,
}

impl VoteFile {
    /// Opens the file, creating it where it is missing; the caller syncs the directory before a vote is saved.
    pub fn open(disk: &dyn Disk, path: &Path) -> io::Result<(Self, Option<Vote>)> {
        let bytes = Bytes::from(read_file(disk, path)?.unwrap_or_default());
        let slots = [read_slot(&bytes, 0)?, read_slot(&bytes, 1)?];
        let newest = slots
            .into_iter()
            .flatten()
            .max_by_key(|(number, _)| *number);
        let second = bytes.iter().skip(SLOT_BYTES as usize);
        if newest.is_none() && second.into_iter().any(|byte| *byte != 0) {
            let message = format!("both votes in {} are damaged", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let file = disk.open(path, OpenHow::Create)?;
        lengthen(&*file, length(&bytes))?;
        let next = newest.map_or(0, |(number, _)| number + 1);
        Ok((VoteFile { file, next }, newest.map(|(_, vote)| vote)))
    }

    /// Saves a vote; durable when it returns.
    pub fn save(&mut self, vote: &Vote) -> io::Result<()> {
        let mut slot = BytesMut::new();
        put_frame(&mut slot, |to| {
            to.put_u64(self.next);
            put_vote(to, vote);
            Ok(())
        })?;
        assert!(
            length(&slot) <= SLOT_BYTES,
            "a vote has a fixed length far below a slot's"
        );
        self.file
            .write_vectored_at(&[IoSlice::new(&slot)], self.next % 2 * SLOT_BYTES)?;
        self.file.sync_data()?;
        self.next += 1;
        Ok(())
    }
}

/// Fills what is missing of both slots. No room for that is no reason not to start.
fn lengthen(file: &dyn DiskFile, length: u64) -> io::Result<()> {
    let missing = (2 * SLOT_BYTES).saturating_sub(length);
    if missing == 0 {
        return Ok(());
    }
    let zeroes = [0; 2 * SLOT_BYTES as usize];
    let zeroes = &zeroes[..usize::try_from(missing).expect("at most 1024")];
    match file.write_vectored_at(&[IoSlice::new(zeroes)], length) {
        Err(error) if error.kind() == io::ErrorKind::StorageFull => Ok(()),
        written => written,
    }
}

fn read_slot(bytes: &Bytes, slot: u64) -> Result<Option<(u64, Vote)>, FormatError> {
    let start = usize::try_from(slot * SLOT_BYTES).expect("at most 512");
    if bytes.len() < start {
        return Ok(None);
    }
    let Some(body) = take_frame(&mut bytes.slice(start..)) else {
        return Ok(None);
    };
    let mut from = Reader::new(body);
    let number = from.u64()?;
    let vote = read_vote(&mut from)?;
    from.finish()?;
    Ok(Some((number, vote)))
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).expect("a length fits into 64 bits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::RaftId;
    use openraft::impls::leader_id_std::LeaderId;
    use openraft::vote::RaftVote;
    use ottla_storage::disk::SimulatedDisk;

    fn vote(term: u64) -> Vote {
        Vote::from_leader_id(
            LeaderId {
                term,
                voted_for: RaftId::default(),
            },
            true,
        )
    }

    fn open(disk: &SimulatedDisk) -> (VoteFile, Option<Vote>) {
        let opened = VoteFile::open(disk, Path::new("/vote")).unwrap();
        disk.sync_dir(Path::new("/")).unwrap();
        opened
    }

    #[test]
    fn the_last_saved_vote_is_found_again() {
        let disk = SimulatedDisk::new();
        assert_eq!(open(&disk).1, None);
        for term in 1..6 {
            open(&disk).0.save(&vote(term)).unwrap();
            disk.power_loss(term);
            assert_eq!(open(&disk).1, Some(vote(term)));
        }
    }

    #[test]
    fn a_torn_vote_leaves_the_one_before() {
        for seed in 0..50 {
            let disk = SimulatedDisk::new();
            let (mut file, _) = open(&disk);
            file.save(&vote(1)).unwrap();
            file.save(&vote(2)).unwrap();
            let hook = |operation, _: &Path| match operation {
                ottla_storage::disk::Operation::Sync => Err(io::Error::other("no power")),
                _ => Ok(()),
            };
            disk.set_hook(Some(Arc::new(hook)));
            assert!(file.save(&vote(3)).is_err());
            disk.set_hook(None);
            disk.power_loss(seed);
            let found = open(&disk).1.unwrap();
            assert!(found == vote(2) || found == vote(3), "{found:?}");
        }
    }
}
