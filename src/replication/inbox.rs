//! What a fetcher is told while it waits for its leader: whom to follow, whom to leave, to stop.

use std::pin::pin;
use std::sync::Arc;

use ottla_storage::offset::LeaderEpoch;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::assignment::Key;
use crate::partition::Partition;

/// One order.
#[derive(Debug)]
pub enum Order {
    Follow(Key, Arc<Partition>, LeaderEpoch),
    Leave(Key),
}

/// See the module. In the order given.
#[derive(Debug, Default)]
pub struct Inbox {
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct State {
    orders: Vec<Order>,
    /// There is a partition among them that nothing is fetched for yet.
    is_pressing: bool,
    is_closed: bool,
}

impl Inbox {
    pub fn give(&self, order: Order) {
        {
            let mut state = self.state.lock();
            state.is_pressing |= matches!(order, Order::Follow(..));
            state.orders.push(order);
        }
        self.arrived.notify_waiters();
    }

    /// Nothing more will be given: the fetcher stops at once.
    pub fn close(&self) {
        self.state.lock().is_closed = true;
        self.arrived.notify_waiters();
    }

    /// `None` once it is closed.
    pub fn take(&self) -> Option<Vec<Order>> {
        let mut state = self.state.lock();
        state.is_pressing = false;
        (!state.is_closed).then(|| std::mem::take(&mut state.orders))
    }

    /// Resolves when there is something to take.
    pub async fn arrived(&self) {
        self.until(|state| !state.orders.is_empty()).await;
    }

    /// Resolves when there is something that must not wait for the leader's answer.
    pub async fn pressing(&self) {
        self.until(|state| state.is_pressing).await;
    }

    /// Resolves when it is closed.
    pub async fn closed(&self) {
        self.until(|_| false).await;
    }

    async fn until(&self, is_so: impl Fn(&State) -> bool) {
        loop {
            let mut arrival = pin!(self.arrived.notified());
            // Registered before looking: several wait at once, and each must hear of what comes after its look.
            arrival.as_mut().enable();
            {
                let state = self.state.lock();
                if state.is_closed || is_so(&state) {
                    return;
                }
            }
            arrival.await;
        }
    }
}
