//! How many partitions a client may create and delete (KIP-599): `StrictControllerMutationQuota`, `PermissiveControllerMutationQuota`.

use super::clients::{Client, ClientQuotas};
use super::limits::Kind;
use super::wire_ms;
use std::sync::Arc;
use std::time::Duration;

/// What happens to a client above its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is refused what is too much.
    Strict,
    /// It gets what it asked for, and waits: it does not know the error.
    Permissive,
}

/// The permits of one request.
pub struct Mutations {
    quotas: Arc<ClientQuotas>,
    user: String,
    client_id: String,
    mode: Mode,
    throttle: Duration,
}

impl Mutations {
    /// Of a client, from the version on that knows of the error.
    pub fn new(quotas: &Arc<ClientQuotas>, client: Client<'_>, mode: Mode) -> Self {
        Self {
            quotas: quotas.clone(),
            user: client.user.to_owned(),
            client_id: client.id.to_owned(),
            mode,
            throttle: Duration::ZERO,
        }
    }

    /// Takes permits for as many partitions; whether it may go on.
    pub fn take(&mut self, partitions: usize) -> bool {
        if !self.quotas.limits_any(Kind::Mutation) {
            return true;
        }
        let now = self.quotas.clock().elapsed();
        let client = Client {
            user: &self.user,
            id: &self.client_id,
        };
        let mode = self.mode;
        let count = partitions as f64;
        let wait = self
            .quotas
            .with(Kind::Mutation, client, now, |used, window, limit| {
                let before = used.bucket.wait(window, limit, now);
                if mode == Mode::Strict && !before.is_zero() {
                    used.throttled += before;
                    return before;
                }
                used.bucket.take(window, limit, count, now);
                used.count(window, count, now);
                match mode {
                    Mode::Strict => Duration::ZERO,
                    Mode::Permissive => used.bucket.wait(window, limit, now),
                }
            });
        let wait = wait.unwrap_or_default();
        self.throttle = self.throttle.max(wait);
        mode == Mode::Permissive || wait.is_zero()
    }

    /// How long the client has to wait, in milliseconds as answers say it.
    pub fn throttle_time_ms(&self) -> i32 {
        wire_ms(self.throttle)
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::tests::quotas;
    use super::super::rate::Window;
    use super::*;
    use crate::world::Clock;

    fn limited() -> Arc<ClientQuotas> {
        let window = Window {
            samples: 2,
            size: Duration::from_secs(1),
        };
        let limited = ClientQuotas::new(Clock::system(), window, window);
        limited.set(&quotas(&[("*", "-", "controller_mutation_rate", 5.0)]));
        Arc::new(limited)
    }

    const ANN: Client<'_> = Client {
        user: "ann",
        id: "app",
    };

    #[test]
    fn a_strict_client_is_refused_once_its_bucket_is_below_zero() {
        let quotas = limited();
        let mut permits = Mutations::new(&quotas, ANN, Mode::Strict);
        assert!(permits.take(30), "however much at once");
        assert_eq!(permits.throttle_time_ms(), 0);
        assert!(!permits.take(1));
        let wait_ms = permits.throttle_time_ms();
        assert!((3_000..=4_000).contains(&wait_ms), "{wait_ms}");
        let bob = Client {
            user: "bob",
            id: "app",
        };
        assert!(Mutations::new(&quotas, bob, Mode::Strict).take(1));
    }

    #[test]
    fn an_old_client_gets_what_it_asked_for_and_waits() {
        let quotas = limited();
        let mut permits = Mutations::new(&quotas, ANN, Mode::Permissive);
        assert!(permits.take(30) && permits.take(5));
        assert!(permits.throttle_time_ms() > 3_000);
    }
}
