//! How many connections there may be (KIP-306, KIP-402): in all, and from one address.
//!
//! The decision is pure; [`Gate`] holds the counts that it is made on and lets go of a connection when its [`Permit`] is dropped.
//! Above `max.connections` accepting waits; above `max.connections.per.ip` a connection is closed at once, as in Kafka.

use super::settings::ConnectionLimits;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::Notify;

/// Counts connections. Shared by all listeners of a node.
pub struct Gate {
    state: Mutex<State>,
    left: Notify,
}

struct State {
    limits: ConnectionLimits,
    open: usize,
    by_address: BTreeMap<IpAddr, usize>,
}

/// One counted connection; dropping it counts it out.
pub struct Permit {
    gate: Arc<Gate>,
    address: IpAddr,
}

impl Gate {
    pub fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                limits,
                open: 0,
                by_address: BTreeMap::new(),
            }),
            left: Notify::new(),
        })
    }

    /// New limits; open connections stay, whatever they are.
    pub fn set_limits(&self, limits: ConnectionLimits) {
        self.state.lock().limits = limits;
        self.left.notify_waiters();
    }

    /// Waits until one more connection may be accepted. Cancel safe.
    pub async fn has_room(&self) {
        loop {
            let mut left = std::pin::pin!(self.left.notified());
            left.as_mut().enable();
            if self.state.lock().has_room() {
                return;
            }
            left.await;
        }
    }

    /// Counts a connection in; `None` when its address has its share already.
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Permit> {
        let address = address.to_canonical();
        self.state.lock().enter(address).then(|| Permit {
            gate: self.clone(),
            address,
        })
    }
}

impl State {
    fn has_room(&self) -> bool {
        self.open < self.limits.max
    }

    fn enter(&mut self, address: IpAddr) -> bool {
        let share = self.limits.overrides.get(&address);
        let share = *share.unwrap_or(&self.limits.max_per_address);
        let count = self.by_address.entry(address).or_default();
        let admitted = *count < share;
        if admitted {
            *count += 1;
            self.open += 1;
        }
        self.forget_if_none(address);
        admitted
    }

    fn leave(&mut self, address: IpAddr) {
        self.open -= 1;
        if let Some(count) = self.by_address.get_mut(&address) {
            *count -= 1;
        }
        self.forget_if_none(address);
    }

    fn forget_if_none(&mut self, address: IpAddr) {
        if self.by_address.get(&address) == Some(&0) {
            self.by_address.remove(&address);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate.state.lock().leave(self.address);
        self.gate.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn address(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    fn gate(max: usize, max_per_address: usize) -> Arc<Gate> {
        let overrides = BTreeMap::from([(address(9), 3)]);
        Gate::new(ConnectionLimits {
            max,
            max_per_address,
            overrides,
        })
    }

    #[test]
    fn an_address_gets_its_share_and_no_more_until_one_leaves() {
        let gate = gate(100, 1);
        let first = gate.enter(address(1));
        assert!(first.is_some());
        assert!(gate.enter(address(1)).is_none());
        assert!(
            gate.enter("::ffff:10.0.0.1".parse().unwrap()).is_none(),
            "the same address, mapped"
        );
        drop(first);
        assert!(gate.enter(address(1)).is_some());
        assert!(
            gate.state.lock().by_address.is_empty(),
            "an address without connections takes no memory"
        );
    }

    #[test]
    fn an_override_replaces_the_share_of_its_address() {
        let gate = gate(100, 0);
        let held: Vec<_> = (0..3).map(|_| gate.enter(address(9)).unwrap()).collect();
        assert!(gate.enter(address(9)).is_none());
        assert!(gate.enter(address(1)).is_none());
        drop(held);
    }

    #[tokio::test]
    async fn accepting_waits_at_the_limit_and_goes_on_when_one_leaves() {
        let gate = gate(1, 10);
        gate.has_room().await;
        let held = gate.enter(address(1)).unwrap();
        let mut waiting = std::pin::pin!(gate.has_room());
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(held);
        waiting.await;
    }

    #[tokio::test]
    async fn raised_limits_wake_who_waits() {
        let gate = gate(0, 10);
        let mut waiting = std::pin::pin!(gate.has_room());
        assert!(waiting.as_mut().now_or_never().is_none());
        gate.set_limits(ConnectionLimits::default());
        waiting.await;
    }
}
