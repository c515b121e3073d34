//! How many connections there may be (KIP-306, KIP-402), and how fast they may be made (KIP-612): in all, of one listener, from one address.
//!
//! The decision is pure; [`Gate`] holds the counts that it is made on and lets go of a connection when its [`Permit`] is dropped.
//! Above `max.connections` accepting waits; above `max.connections.per.ip` a connection is closed at once, as in Kafka. The listener that
//! brokers use among themselves is above the limits of all listeners together, so that clients cannot shut out a broker.

use super::pace::Pace;
use super::settings::ConnectionLimits;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Counts connections. Shared by all listeners of a node.
pub struct Gate {
    /// The listener that the limits of all listeners together do not hold for.
    protected: Option<String>,
    state: Mutex<State>,
    left: Notify,
}

struct State {
    limits: ConnectionLimits,
    open: usize,
    by_listener: BTreeMap<String, Listener>,
    by_address: BTreeMap<IpAddr, usize>,
    pace: Pace,
    rates: AddressRates,
    paces: BTreeMap<IpAddr, Pace>,
}

/// Connections per second that an address may make (KIP-612).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressRates {
    pub named: BTreeMap<IpAddr, u32>,
    /// Of every other address.
    pub others: Option<u32>,
}

/// Addresses whose pace is remembered; beyond it those that keep theirs are forgotten.
const PACES_MAX: usize = 10_000;

#[derive(Default)]
struct Listener {
    open: usize,
    pace: Pace,
}

/// One counted connection; dropping it counts it out.
pub struct Permit {
    gate: Arc<Gate>,
    listener: String,
    address: IpAddr,
}

impl Gate {
    pub fn new(limits: ConnectionLimits, protected: Option<String>) -> Arc<Self> {
        Arc::new(Self {
            protected,
            state: Mutex::new(State {
                limits,
                open: 0,
                by_listener: BTreeMap::new(),
                by_address: BTreeMap::new(),
                pace: Pace::default(),
                rates: AddressRates::default(),
                paces: BTreeMap::new(),
            }),
            left: Notify::new(),
        })
    }

    /// New limits; open connections stay, whatever they are.
    pub fn set_limits(&self, limits: ConnectionLimits) {
        self.state.lock().limits = limits;
        self.left.notify_waiters();
    }

    /// Waits until the listener may accept one more connection. Cancel safe.
    pub async fn has_room(&self, listener: &str) {
        loop {
            let mut left = std::pin::pin!(self.left.notified());
            left.as_mut().enable();
            if self
                .state
                .lock()
                .has_room(listener, self.protects(listener))
            {
                return;
            }
            left.await;
        }
    }

    /// Counts a connection that the listener accepted at `now`, and says how long it and those after it have to wait.
    pub fn pace(&self, listener: &str, now: Duration) -> Duration {
        self.state
            .lock()
            .pace(listener, self.protects(listener), now)
    }

    /// New rates of addresses.
    pub fn set_address_rates(&self, rates: AddressRates) {
        let mut state = self.state.lock();
        state.paces.clear();
        state.rates = rates;
    }

    /// Counts a connection that an address made at `now`; how long it is held and then closed, if that was one too many. As Kafka, which
    /// so makes it wait whose connections are refused.
    pub fn pace_of_address(&self, address: IpAddr, now: Duration) -> Option<Duration> {
        self.state.lock().pace_of(address.to_canonical(), now)
    }

    /// Counts a connection in; `None` when its address has its share already.
    pub fn enter(self: &Arc<Self>, listener: &str, address: IpAddr) -> Option<Permit> {
        let address = address.to_canonical();
        self.state.lock().enter(listener, address).then(|| Permit {
            gate: self.clone(),
            listener: listener.to_owned(),
            address,
        })
    }

    fn protects(&self, listener: &str) -> bool {
        self.protected.as_deref() == Some(listener)
    }
}

impl State {
    fn has_room(&self, listener: &str, is_protected: bool) -> bool {
        let open = self
            .by_listener
            .get(listener)
            .map_or(0, |counted| counted.open);
        let most = self.limits.of_listener(listener).max;
        open < most && (is_protected || self.open < self.limits.max)
    }

    fn pace(&mut self, listener: &str, is_protected: bool, now: Duration) -> Duration {
        let own_rate = self.limits.of_listener(listener).per_second;
        let own = self.of_listener(listener).pace.count(now, own_rate);
        match is_protected {
            true => own,
            false => own.max(self.pace.count(now, self.limits.per_second)),
        }
    }

    fn pace_of(&mut self, address: IpAddr, now: Duration) -> Option<Duration> {
        let rate = self.rates.named.get(&address).copied();
        let rate = rate.or(self.rates.others)?;
        if self.paces.len() >= PACES_MAX {
            self.paces.retain(|_, pace| pace.is_behind(now));
        }
        let wait = self
            .paces
            .entry(address)
            .or_default()
            .count(now, Some(rate));
        (!wait.is_zero()).then_some(wait)
    }

    fn of_listener(&mut self, listener: &str) -> &mut Listener {
        self.by_listener.entry(listener.to_owned()).or_default()
    }

