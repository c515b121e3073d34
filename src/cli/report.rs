//! What a command has to say in the end: a text for people, JSON for programs, an exit code for scripts.
//!
//! | code | means |
//! |---|---|
//! | 0 | done, and all is well |
//! | 1 | the cluster does not answer, or refused |
//! | 2 | arguments or properties that cannot be used |
//! | 3 | something is not as it should be, or cannot be done as things are |
//! | 4 | not finished in the time given |

use super::FAILURE;
use super::client::ClientError;
use super::json::Json;
use std::fmt;
use std::io::Write;
use std::process::ExitCode;

/// Something is not as it should be, or cannot be done as things are.
pub const NOT_FINE: u8 = 3;
/// Not finished in the time given.
pub const TIMED_OUT: u8 = 4;

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub text: String,
    pub json: Json,
    pub code: u8,
}

impl Report {
    /// Of something that went well.
    pub fn new(text: String, json: Json) -> Self {
        Self {
            text,
            json,
            code: 0,
        }
    }
}

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub why: String,
    pub code: u8,
}

impl Failure {
    /// The cluster does not answer, or refused.
    pub fn of(why: impl fmt::Display) -> Self {
        Self {
            why: why.to_string(),
            code: FAILURE,
        }
    }

    pub fn with(code: u8, why: impl fmt::Display) -> Self {
        Self {
            why: why.to_string(),
            code,
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::of(error)
    }
}

/// Prints what there is, and says how it went.
pub fn show(result: Result<Report, Failure>, json: bool) -> ExitCode {
    match result {
        Ok(report) => {
            match json {
                true => print(&report.json),
                false => print(&report.text),
            }
            ExitCode::from(report.code)
        }
        Err(failure) => {
            if json {
                print(&Json::Object(vec![("error", failure.why.as_str().into())]));
            }
            eprintln!("ottla: {}", failure.why);
            ExitCode::from(failure.code)
        }
    }
}

/// A line to standard output. A reader that has gone away (`| head`) is no reason to fail.
pub fn print(what: &dyn fmt::Display) {
    let text = what.to_string();
    if !text.is_empty() {
        let _ = writeln!(std::io::stdout(), "{text}");
    }
}
