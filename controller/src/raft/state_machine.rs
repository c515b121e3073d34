//! openraft's state machine: committed entries become images, and images are published.
//!
//! Entries that openraft hands over together become one published step, in parts of a bounded size, and are answered only
//! then: whoever is answered finds the new image current. State is not written on apply; after a restart the last snapshot
//! and the log behind it give the same image again.

use super::lane::Blocking;
use super::snapshot::{self, SnapshotBytes};
use super::types::{
    Applied, Batch, Entry, LogId, Peer, RaftId, SnapshotMeta, StoredMembership, Types,
};
use crate::delta::Delta;
use crate::image::{ApplyError, Image};
use crate::publish::Publisher;
use futures::{Stream, TryStreamExt};
use openraft::storage::{
    ApplyResponder, EntryResponder, RaftSnapshotBuilder, RaftStateMachine, Snapshot,
};
use openraft::{EntryPayload, OptionalSend};
use ottla_storage::disk::Disk;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::oneshot;

/// How many entries become one published step at most.
const ENTRIES_PER_STEP: usize = 64;

/// The state machine of this node.
pub struct StateMachine {
    publisher: Publisher,
    image: Arc<Image>,
    last_applied: Option<LogId>,
    membership: StoredMembership,
    decided: DecidedMembers,
    files: SnapshotFiles,
}

/// The membership by what is committed, for whoever else wants to know: openraft's metrics have what was last proposed, and its connections to
/// members know only where these were when they were made.
#[derive(Clone, Debug, Default)]
pub struct DecidedMembers(Arc<Mutex<Members>>);

#[derive(Debug, Default)]
struct Members {
    voters: BTreeSet<RaftId>,
    peers: BTreeMap<RaftId, Peer>,
}

impl DecidedMembers {
    /// Who votes. A change under way counts neither those that come nor those that go. Empty before anything was applied.
    pub fn voters(&self) -> BTreeSet<RaftId> {
        self.0.lock().voters.clone()
    }

    /// Where a member is.
    pub fn peer(&self, id: RaftId) -> Option<Peer> {
        self.0.lock().peers.get(&id).cloned()
    }

    pub(super) fn set(&self, membership: &StoredMembership) {
        let configs = membership.membership().get_joint_config();
        let mut voters = configs.first().cloned().unwrap_or_default();
        voters.retain(|voter| configs.iter().all(|config| config.contains(voter)));
        let nodes = membership.membership().nodes();
        let peers = nodes.map(|(id, peer)| (*id, peer.clone())).collect();
        *self.0.lock() = Members { voters, peers };
    }
}

/// Where snapshots are kept, and on which thread they are written.
#[derive(Clone)]
pub struct SnapshotFiles {
    pub disk: Arc<dyn Disk>,
    pub directory: PathBuf,
    pub blocking: Blocking,
}

/// One image, to be written while later entries are applied.
pub struct SnapshotBuilder {
    meta: SnapshotMeta,
    image: Arc<Image>,
    files: SnapshotFiles,
}

impl StateMachine {
    /// At the empty image; `decided` stays true as entries are applied. openraft loads the current snapshot by itself when it starts.
    pub fn new(publisher: Publisher, files: SnapshotFiles, decided: DecidedMembers) -> Self {
        StateMachine {
            publisher,
            image: Arc::default(),
            last_applied: None,
            membership: StoredMembership::default(),
            decided,
            files,
        }
    }

    fn apply_entry(&mut self, entry: &Entry, step: &mut Step) -> Result<Applied, ApplyError> {
        self.last_applied = Some(entry.log_id);
        match &entry.payload {
            EntryPayload::Blank => Ok(Applied::At(step.image.offset)),
            EntryPayload::Membership(membership) => {
                self.membership = StoredMembership::new(Some(entry.log_id), membership.clone());
                self.decided.set(&self.membership);
                Ok(Applied::At(step.image.offset))
            }
            EntryPayload::Normal(batch) => step.apply(batch),
        }
    }

    fn publish(&mut self, step: &mut Step) {
        if step.image.offset != self.image.offset {
            self.image = Arc::new(step.image.clone());
            self.publisher.publish(
                self.image.clone(),
                Arc::new(std::mem::take(&mut step.delta)),
            );
        }
        for (responder, applied) in step.answers.drain(..) {
            responder.send(applied);
        }
    }
}

/// What was applied and not published yet.
struct Step {
    image: Image,
    delta: Delta,
    answers: Vec<(ApplyResponder<Types>, Applied)>,
    entries: usize,
}

