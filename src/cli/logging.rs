//! Logging: one line per event on the standard error, as much as `OTTLA_LOG` or `RUST_LOG` asks for.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::Arc;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::logging::{Levels, Loggers};

/// Starts logging. Without effect when something else (a test) has started it before.
///
/// # Errors
/// When the levels cannot be read: the sentence that says which variable and why.
pub fn start(environment: &BTreeMap<String, String>) -> Result<Arc<Loggers>, String> {
    let (variable, directives) = ["OTTLA_LOG", "RUST_LOG"]
        .into_iter()
        .filter_map(|name| Some((name, environment.get(name)?.as_str())))
        .find(|(_, text)| !text.is_empty())
        .unwrap_or_default();
    let levels =
        Levels::parse(directives).map_err(|error| format!("{variable}={directives}: {error}"))?;
    let (loggers, gate) = Loggers::layer(levels);
    let writing = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let subscriber = tracing_subscriber::registry().with(gate).with(writing);
    let _ = subscriber.try_init();
    Ok(loggers)
}
