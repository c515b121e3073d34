//! Which level is in force for which logger. Pure.
//!
//! A logger without a level of its own has that of the nearest one above it, as in Log4j; `::` and `.` both part names. FATAL lets
//! nothing through that ERROR would stop, for no event here is called fatal.

use std::collections::BTreeMap;
use std::fmt;
use tracing::metadata::LevelFilter;

/// The logger above all others, as KIP-412 calls it.
pub const ROOT: &str = "root";

/// From silent to talkative, with Log4j's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Off,
    Fatal,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl Level {
    const ALL: [Self; 7] = [
        Self::Off,
        Self::Fatal,
        Self::Error,
        Self::Warn,
        Self::Info,
        Self::Debug,
        Self::Trace,
    ];

    /// The name in DescribeConfigs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "OFF",
            Self::Fatal => "FATAL",
            Self::Error => "ERROR",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
            Self::Trace => "TRACE",
        }
    }

    /// A level that a client may set (`LogLevelConfig.VALID_LOG_LEVELS`): exactly these names, OFF not among them.
    pub fn settable(name: &str) -> Option<Self> {
        let named = Self::ALL.into_iter().find(|level| level.name() == name);
        named.filter(|level| *level != Self::Off)
    }

    fn parse(word: &str) -> Option<Self> {
        let named = |level: &Self| level.name().eq_ignore_ascii_case(word);
        Self::ALL.into_iter().find(named)
    }

    /// As `tracing` has it.
    pub fn filter(self) -> LevelFilter {
        match self {
            Self::Off | Self::Fatal => LevelFilter::OFF,
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.name())
    }
}

/// The levels that are set. Every other logger has that of one above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels {
    root: Level,
    set: BTreeMap<String, Level>,
}

impl Default for Levels {
    /// Everything from INFO on, but the raft library tells of every step at INFO, and at WARN of every heartbeat that a missing node
    /// does not answer.
    fn default() -> Self {
        Self {
            root: Level::Info,
            set: BTreeMap::from([("openraft".to_owned(), Level::Error)]),
        }
    }
}

impl Levels {
    /// The defaults, changed by directives: `debug`, `ottla::net=trace`, or several with commas between.
    ///
    /// # Errors
    /// The sentence that says what cannot be read.
    pub fn parse(directives: &str) -> Result<Self, String> {
        let mut levels = Self::default();
        let directives = directives.split(',').map(str::trim);
        for directive in directives.filter(|directive| !directive.is_empty()) {
            let (logger, word) = directive.split_once('=').unwrap_or((ROOT, directive));
            let level = Level::parse(word.trim()).ok_or_else(|| {
                format!("'{word}' is no level: off, fatal, error, warn, info, debug or trace")
            })?;
            levels.set(logger.trim(), level);
        }
        Ok(levels)
    }

    /// The level in force for a logger.
    pub fn of(&self, logger: &str) -> Level {
        let mut name = logger;
        loop {
            if let Some(level) = self.set.get(name) {
                return *level;
            }
            match name.rfind(['.', ':']) {
                Some(end) => name = name[..end].trim_end_matches(':'),
                None => return self.root,
            }
        }
    }

    pub fn set(&mut self, logger: &str, level: Level) {
        match logger {
            ROOT => self.root = level,
            _ => {
                self.set.insert(logger.to_owned(), level);
            }
        }
    }

    /// Leaves a logger to the one above it. The root logger keeps its level.
    pub fn unset(&mut self, logger: &str) {
        self.set.remove(logger);
    }

    /// The loggers that have a level of their own, without the root.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        self.set.keys().map(String::as_str)
    }

    /// The most talkative level of any logger.
    pub fn most(&self) -> Level {
        let most = self.set.values().max().copied().unwrap_or(self.root);
        most.max(self.root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_level_above_a_logger_is_in_force() {
        let levels = Levels::parse("warn, ottla=info,ottla::net=trace,a.b=off").unwrap();
        for (logger, level) in [
            ("root", Level::Warn),
            ("hyper::proto", Level::Warn),
            ("ottla", Level::Info),
            ("ottla::api::produce", Level::Info),
            ("ottla_storage::log", Level::Warn),
            ("ottla::net", Level::Trace),
            ("ottla::net::connection", Level::Trace),
            ("ottla::network", Level::Info),
            ("a.b.c", Level::Off),
            ("openraft::core", Level::Error),
            ("", Level::Warn),
            ("::", Level::Warn),
        ] {
            assert_eq!(levels.of(logger), level, "{logger}");
        }
        assert_eq!(levels.most(), Level::Trace);
    }

    #[test]
    fn a_logger_whose_level_is_taken_back_follows_the_one_above() {
        let mut levels = Levels::default();
        levels.set("ottla::net", Level::Debug);
        levels.set("ottla", Level::Error);
        levels.unset("ottla::net");
        assert_eq!(levels.of("ottla::net"), Level::Error);
        levels.set(ROOT, Level::Trace);
        levels.unset(ROOT);
        assert_eq!(levels.of("x"), Level::Trace);
    }

    #[test]
    fn clients_set_levels_by_their_exact_names_and_people_in_any_case() {
        assert_eq!(Level::settable("FATAL"), Some(Level::Fatal));
        for name in ["OFF", "warn", "ALL", "", "INFO "] {
            assert_eq!(Level::settable(name), None, "{name}");
        }
        assert_eq!(Levels::parse("DEBUG").unwrap().of("x"), Level::Debug);
        let error = Levels::parse("ottla=loud").unwrap_err();
        assert!(error.starts_with("'loud' is no level"), "{error}");
        assert!(Levels::parse("loud").is_err());
        assert_eq!(Levels::parse("").unwrap(), Levels::default());
    }
}
