//! The shape of every background loop.
//!
//! ```text
//!   wait (period ± jitter, or trigger) ─▶ tick ─▶ More::Now? again at once : wait        stop ends the wait, not a tick
//! ```
//! Guarantees: ticks of one loop never overlap; a tick is never cut short. Does not catch panics.

use std::sync::Arc;
use std::time::Duration;

use ottla_controller::watch;
use tokio::sync::Notify;

use crate::world::Rng;

/// What a tick says when it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum More {
    /// There is more to do: tick again at once.
    Now,
    /// Nothing until the next period or trigger.
    Later,
}

/// When a loop ticks.
#[derive(Clone, Debug)]
pub struct Loop {
    pub name: &'static str,
    pub period: Duration,
    /// Before the first tick; `None`: a period.
    pub first: Option<Duration>,
    /// Up to this much is added to or taken from each period, so that loops (and brokers) do not march in step.
    pub jitter: Duration,
    /// Ends a wait early.
    pub trigger: Arc<Notify>,
}

/// Ends the loops that hold the matching [`Stop`], when dropped or told to.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// Resolves when the [`Stopper`] says so.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// A new pair.
pub fn stop() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    pub async fn stopped(&mut self) {
        // An error means that the stopper is gone, which stops as well.
        drop(self.0.wait_for(|stopped| *stopped).await);
    }
}

impl Loop {
    /// A loop with a tenth of its period as jitter and a trigger that nobody pulls yet.
    pub fn every(name: &'static str, period: Duration) -> Self {
        Self {
            name,
            period,
            first: None,
            jitter: period / 10,
            trigger: Arc::new(Notify::new()),
        }
    }

    /// Ticks until stopped.
    pub async fn run<Tick, Ticking>(self, rng: Rng, mut stop: Stop, mut tick: Tick)
    where
        Tick: FnMut() -> Ticking,
        Ticking: Future<Output = More>,
    {
        let mut more = More::Later;
        let mut pause = self.first.unwrap_or_else(|| self.pause(&rng));
        loop {
            if more == More::Later {
                tokio::select! {
                    biased;
                    () = stop.stopped() => break,
                    () = self.trigger.notified() => {}
                    () = tokio::time::sleep(pause) => {}
                }
            } else {
                tokio::task::yield_now().await;
            }
            if stop.is_stopped() {
                break;
            }
            more = tick().await;
            pause = self.pause(&rng);
        }
        tracing::debug!(name = self.name, "background loop ended");
    }

    fn pause(&self, rng: &Rng) -> Duration {
        let spread = u64::try_from(self.jitter.as_millis())
            .unwrap_or(u64::MAX)
            .saturating_mul(2);
        let drawn = Duration::from_millis(rng.below(spread.saturating_add(1)));
        (self.period + drawn).saturating_sub(self.jitter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test(start_paused = true)]
    async fn a_loop_ticks_each_period_and_again_at_once_while_there_is_more() {
        let (stopper, stopped) = stop();
        let ticks = Arc::new(AtomicUsize::new(0));
        let counted = ticks.clone();
        let running = tokio::spawn(Loop::every("test", Duration::from_secs(10)).run(
            Rng::seeded(1),
            stopped,
            move || {
                let tick = counted.fetch_add(1, Ordering::Relaxed);
                async move { if tick < 2 { More::Now } else { More::Later } }
            },
        ));
        tokio::time::sleep(Duration::from_secs(8)).await;
        assert_eq!(ticks.load(Ordering::Relaxed), 0);
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert_eq!(ticks.load(Ordering::Relaxed), 3);
        stopper.stop();
        running.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_trigger_ends_the_wait_early_and_a_dropped_stopper_ends_the_loop() {
        let (stopper, stopped) = stop();
        let ticks = Arc::new(Notify::new());
        let ticked = ticks.clone();
        let shape = Loop::every("test", Duration::from_secs(3_600));
        let trigger = shape.trigger.clone();
        let running = tokio::spawn(shape.run(Rng::seeded(1), stopped, move || {
            ticked.notify_one();
            async { More::Later }
        }));
        trigger.notify_one();
        tokio::time::timeout(Duration::from_secs(1), ticks.notified())
            .await
            .expect("ticked without waiting an hour");
        drop(stopper);
        running.await.unwrap();
    }
}
