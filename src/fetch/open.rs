//! One fetch request at work on its session.
//!
//! Guarantees: what was taken off the ready list is either answered or back on it, also when the request is cancelled; no
//! lock is held while waiting or reading. Does not decide when to answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ottla_protocol::ErrorCode;
use parking_lot::Mutex;

use super::cache::{Opening, Shared};
use super::plan::{Allowance, Budget, Found};
use super::session::{Heard, NO_SESSION, PartitionKey, Session, Wanted, next_epoch};
use super::{Answer, Reader, Request};
use crate::partition::{
    Ask, Fetcher, Follow, LastFetch, Partition, ReadAnswer, ReadyList, Slot, Source, View,
};

/// See the module.
pub(super) struct Open {
    opening: Opening,
    session: Shared,
    ready: Arc<ReadyList>,
    last_fetch: Arc<LastFetch>,
    view: View,
    /// Whether the partitions are registered with: not for a sessionless request until it has to wait.
    is_subscribed: bool,
    is_first: bool,
    /// What could not be read when the request came and cannot yet: told, but not worth answering at once.
    hopeless: BTreeSet<usize>,
    /// In the order of reading.
    read: Vec<Read>,
    /// Left aside because the byte limit was reached.
    unserved: BTreeMap<usize, Arc<Slot>>,
    is_settled: bool,
}

struct Read {
    slot: Arc<Slot>,
    key: PartitionKey,
    answer: ReadAnswer,
}

/// A partition to read now.
struct Next {
    slot: Arc<Slot>,
    key: PartitionKey,
    wanted: Wanted,
    partition: Result<Arc<Partition>, ErrorCode>,
}

impl Open {
    pub fn new(opening: Opening, request: &Request, now: Duration) -> Self {
        let session = match &opening {
            Opening::Continue(session) => session.clone(),
            _ => Arc::new(Mutex::new(Session::new(request.uses_topic_ids))),
        };
        let (ready, last_fetch) = {
            let mut session = session.lock();
            session.update(request.named.iter().cloned(), &request.forgotten);
            session.last_fetch().note(now);
            (session.ready().clone(), session.last_fetch().clone())
        };
        let is_subscribed = !matches!(opening, Opening::Sessionless);
        Self {
            opening,
            session,
            ready,
            last_fetch,
            view: if request.reader.is_follower() {
                View::End
            } else {
                View::Committed
            },
            is_subscribed,
            is_first: true,
            hopeless: BTreeSet::new(),
            read: Vec::new(),
            unserved: BTreeMap::new(),
            is_settled: false,
        }
    }

    pub fn opening(&self) -> &Opening {
        &self.opening
    }

    pub fn session(&self) -> &Shared {
        &self.session
    }

    /// Partitions that there is something to wait for on. As in Kafka, one that cannot be read (unknown, not permitted) does
    /// not hurry the answer: a client that keeps asking for it would ask without a pause.
    pub fn hopeful(&self) -> usize {
        self.session
            .lock()
            .len()
            .saturating_sub(self.hopeless.len())
    }

    /// Reads what is ready, in order, within the request's limits. What an earlier pass read and did not change stays.
    pub async fn pass(
        &mut self,
        request: &Request,
        resolve: &impl Fn(&PartitionKey) -> Result<Arc<Partition>, ErrorCode>,
    ) {
        let taken = self.ready.take();
        let is_first = self.is_first;
        self.is_first = false;
        let numbers: BTreeSet<usize> = taken.iter().map(|slot| slot.number()).collect();
        self.read
            .retain(|read| !numbers.contains(&read.slot.number()));
        let mut budget = Budget::new(request.max_bytes);
        budget.took(self.found().size_bytes);
        // Whatever happens to this request, a slot that was taken must not be lost.
        self.unserved
            .extend(taken.iter().map(|slot| (slot.number(), slot.clone())));
        for next in self.look_up(taken, resolve) {
            let allowance = match is_held(request, &next) {
                true => Allowance::NOTHING,
                false => budget.allowance(next.wanted.partition_max_bytes),
            };
            let is_incremental = matches!(self.opening, Opening::Continue(_));
            // A follower's position counts however little there is left to send.
            if allowance.is_empty() && is_incremental && !request.reader.is_follower() {
                continue;
            }
            let number = next.slot.number();
            if next.partition.is_ok() || !(is_first || self.hopeless.contains(&number)) {
                self.hopeless.remove(&number);
            } else {
                self.hopeless.insert(number);
            }
            let answer = match next.partition {
                Ok(partition) => {
                    let from = self.source(request, &next.wanted, is_first);
                    let ask = ask(request, &next.wanted, allowance, from);
                    partition.read(ask).await
                }
                Err(error) => ReadAnswer::error(error),
            };
            budget.took(answer.size_bytes());
            if !answer.is_held_back {
                self.unserved.remove(&next.slot.number());
            }
            self.read.push(Read {
                slot: next.slot,
                key: next.key,
                answer,
            });
        }
    }

