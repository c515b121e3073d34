//! All fetchers of this node: started and stopped as the metadata says who leads what.
//!
//! Guarantees: a partition is with one fetcher at a time; an old one that still has it cannot write, because the epoch is another. A
//! fetcher without partitions ends. [`Followers::follow`] is for one task, after the table has applied the same update.

use std::collections::BTreeMap;
use std::sync::Arc;

use ottla_controller::Update;
use ottla_controller::ids::{BrokerEpoch, BrokerId};
use ottla_storage::offset::LeaderEpoch;
use parking_lot::Mutex;

use super::assignment::{self, Key, Move, fetcher_number};
use super::fetcher::Fetcher;
use super::inbox::{Inbox, Order};
use super::leaders::Leaders;
use crate::config::ReplicationValues;
use crate::partition::{Place, Table};
use crate::quota::Throttles;
use crate::world::Clock;

/// What following needs.
pub struct FollowersOptions {
    pub me: BrokerId,
    pub clock: Clock,
    pub table: Arc<Table>,
    pub leaders: Arc<dyn Leaders>,
    /// How fast throttled replicas may catch up.
    pub throttles: Arc<Throttles>,
    /// The configuration in force.
    pub values: Box<dyn Fn() -> ReplicationValues + Send + Sync>,
    /// Of this process' registration.
    pub broker_epoch: Box<dyn Fn() -> BrokerEpoch + Send + Sync>,
}

/// See the module.
pub struct Followers {
    options: Arc<FollowersOptions>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    fetchers: BTreeMap<Seat, Running>,
    /// Which fetcher has a partition, and in which epoch.
    seats: BTreeMap<Key, (Seat, LeaderEpoch)>,
    is_stopped: bool,
}

/// A leader, and the number of one of its fetchers.
type Seat = (BrokerId, usize);

struct Running {
    inbox: Arc<Inbox>,
    partitions: usize,
}

impl Followers {
    pub fn new(options: FollowersOptions) -> Arc<Self> {
        Arc::new(Self {
            options: Arc::new(options),
            state: Mutex::default(),
        })
    }

    /// Follows whom the metadata names.
    pub fn follow(&self, update: &Update) {
        let fetchers = (self.options.values)().fetchers;
        let hosted = self.options.table.hosted();
        let mut state = self.state.lock();
        if state.is_stopped {
            return;
        }
        for step in assignment::choose(update, self.options.me) {
            match step {
                Move::Leave(key) => state.leave(key),
                Move::Follow(key, leader, epoch) => {
                    // A replica in a failed directory that fetched on would be taken into the ISR again.
                    let partition = match hosted.place(key.0, key.1) {
                        Some(Place::Open(partition)) if partition.role().ended.is_none() => {
                            partition
                        }
                        _ => {
                            state.leave(key);
                            continue;
                        }
                    };
                    let seat = (leader, fetcher_number(key, fetchers));
                    if state.seats.get(&key) == Some(&(seat, epoch)) {
                        continue;
                    }
                    if state
                        .seats
                        .get(&key)
                        .is_some_and(|(before, _)| *before != seat)
                    {
                        state.leave(key);
                    }
                    let order = Order::Follow(key, partition.clone(), epoch);
                    state.sit(key, seat, epoch, &self.options).give(order);
                }
            }
        }
        state.end_idle();
    }

    /// Follows nobody any more.
    pub fn stop(&self) {
        let mut state = self.state.lock();
        state.is_stopped = true;
        state.seats.clear();
        for running in std::mem::take(&mut state.fetchers).into_values() {
            running.inbox.close();
        }
    }

    /// How many fetchers there are, and partitions with them.
    pub fn count(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.fetchers.len(), state.seats.len())
    }
}

impl Drop for Followers {
    fn drop(&mut self) {
        self.stop();
    }
}

impl State {
    fn leave(&mut self, key: Key) {
        let Some((seat, _)) = self.seats.remove(&key) else {
            return;
        };
        if let Some(running) = self.fetchers.get_mut(&seat) {
            running.partitions -= 1;
            running.inbox.give(Order::Leave(key));
        }
    }

    fn sit(
        &mut self,
        key: Key,
        seat: Seat,
        epoch: LeaderEpoch,
        options: &Arc<FollowersOptions>,
    ) -> Arc<Inbox> {
        let is_new = self.seats.insert(key, (seat, epoch)).is_none();
        let running = self.fetchers.entry(seat).or_insert_with(|| {
            let inbox = Arc::<Inbox>::default();
            let fetcher = Fetcher::new(options.clone(), seat.0, seat.1, inbox.clone());
            tokio::spawn(fetcher.run());
            Running {
                inbox,
                partitions: 0,
            }
        });
        running.partitions += usize::from(is_new);
        running.inbox.clone()
    }

    fn end_idle(&mut self) {
        self.fetchers.retain(|_, running| {
            if running.partitions == 0 {
                running.inbox.close();
            }
            running.partitions > 0
        });
    }
}
