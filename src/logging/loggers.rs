//! The loggers of this process, as DescribeConfigs lists them and IncrementalAlterConfigs changes them.
//!
//! Known are the [`LISTED`], those that the environment gives a level, and every target that has been come by: as in Kafka, whose list
//! is what its configuration names and what has been used.

use super::gate::{Gate, Seen};
use super::levels::{Level, Levels, ROOT};
use super::{DECISIONS, REQUESTS};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::Arc;
use tracing::Subscriber;
use tracing_subscriber::{Layer, reload};

/// The loggers that always exist, besides the root: the parts of the broker that log.
pub const LISTED: &[&str] = &[
    DECISIONS,
    REQUESTS,
    "openraft",
    "ottla",
    "ottla::admin",
    "ottla::api",
    "ottla::auth",
    "ottla::background",
    "ottla::broker",
    "ottla::cli",
    "ottla::coordinator",
    "ottla::metadata",
    "ottla::net",
    "ottla::partition",
    "ottla::replication",
    "ottla::world",
    "ottla_controller",
    "ottla_controller::controller",
    "ottla_controller::raft",
    "ottla_storage",
    "ottla_storage::log",
    "ottla_storage::segment",
];

type Publish = Box<dyn Fn(&Levels) + Send + Sync>;

/// All loggers and their levels. One per process, or per node of a test.
pub struct Loggers {
    levels: Mutex<Levels>,
    seen: Seen,
    publish: Publish,
}

impl Loggers {
    /// Loggers that govern nothing: for a node that shares its process with others.
    pub fn detached() -> Arc<Self> {
        Arc::new(Self {
            levels: Mutex::default(),
            seen: Seen::default(),
            publish: Box::new(|_| {}),
        })
    }

    /// Loggers with the layer that they govern; it belongs in front of the layer that writes.
    pub fn layer<S: Subscriber>(
        levels: Levels,
    ) -> (Arc<Self>, impl Layer<S> + Send + Sync + 'static) {
        let seen = Seen::default();
        let gate = Gate {
            levels: levels.clone(),
            seen: seen.clone(),
        };
        let (layer, handle) = reload::Layer::new(gate);
        let publish = move |levels: &Levels| {
            // Fails when the subscriber is gone, and with it everything that could be logged.
            let _ = handle.modify(|gate| gate.levels = levels.clone());
        };
        let loggers = Self {
            levels: Mutex::new(levels),
            seen,
            publish: Box::new(publish),
        };
        (Arc::new(loggers), layer)
    }

    /// Every logger with the level in force, sorted by name, the root among them.
    pub fn all(&self) -> Vec<(String, Level)> {
        let levels = self.levels.lock().clone();
        let names = self.names(&levels).into_iter();
        names
            .map(|name| (levels.of(&name), name))
            .map(|(level, name)| (name, level))
            .collect()
    }

    /// Whether there is a logger of this name.
    pub fn knows(&self, logger: &str) -> bool {
        let levels = self.levels.lock().clone();
        self.names(&levels).contains(logger)
    }

    /// Gives a logger a level, in force when this returns.
    pub fn set(&self, logger: &str, level: Level) {
        self.change(|levels| levels.set(logger, level));
    }

    /// Leaves a logger to the one above it.
    pub fn unset(&self, logger: &str) {
        self.change(|levels| levels.unset(logger));
    }

    fn change(&self, change: impl FnOnce(&mut Levels)) {
        let mut levels = self.levels.lock();
        change(&mut levels);
        (self.publish)(&levels);
    }

    fn names(&self, levels: &Levels) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = levels.named().map(str::to_owned).collect();
        names.extend(self.seen.lock().iter().map(|target| (*target).to_owned()));
        names.extend(LISTED.iter().map(|listed| (*listed).to_owned()));
        names.insert(ROOT.to_owned());
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use tracing_subscriber::layer::SubscriberExt;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_changed_level_changes_what_is_written() {
        let written = Written::default();
        let writer = written.clone();
        let (loggers, gate) = Loggers::layer(Levels::default());
        let writing = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(move || writer.clone());
        let subscriber = tracing_subscriber::registry().with(gate).with(writing);
        tracing::subscriber::with_default(subscriber, || {
            let say = |text: &str| tracing::debug!(target: "ottla::logging::example", "{text}");
            say("too early");
            loggers.set("ottla::logging::example", Level::Debug);
            say("heard");
            loggers.unset("ottla::logging::example");
            say("too late");
            loggers.set(ROOT, Level::Fatal);
            tracing::error!("not fatal");
        });
        let text = String::from_utf8(written.0.lock().clone()).unwrap();
        assert!(
            text.contains("heard") && text.lines().count() == 1,
            "{text}"
        );
        assert!(loggers.knows("ottla::logging::example"));
    }

    #[test]
    fn every_part_of_the_broker_is_a_logger_and_nothing_else_is() {
        let loggers = Loggers::detached();
        for name in LISTED {
            assert!(loggers.knows(name), "{name}");
        }
        for name in ["ottla::nothing", "", "Root", "kafka"] {
            assert!(!loggers.knows(name), "{name}");
        }
        let all = loggers.all();
        assert!(all.is_sorted());
        assert!(all.contains(&(ROOT.to_owned(), Level::Info)));
        assert!(all.contains(&("openraft".to_owned(), Level::Error)));
    }
}