impl Step {
    fn apply(&mut self, batch: &Batch) -> Result<Applied, ApplyError> {
        if batch.base_offset.0 != self.image.offset.0 + 1 {
            tracing::error!(decided_at = %batch.base_offset, applied_at = %self.image.offset, "an entry was decided on another history");
            return Ok(Applied::Refused);
        }
        for record in batch.records.iter() {
            self.image.apply(record, &mut self.delta)?;
        }
        Ok(Applied::At(self.image.offset))
    }
}

impl RaftStateMachine<Types> for StateMachine {
    type SnapshotData = SnapshotBytes;
    type SnapshotBuilder = SnapshotBuilder;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, StoredMembership), io::Error> {
        Ok((self.last_applied, self.membership.clone()))
    }

    async fn apply<S>(&mut self, mut entries: S) -> Result<(), io::Error>
    where
        S: Stream<Item = Result<EntryResponder<Types>, io::Error>> + Unpin + OptionalSend,
    {
        let image = Image::clone(&self.image);
        let mut step = Step {
            image,
            delta: Delta::default(),
            answers: Vec::new(),
            entries: 0,
        };
        while let Some((entry, responder)) = entries.try_next().await? {
            let applied = self.apply_entry(&entry, &mut step).map_err(|error| {
                let message = format!("entry {} cannot be applied: {error}", entry.log_id);
                io::Error::new(io::ErrorKind::InvalidData, message)
            })?;
            step.answers
                .extend(responder.map(|responder| (responder, applied)));
            step.entries += 1;
            if step.entries.is_multiple_of(ENTRIES_PER_STEP) {
                self.publish(&mut step);
            }
        }
        self.publish(&mut step);
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> SnapshotBuilder {
        let meta = SnapshotMeta {
            last_log_id: self.last_applied,
            last_membership: self.membership.clone(),
        };
        SnapshotBuilder {
            meta,
            image: self.image.clone(),
            files: self.files.clone(),
        }
    }

    async fn install_snapshot(
        &mut self,
        _: &SnapshotMeta,
        bytes: SnapshotBytes,
    ) -> Result<(), io::Error> {
        let (meta, image) = self
            .files
            .run(move |files| {
                let read = snapshot::read_snapshot(&bytes)?;
                if snapshot::load(&*files.disk, &files.directory)?.as_ref() != Some(&bytes) {
                    snapshot::store(&*files.disk, &files.directory, &bytes)?;
                }
                Ok(read)
            })
            .await?;
        self.last_applied = meta.last_log_id;
        self.membership = meta.last_membership;
        self.decided.set(&self.membership);
        self.image = Arc::new(image);
        self.publisher.load(self.image.clone());
        Ok(())
    }

    async fn get_current_snapshot(
        &mut self,
    ) -> Result<Option<openraft::type_config::alias::SnapshotOf<Types, SnapshotBytes>>, io::Error>
    {
        let loaded = self
            .files
            .run(|files| snapshot::load(&*files.disk, &files.directory))
            .await?;
        let Some(snapshot) = loaded else {
            return Ok(None);
        };
        Ok(Some(Snapshot {
            meta: snapshot::read_meta(&snapshot)?,
            snapshot,
        }))
    }
}

impl RaftSnapshotBuilder<Types> for SnapshotBuilder {
    type SnapshotData = SnapshotBytes;

    async fn build_snapshot(
        &mut self,
    ) -> Result<openraft::type_config::alias::SnapshotOf<Types, SnapshotBytes>, io::Error> {
        let (meta, image) = (self.meta.clone(), self.image.clone());
        let stored = self.files.run(move |files| {
            let bytes = snapshot::write_snapshot(&meta, &image)?;
            snapshot::store(&*files.disk, &files.directory, &bytes)?;
            Ok(bytes)
        });
        Ok(Snapshot {
            meta: self.meta.clone(),
            snapshot: stored.await?,
        })
    }
}

impl SnapshotFiles {
    /// Up to which entry the stored snapshot reaches, if there is one. Blocks.
    pub fn reaches(&self) -> io::Result<Option<LogId>> {
        let Some(bytes) = snapshot::load(&*self.disk, &self.directory)? else {
            return Ok(None);
        };
        Ok(snapshot::read_meta(&bytes)?.last_log_id)
    }

    /// Runs a job on the snapshots' thread and waits for it.
    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&SnapshotFiles) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let (done, finished) = oneshot::channel();
        let files = self.clone();
        // Nobody waits any more when openraft is shutting down.
        (self.blocking)(Box::new(move || drop(done.send(job(&files)))));
        finished
            .await
            .unwrap_or_else(|_| Err(io::Error::other("the snapshots' thread is gone")))
    }
}
