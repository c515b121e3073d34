//! What can go wrong with a log's bytes and files. These are *failures*: returned with their context and logged once where they are
//! handled. What a client did wrong is an *answer* and has its own enum beside the operation (`batch::BatchError`,
//! `producers::ProducerError`).

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Bytes that are not what their format says; from the pure parsers, which know no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The format: `"producer snapshot"`, `"record"`.
    pub what: &'static str,
    pub reason: Cow<'static, str>,
}

impl Malformed {
    pub fn new(what: &'static str, reason: impl Into<Cow<'static, str>>) -> Malformed {
        Malformed {
            what,
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed {}: {}", self.what, self.reason)
    }
}

impl std::error::Error for Malformed {}

/// A failure of a log or of its directory.
#[derive(Debug)]
pub enum Error {
    /// The operating system refused.
    Io {
        doing: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// A file does not hold what it should.
    Corrupt { path: PathBuf, reason: String },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io {
                doing,
                path,
                source,
            } => write!(f, "{doing} {}: {source}", path.display()),
            Error::Corrupt { path, reason } => write!(f, "{} is corrupt: {reason}", path.display()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io { source, .. } => Some(source),
            Error::Corrupt { .. } => None,
        }
    }
}
