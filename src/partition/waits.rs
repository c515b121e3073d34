//! Waiting until a partition's log has reached an offset *in one leader epoch*.
//!
//! A wait is `(leader epoch, offset)` (architecture 8). Waits are sorted by offset; an advance wakes exactly those it
//! satisfies, an epoch's end completes every older one with its error before anything of the next epoch can.
//!
//! Guarantees: what was appended in one epoch is never acknowledged in another; a wait completes at most once; a
//! dropped [`Wait`] leaves nothing behind. Does not know timeouts (the caller wraps the future) nor what the number
//! means (one instance follows the high watermark, another the position that this replica vouches for).

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ottla_storage::offset::{LeaderEpoch, Offset};
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Why a wait will never be satisfied. `src/api/errors.rs` and [`crate::partition::errors`] map it to the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The role was lost or a new leader epoch began: NOT_LEADER_OR_FOLLOWER.
    NotLeader,
    /// The partition was deleted: UNKNOWN_TOPIC_OR_PARTITION.
    Deleted,
    /// The log directory failed: KAFKA_STORAGE_ERROR.
    DirectoryFailed,
}

/// The waits of one partition on one number that only grows within an epoch.
#[derive(Debug)]
pub struct Waits {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    epoch: LeaderEpoch,
    /// How far this epoch has come; `Err` once the epoch ended without a successor.
    reached: Result<Offset, Ended>,
    waiting: Waiting,
    next_ticket: u64,
}

/// Sorted by offset, then by arrival. An empty `BTreeMap` owns no memory: an idle partition pays nothing.
type Waiting = BTreeMap<(Offset, u64), oneshot::Sender<Result<(), Ended>>>;

/// Resolves when the offset is reached, or the epoch ends first. Cancel by dropping.
#[derive(Debug)]
pub struct Wait {
    kind: WaitKind,
}

#[derive(Debug)]
enum WaitKind {
    Decided(Result<(), Ended>),
    Parked {
        waits: Arc<Waits>,
        place: (Offset, u64),
        answer: oneshot::Receiver<Result<(), Ended>>,
    },
}

impl Waits {
    /// No leader yet: every wait ends with [`Ended::NotLeader`] until [`Waits::begin`].
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                epoch: LeaderEpoch::NONE,
                reached: Err(Ended::NotLeader),
                waiting: BTreeMap::new(),
                next_ticket: 0,
            }),
        })
    }

    /// Waits until `offset` is reached in `epoch`: the number is at `offset` or beyond.
    pub fn reached(self: &Arc<Self>, epoch: LeaderEpoch, offset: Offset) -> Wait {
        let mut state = self.state.lock();
        let decided = match state.reached {
            Err(ended) => Some(Err(ended)),
            Ok(_) if state.epoch != epoch => Some(Err(Ended::NotLeader)),
            Ok(reached) if reached >= offset => Some(Ok(())),
            Ok(_) => None,
        };
        let kind = match decided {
            Some(result) => WaitKind::Decided(result),
            None => {
                let (wake, answer) = oneshot::channel();
                let place = (offset, state.next_ticket);
                state.next_ticket += 1;
                state.waiting.insert(place, wake);
                WaitKind::Parked {
                    waits: self.clone(),
                    place,
                    answer,
                }
            }
        };
        Wait { kind }
    }

    /// The number has grown to `to` in the current epoch. Smaller numbers change nothing.
    pub fn advance(&self, to: Offset) {
        let satisfied = {
            let mut state = self.state.lock();
            match state.reached {
                Ok(reached) if reached < to => state.reached = Ok(to),
                _ => return,
            }
            if state
                .waiting
                .first_key_value()
                .is_none_or(|((offset, _), _)| *offset > to)
            {
                return;
            }
            let later = state.waiting.split_off(&(to.next(), 0));
            std::mem::replace(&mut state.waiting, later)
        };
        complete(satisfied, Ok(()));
    }

    /// A new epoch begins at `at`, which may be lower than before. Older waits end with [`Ended::NotLeader`] first.
    pub fn begin(&self, epoch: LeaderEpoch, at: Offset) {
        self.change(epoch, Ok(at), Ended::NotLeader);
    }

    /// The epoch ends and none follows here (until [`Waits::begin`]): every wait, present and future, ends with `why`.
    pub fn end(&self, why: Ended) {
        self.change(LeaderEpoch::NONE, Err(why), why);
    }

    /// How many are waiting now.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.state.lock().waiting.len()
    }

    /// Whether nobody is waiting now.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn change(&self, epoch: LeaderEpoch, reached: Result<Offset, Ended>, why: Ended) {
        let older = {
            let mut state = self.state.lock();
            state.epoch = epoch;
            state.reached = reached;
            std::mem::take(&mut state.waiting)
        };
        complete(older, Err(why));
    }

    fn forget(&self, place: (Offset, u64)) {
        self.state.lock().waiting.remove(&place);
    }
}

