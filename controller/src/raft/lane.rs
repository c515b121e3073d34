//! The order of writes to the log: jobs run one after another off the runtime, and appends that wait together share a sync.
//!
//! ```text
//!   openraft ── append, vote, truncate, purge ──▶ queue ──▶ one thread: write … write, sync once, tell all appends
//! ```
//! openraft asks that votes and entries are never reordered, and that an append returns before it is durable. After the
//! first failure nothing is tried again and everything later fails: what the disk holds is not known any more.

use super::log_files::LogFiles;
use super::types::{LogId, Types, Vote};
use bytes::Bytes;
use openraft::storage::IOFlushed;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Runs a blocking job. Jobs must run one at a time, in the order given: on one thread of its own in production, as a task
/// of the runtime or right away in a simulation.
pub type Blocking = Arc<dyn Fn(Box<dyn FnOnce() + Send>) + Send + Sync>;

/// Something to write.
pub enum Job {
    Append {
        frames: Bytes,
        lengths: Vec<usize>,
        first_index: u64,
        previous: Option<LogId>,
        flushed: IOFlushed<Types>,
    },
    SaveVote {
        vote: Vote,
        done: oneshot::Sender<io::Result<()>>,
    },
    TruncateFrom {
        index: u64,
        done: oneshot::Sender<io::Result<()>>,
    },
    Purge {
        upto: LogId,
        done: oneshot::Sender<io::Result<()>>,
    },
}

/// The queue in front of the files.
pub struct Lane {
    queue: Arc<Mutex<Queue>>,
    files: Arc<Mutex<State>>,
    blocking: Blocking,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    is_scheduled: bool,
}

struct State {
    files: LogFiles,
    /// Why nothing can be written any more.
    broken: Option<String>,
}

impl Lane {
    pub fn new(files: LogFiles, blocking: Blocking) -> Self {
        Lane {
            queue: Arc::default(),
            files: Arc::new(Mutex::new(State {
                files,
                broken: None,
            })),
            blocking,
        }
    }

    /// Queues a job and returns at once.
    pub fn submit(&self, job: Job) {
        let mut queue = self.queue.lock();
        queue.jobs.push_back(job);
        if std::mem::replace(&mut queue.is_scheduled, true) {
            return;
        }
        drop(queue);
        let (queue, files) = (self.queue.clone(), self.files.clone());
        (self.blocking)(Box::new(move || run(&queue, &mut files.lock())));
    }

    /// Queues a job and waits until it is durable.
    pub async fn finish(
        &self,
        job: impl FnOnce(oneshot::Sender<io::Result<()>>) -> Job,
    ) -> io::Result<()> {
        let (done, finished) = oneshot::channel();
        self.submit(job(done));
        finished
            .await
            .unwrap_or_else(|_| Err(io::Error::other("the log's thread is gone")))
    }
}

/// Works until the queue is empty.
fn run(queue: &Mutex<Queue>, state: &mut State) {
    loop {
        let jobs = {
            let mut queue = queue.lock();
            if queue.jobs.is_empty() {
                queue.is_scheduled = false;
                return;
            }
            std::mem::take(&mut queue.jobs)
        };
        state.work(jobs);
    }
}

impl State {
    fn work(&mut self, jobs: VecDeque<Job>) {
        let mut unsynced = Vec::new();
        for job in jobs {
            match job {
                Job::Append {
                    frames,
                    lengths,
                    first_index,
                    previous,
                    flushed,
                } => {
                    match self
                        .attempt(|files| files.append(&frames, &lengths, first_index, previous))
                    {
                        Ok(()) => unsynced.push(flushed),
                        Err(error) => flushed.io_completed(Err(error)),
                    }
                }
                Job::SaveVote { vote, done } => {
                    self.synced(&mut unsynced, done, |files| files.save_vote(&vote))
                }
                Job::TruncateFrom { index, done } => {
                    self.synced(&mut unsynced, done, |files| files.truncate_from(index));
                }
                Job::Purge { upto, done } => {
                    self.synced(&mut unsynced, done, |files| files.purge(upto))
                }
            }
        }
        self.sync(&mut unsynced);
    }

    /// Syncs what was appended before, so that nothing overtakes it, and then does the job.
    fn synced(
        &mut self,
        unsynced: &mut Vec<IOFlushed<Types>>,
        done: oneshot::Sender<io::Result<()>>,
        job: impl FnOnce(&mut LogFiles) -> io::Result<()>,
    ) {
        self.sync(unsynced);
        // Nobody waits any more when openraft is shutting down.
        let _ = done.send(self.attempt(job));
    }

    fn sync(&mut self, unsynced: &mut Vec<IOFlushed<Types>>) {
        if unsynced.is_empty() {
            return;
        }
        let synced = self.attempt(|files| files.sync());
        for flushed in unsynced.drain(..) {
            flushed.io_completed(match &synced {
                Ok(()) => Ok(()),
                Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
            });
        }
    }

    fn attempt(&mut self, job: impl FnOnce(&mut LogFiles) -> io::Result<()>) -> io::Result<()> {
        if let Some(reason) = &self.broken {
            return Err(io::Error::other(format!("the log failed before: {reason}")));
        }
        let result = job(&mut self.files);
        if let Err(error) = &result {
            tracing::error!(%error, "the metadata log cannot be written; this node stops");
            self.broken = Some(error.to_string());
        }
        result
    }
}
