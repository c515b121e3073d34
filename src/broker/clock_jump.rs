//! For tests only: lets the wall clock of this process jump, never the machine's.
//!
//! Where the variable [`VARIABLE`] names a file, SIGUSR1 makes the node read it: the milliseconds that its wall clock is to be ahead of
//! the machine's. Without the variable nothing is listened for, and nothing else sets a clock.

use crate::world::Clock;
use std::path::PathBuf;
use tokio::signal::unix::{SignalKind, signal};

/// Names the file. Not a key of the configuration: nobody is to set it but a test.
const VARIABLE: &str = "OTTLA_TEST_CLOCK_FILE";

/// Listens, as long as the runtime runs, if the environment asks for it.
///
/// # Errors
/// When the signal cannot be received.
pub fn listen(clock: &Clock) -> std::io::Result<()> {
    let Some(file) = std::env::var_os(VARIABLE).map(PathBuf::from) else {
        return Ok(());
    };
    tracing::warn!(file = %file.display(), "{VARIABLE} is set: SIGUSR1 lets the clock jump; this is for tests only");
    let mut asked = signal(SignalKind::user_defined1())?;
    let clock = clock.clone();
    tokio::spawn(async move {
        while asked.recv().await.is_some() {
            match std::fs::read_to_string(&file)
                .map_err(|error| error.to_string())
                .and_then(|text| {
                    text.trim()
                        .parse()
                        .map_err(|_| format!("{text:?} is no number"))
                }) {
                Ok(ahead_ms) => {
                    clock.set_ahead_ms(ahead_ms);
                    tracing::warn!(ahead_ms, "the clock jumped");
                }
                Err(error) => tracing::warn!(error, "the clock does not jump"),
            }
        }
    });
    Ok(())
}