    fn source(&self, request: &Request, wanted: &Wanted, is_first: bool) -> Source {
        match request.reader {
            Reader::OfLeaders => Source::Leader,
            Reader::OfReplicas => Source::Replica {
                nearby: request.nearby.clone(),
            },
            Reader::Follower(broker, broker_epoch) => Source::FollowedLeader(Follow {
                fetcher: Fetcher {
                    broker,
                    broker_epoch,
                    session: self.last_fetch.clone(),
                },
                log_start: wanted.log_start,
                is_news: is_first,
            }),
        }
    }

    /// Resolves when a partition may have changed since it was read.
    pub async fn changed(&mut self) {
        if !self.is_subscribed {
            // Registering and then reading everything once more is what makes sure that nothing is overlooked.
            self.is_subscribed = true;
            for entry in self.session.lock().entries() {
                self.ready.push(&entry.slot);
            }
        }
        self.ready.ready().await;
    }

    /// What all passes together found.
    pub fn found(&self) -> Found {
        Found {
            size_bytes: self.read.iter().map(|read| read.answer.size_bytes()).sum(),
            must_answer: self.read.iter().any(|read| {
                read.answer.must_be_told() && !self.hopeless.contains(&read.slot.number())
            }),
        }
    }

    /// The answer. What may have more to say next time goes back on the ready list.
    ///
    /// # Errors
    /// INVALID_FETCH_SESSION_EPOCH when another request went on with the session meanwhile.
    pub fn settle(mut self, request: &Request) -> Result<Answer, ErrorCode> {
        let session = self.session.clone();
        let mut session = session.lock();
        let is_incremental = matches!(self.opening, Opening::Continue(_));
        if is_incremental && session.epoch != next_epoch(request.session_epoch) {
            return Err(ErrorCode::INVALID_FETCH_SESSION_EPOCH);
        }
        self.is_settled = true;
        let unserved = std::mem::take(&mut self.unserved);
        self.ready.return_unserved(unserved.values());
        let mut partitions = Vec::with_capacity(self.read.len());
        for Read {
            slot, key, answer, ..
        } in std::mem::take(&mut self.read)
        {
            if answer.size_bytes() > 0 || answer.must_be_told() {
                self.ready.push(&slot);
            }
            if must_say(&mut session, &slot, &answer) || !is_incremental {
                partitions.push((key, answer));
            }
        }
        // A session that has forgotten everything is none any more.
        let session_id = if session.is_empty() && is_incremental {
            NO_SESSION
        } else {
            session.id
        };
        Ok(Answer {
            session_id,
            partitions,
        })
    }

    /// Finds the partitions of slots, and registers with those it has not registered with.
    fn look_up(
        &self,
        taken: Vec<Arc<Slot>>,
        resolve: &impl Fn(&PartitionKey) -> Result<Arc<Partition>, ErrorCode>,
    ) -> Vec<Next> {
        let mut session = self.session.lock();
        let mut found = Vec::with_capacity(taken.len());
        for slot in taken {
            // Forgotten after it became ready.
            let Some(entry) = session.entry(slot.number()) else {
                continue;
            };
            let partition = resolve(&entry.key);
            match &partition {
                Ok(partition) if self.is_subscribed => {
                    if !entry
                        .subscription
                        .as_ref()
                        .is_some_and(|subscription| partition.is_told_by(subscription))
                    {
                        entry.subscription =
                            Some(partition.subscribe(&self.ready, &slot, self.view));
                    }
                }
                _ => entry.subscription = None,
            }
            found.push(Next {
                slot,
                key: entry.key.clone(),
                wanted: entry.wanted,
                partition,
            });
        }
        found
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.is_settled {
            self.unserved.extend(
                self.read
                    .drain(..)
                    .map(|read| (read.slot.number(), read.slot)),
            );
            self.ready.return_unserved(self.unserved.values());
        }
    }
}

/// Whether a throttled replica gets nothing of this partition now.
fn is_held(request: &Request, next: &Next) -> bool {
    match (&request.brake, request.reader, &next.partition) {
        (Some(brake), Reader::Follower(follower, _), Ok(partition)) => {
            brake.holds(partition, follower)
        }
        _ => false,
    }
}

fn ask(request: &Request, wanted: &Wanted, allowance: Allowance, from: Source) -> Ask {
    Ask {
        fetch_offset: wanted.fetch_offset,
        max_bytes: allowance.max_bytes,
        at_least_one_batch: allowance.at_least_one_batch,
        isolation: request.isolation,
        current_leader_epoch: wanted.current_leader_epoch,
        last_fetched_epoch: wanted.last_fetched_epoch,
        from,
    }
}

fn must_say(session: &mut Session, slot: &Slot, answer: &ReadAnswer) -> bool {
    let heard = Heard {
        high_watermark: answer.high_watermark,
        log_start: answer.log_start,
    };
    session.entry(slot.number()).is_some_and(|entry| {
        entry.must_say(
            heard,
            answer.size_bytes() > 0,
            answer.error.is_error(),
            answer.diverging.is_some() || answer.preferred.is_some(),
        )
    })
}
