//! Logging: one line per event on the standard error, as much as `OTTLA_LOG` or `RUST_LOG` asks for.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// The raft library tells of every step at `info`.
const DEFAULT_FILTER: &str = "info,openraft=warn";

/// Starts logging. Without effect when something else (a test) has started it before.
///
/// # Errors
/// When the filter cannot be read: the sentence that says which variable and why.
pub fn start(environment: &BTreeMap<String, String>) -> Result<(), String> {
    let (variable, directives) = ["OTTLA_LOG", "RUST_LOG"]
        .into_iter()
        .find_map(|name| {
            environment
                .get(name)
                .filter(|text| !text.is_empty())
                .map(|text| (name, text.as_str()))
        })
        .unwrap_or(("OTTLA_LOG", DEFAULT_FILTER));
    let filter = EnvFilter::try_new(directives)
        .map_err(|error| format!("{variable}={directives}: {error}"))?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let _ = subscriber.try_init();
    Ok(())
}