    fn enter(&mut self, listener: &str, address: IpAddr) -> bool {
        let share = self.limits.overrides.get(&address);
        let share = *share.unwrap_or(&self.limits.max_per_address);
        let count = self.by_address.entry(address).or_default();
        let admitted = *count < share;
        if admitted {
            *count += 1;
            self.open += 1;
            self.of_listener(listener).open += 1;
        }
        self.forget_if_none(address);
        admitted
    }

    fn leave(&mut self, listener: &str, address: IpAddr) {
        self.open -= 1;
        self.of_listener(listener).open -= 1;
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
        self.gate.state.lock().leave(&self.listener, self.address);
        self.gate.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::settings::ListenerLimits;
    use futures::FutureExt;

    fn address(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    fn gate(max: usize, max_per_address: usize) -> Arc<Gate> {
        let overrides = BTreeMap::from([(address(9), 3)]);
        let limits = ConnectionLimits {
            max,
            max_per_address,
            overrides,
            ..Default::default()
        };
        Gate::new(limits, Some("INSIDE".to_owned()))
    }

    #[test]
    fn an_address_gets_its_share_and_no_more_until_one_leaves() {
        let gate = gate(100, 1);
        let first = gate.enter("L", address(1));
        assert!(first.is_some());
        assert!(gate.enter("L", address(1)).is_none());
        assert!(
            gate.enter("L", "::ffff:10.0.0.1".parse().unwrap())
                .is_none(),
            "the same address, mapped"
        );
        drop(first);
        assert!(gate.enter("L", address(1)).is_some());
        assert!(
            gate.state.lock().by_address.is_empty(),
            "an address without connections takes no memory"
        );
    }

    #[test]
    fn an_override_replaces_the_share_of_its_address() {
        let gate = gate(100, 0);
        let held: Vec<_> = (0..3)
            .map(|_| gate.enter("L", address(9)).unwrap())
            .collect();
        assert!(gate.enter("L", address(9)).is_none());
        assert!(gate.enter("L", address(1)).is_none());
        drop(held);
    }

    #[tokio::test]
    async fn accepting_waits_at_the_limit_and_goes_on_when_one_leaves() {
        let gate = gate(1, 10);
        gate.has_room("L").await;
        let held = gate.enter("L", address(1)).unwrap();
        let mut waiting = std::pin::pin!(gate.has_room("L"));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(held);
        waiting.await;
    }

    #[tokio::test]
    async fn raised_limits_wake_who_waits() {
        let gate = gate(0, 10);
        let mut waiting = std::pin::pin!(gate.has_room("L"));
        assert!(waiting.as_mut().now_or_never().is_none());
        gate.set_limits(ConnectionLimits::default());
        waiting.await;
    }

    #[tokio::test]
    async fn a_listener_has_a_limit_of_its_own_and_brokers_are_not_shut_out_by_clients() {
        let gate = gate(1, 10);
        let own = ListenerLimits {
            max: 1,
            per_second: None,
        };
        gate.set_limits(ConnectionLimits {
            max: 1,
            listeners: BTreeMap::from([("INSIDE".to_owned(), own)]),
            ..Default::default()
        });
        let _client = gate.enter("L", address(1)).unwrap();
        assert!(gate.has_room("L").now_or_never().is_none());
        gate.has_room("INSIDE").await;
        let broker = gate.enter("INSIDE", address(2)).unwrap();
        let mut waiting = std::pin::pin!(gate.has_room("INSIDE"));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(broker);
        waiting.await;
    }

    #[test]
    fn an_address_has_a_rate_of_its_own_or_that_of_all_others() {
        let gate = gate(100, 100);
        let now = Duration::from_secs(1);
        assert_eq!(gate.pace_of_address(address(1), now), None, "no rate");
        gate.set_address_rates(AddressRates {
            named: BTreeMap::from([(address(9), 3)]),
            others: Some(1),
        });
        let admitted = |last: u8| {
            let made = (0..10).map(|_| gate.pace_of_address(address(last), now));
            made.filter(Option::is_none).count()
        };
        assert_eq!((admitted(1), admitted(2), admitted(9)), (1, 1, 3));
        let later = now + Duration::from_secs(3);
        assert_eq!(gate.pace_of_address(address(1), later), None);
    }

    #[test]
    fn paces_of_addresses_are_bounded() {
        let gate = gate(100, 100);
        gate.set_address_rates(AddressRates {
            named: BTreeMap::new(),
            others: Some(1),
        });
        for number in 0..50_000_u32 {
            let now = Duration::from_millis(u64::from(number) * 10);
            gate.pace_of_address(std::net::Ipv4Addr::from(number).into(), now);
        }
        assert!(gate.state.lock().paces.len() <= PACES_MAX);
    }

    #[test]
    fn connections_over_the_rate_wait_by_listener_and_in_all() {
        let gate = gate(100, 100);
        let own = ListenerLimits {
            per_second: Some(1),
            ..Default::default()
        };
        gate.set_limits(ConnectionLimits {
            per_second: Some(2),
            listeners: BTreeMap::from([("A".to_owned(), own)]),
            ..Default::default()
        });
        let now = Duration::from_secs(1);
        let waits = |listener: &str| !gate.pace(listener, now).is_zero();
        assert!(!waits("A"));
        assert!(waits("A"), "its own rate");
        assert!(waits("L"), "the rate of all");
        assert!(!waits("INSIDE") && !waits("INSIDE") && !waits("INSIDE"));
    }
}