/// Outside the lock: waking runs other code.
fn complete(waiting: Waiting, result: Result<(), Ended>) {
    for wake in waiting.into_values() {
        // The waiter may have gone in the meantime.
        let _ = wake.send(result);
    }
}

impl Wait {
    /// A wait that is over before it began.
    pub fn decided(result: Result<(), Ended>) -> Self {
        Self {
            kind: WaitKind::Decided(result),
        }
    }

    /// The outcome, if it is known already.
    pub fn now(&self) -> Option<Result<(), Ended>> {
        match &self.kind {
            WaitKind::Decided(result) => Some(*result),
            WaitKind::Parked { .. } => None,
        }
    }
}

impl Future for Wait {
    type Output = Result<(), Ended>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.kind {
            WaitKind::Decided(result) => Poll::Ready(*result),
            WaitKind::Parked { answer, .. } => {
                // The sender lives in the map until it answers, so a closed channel means that the partition is gone.
                Pin::new(answer)
                    .poll(context)
                    .map(|answered| answered.unwrap_or(Err(Ended::NotLeader)))
            }
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let WaitKind::Parked {
            waits,
            place,
            answer,
        } = &mut self.kind
            && answer.try_recv() == Err(oneshot::error::TryRecvError::Empty)
        {
            waits.forget(*place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    const FIRST: LeaderEpoch = LeaderEpoch(3);
    const SECOND: LeaderEpoch = LeaderEpoch(4);

    fn leading_at(offset: i64) -> Arc<Waits> {
        let waits = Waits::new();
        waits.begin(FIRST, Offset(offset));
        waits
    }

    fn polled(wait: &mut Wait) -> Option<Result<(), Ended>> {
        wait.now_or_never()
    }

    #[test]
    fn an_advance_wakes_exactly_the_waits_it_satisfies() {
        let waits = leading_at(0);
        let mut sooner = waits.reached(FIRST, Offset(5));
        let mut later = waits.reached(FIRST, Offset(6));
        waits.advance(Offset(5));
        assert_eq!(polled(&mut sooner), Some(Ok(())));
        assert_eq!(polled(&mut later), None);
        assert_eq!(waits.len(), 1);
        waits.advance(Offset(100));
        assert_eq!(polled(&mut later), Some(Ok(())));
    }

    #[test]
    fn what_is_reached_already_does_not_park() {
        let waits = leading_at(10);
        assert_eq!(waits.reached(FIRST, Offset(10)).now(), Some(Ok(())));
        assert_eq!(waits.reached(FIRST, Offset(11)).now(), None);
    }

    #[test]
    fn a_wait_parked_in_one_leader_epoch_is_never_satisfied_in_another() {
        let waits = leading_at(0);
        let mut parked = waits.reached(FIRST, Offset(5));
        waits.begin(SECOND, Offset(3));
        waits.advance(Offset(9));
        assert_eq!(polled(&mut parked), Some(Err(Ended::NotLeader)));
        assert_eq!(
            waits.reached(FIRST, Offset(5)).now(),
            Some(Err(Ended::NotLeader))
        );
        assert_eq!(waits.reached(SECOND, Offset(5)).now(), Some(Ok(())));
    }

    #[test]
    fn every_way_to_end_completes_waits_with_its_own_error() {
        for why in [Ended::NotLeader, Ended::Deleted, Ended::DirectoryFailed] {
            let waits = leading_at(0);
            let mut parked = waits.reached(FIRST, Offset(1));
            waits.end(why);
            assert_eq!(polled(&mut parked), Some(Err(why)));
            assert_eq!(waits.reached(FIRST, Offset(0)).now(), Some(Err(why)));
            waits.advance(Offset(7));
            assert_eq!(
                waits.reached(FIRST, Offset(0)).now(),
                Some(Err(why)),
                "an ended epoch does not advance"
            );
        }
    }

    #[test]
    fn a_dropped_wait_leaves_nothing_behind() {
        let waits = leading_at(0);
        let parked = waits.reached(FIRST, Offset(1));
        assert_eq!(waits.len(), 1);
        drop(parked);
        assert!(waits.is_empty());
    }

    #[test]
    fn within_an_epoch_the_number_never_goes_back() {
        let waits = leading_at(5);
        waits.advance(Offset(2));
        assert_eq!(waits.reached(FIRST, Offset(5)).now(), Some(Ok(())));
    }
}
