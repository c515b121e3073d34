//! The audit log: what was denied, and what was allowed that changes the cluster, one JSON object a line in a file of its own.
//!
//! ```text
//!   handler ─▶ Audit::note ─▶ rate ─▶ pending lines ─▶ one job at a time: open, append, close
//! ```
//! Guarantees: a handler never waits for the file; no more than so many lines a second, and as much memory as they take, whoever asks how
//! often: what was left out is counted in the next line. The file is opened for every batch of lines, so that it may be renamed or removed
//! at any time. Lines that cannot be written are lost, with a warning: an audit log that must be complete belongs on a disk that works.

use super::{Resource, Rule, Verdict};
use crate::world::{Clock, Workers};
use ottla_controller::acl::Operation;
use ottla_storage::disk::{Disk, OpenHow};
use parking_lot::Mutex;
use std::fmt::Write;
use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the log is, and who writes it.
pub struct AuditFile {
    pub path: PathBuf,
    pub disk: Arc<dyn Disk>,
    /// One thread.
    pub workers: Workers,
}

/// See the module.
pub struct Audit {
    clock: Clock,
    /// Lines a second; as many may come at once.
    lines_per_second: u32,
    state: Arc<Mutex<State>>,
    file: Option<Arc<AuditFile>>,
}

#[derive(Default)]
struct State {
    second: u64,
    lines_in_second: u32,
    left_out: u64,
    pending: String,
    is_writing: bool,
}

/// What was asked, by whom.
#[derive(Clone, Copy, Debug)]
pub struct Action<'a> {
    /// As in `User:alice`.
    pub principal: &'a str,
    pub address: IpAddr,
    pub client_id: Option<&'a str>,
    pub listener: &'a str,
    /// Kafka's name of it.
    pub api: &'a str,
    pub operation: Operation,
    pub resource: Resource<'a>,
    pub verdict: Verdict,
}

/// Whether a line is within the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// With how many lines that were left out before it.
    Yes(u64),
    LeftOut,
}

impl Audit {
    pub fn new(clock: Clock, lines_per_second: u32, file: Option<AuditFile>) -> Self {
        Self {
            clock,
            lines_per_second,
            state: Arc::default(),
            file: file.map(Arc::new),
        }
    }

    /// Notes what was denied, or what changes the cluster; anything else is nobody's business here.
    pub fn note(&self, action: &Action<'_>) -> Noted {
        let is_noted = !action.verdict.is_allowed || changes_the_cluster(action.operation);
        if !is_noted {
            return Noted::LeftOut;
        }
        let mut state = self.state.lock();
        let noted = state.admit(self.clock.elapsed().as_secs(), self.lines_per_second);
        let (Noted::Yes(left_out), Some(file)) = (noted, &self.file) else {
            return noted;
        };
        state.pending += &line(action, self.clock.wall_ms(), left_out);
        if !state.is_writing {
            state.is_writing = true;
            let (file, state) = (file.clone(), self.state.clone());
            let workers = file.workers.clone();
            workers.submit(move || write(&file, &state));
        }
        noted
    }
}

impl State {
    fn admit(&mut self, second: u64, lines_per_second: u32) -> Noted {
        if second != self.second {
            (self.second, self.lines_in_second) = (second, 0);
        }
        if self.lines_in_second >= lines_per_second {
            self.left_out += 1;
            return Noted::LeftOut;
        }
        self.lines_in_second += 1;
        Noted::Yes(std::mem::take(&mut self.left_out))
    }
}

/// What administrators do, and nobody does by producing and consuming.
fn changes_the_cluster(operation: Operation) -> bool {
    use Operation::{Alter, AlterConfigs, Create, CreateTokens, Delete};
    matches!(
        operation,
        Alter | AlterConfigs | Create | CreateTokens | Delete
    )
}

/// Until nothing is pending. A disk that hangs holds up this job alone: then what comes is still counted, and bounded by the rate.
fn write(file: &AuditFile, state: &Mutex<State>) {
    loop {
        let lines = {
            let mut state = state.lock();
            let lines = std::mem::take(&mut state.pending);
            state.is_writing = !lines.is_empty();
            lines
        };
        if lines.is_empty() {
            return;
        }
        if let Err(error) = append(&*file.disk, &file.path, lines.as_bytes()) {
            let path = file.path.display();
            tracing::warn!(%path, %error, "lines of the audit log are lost");
        }
    }
}

fn append(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = disk.open(path, OpenHow::Create)?;
    file.write_vectored_at(&[IoSlice::new(bytes)], file.size_bytes()?)
}

fn line(action: &Action<'_>, now_ms: i64, left_out: u64) -> String {
    let mut line = format!("{{\"timestamp_ms\":{now_ms}");
    let mut text = |name: &str, value: &str| {
        line.push_str(",\"");
        line.push_str(name);
        line.push_str("\":");
        quote(&mut line, value);
    };
    let outcome = match action.verdict.is_allowed {
        true => "allowed",
        false => "denied",
    };
    text("outcome", outcome);
    text("principal", action.principal);
    text("host", &action.address.to_string());
    text("operation", action.operation.name());
    text("resource_type", action.resource.resource_type().name());
    text("resource_name", action.resource.name());
    text("api", action.api);
    if let Some(client_id) = action.client_id {
        text("client_id", client_id);
    }
    text("listener", action.listener);
    text("rule", rule(action.verdict));
    let _ = match left_out {
        0 => writeln!(line, "}}"),
        count => writeln!(line, ",\"left_out_before\":{count}}}"),
    };
    line
}

/// The rule of a decision, as Kafka's authorizer names it.
pub fn rule(verdict: Verdict) -> &'static str {
    match (verdict.rule, verdict.is_allowed) {
        (Rule::SuperUser, _) => "SuperUser",
        (Rule::Acl, _) => "MatchingAcl",
        (Rule::Default, true) => "DefaultAllow",
        (Rule::Default, false) => "DefaultDeny",
    }
}

/// A JSON string (RFC 8259): what a peer sends cannot end it or begin another line.
fn quote(line: &mut String, text: &str) {
    line.push('"');
    for character in text.chars() {
        match character {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            control if control.is_control() => {
                let _ = write!(line, "\\u{:04x}", u32::from(control));
            }
            other => line.push(other),
        }
    }
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_storage::disk::{RealDisk, read_file};

    fn action<'a>(operation: Operation, resource: &'a str, is_allowed: bool) -> Action<'a> {
        Action {
            principal: "User:a",
            address: IpAddr::from([10, 0, 0, 1]),
            client_id: Some("c\n\"x"),
            listener: "L",
            api: "Produce",
            operation,
            resource: Resource::Topic(resource),
            verdict: Verdict {
                is_allowed,
                rule: Rule::Acl,
            },
        }
    }

    #[test]
    fn a_line_is_one_json_object_whatever_a_client_calls_itself() {
        let written = line(&action(Operation::Write, "t\u{1}\\", false), 5, 3);
        let expected = r#"{"timestamp_ms":5,"outcome":"denied","principal":"User:a","host":"10.0.0.1","operation":"WRITE","resource_type":"TOPIC","resource_name":"t\u0001\\","api":"Produce","client_id":"c\u000a\"x","listener":"L","rule":"MatchingAcl","left_out_before":3}"#;
        assert_eq!(written, format!("{expected}\n"));
    }

    #[test]
    fn no_more_lines_than_the_rate_allows_and_the_rest_is_counted() {
        let mut state = State::default();
        let noted: Vec<Noted> = (0..4).map(|_| state.admit(7, 2)).collect();
        assert_eq!(
            noted,
            [Noted::Yes(0), Noted::Yes(0), Noted::LeftOut, Noted::LeftOut]
        );
        assert_eq!(state.admit(8, 2), Noted::Yes(2));
        assert_eq!(state.admit(8, 2), Noted::Yes(0));
    }

    #[tokio::test]
    async fn a_file_that_was_renamed_is_begun_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("audit.log");
        let file = AuditFile {
            path: path.clone(),
            disk: Arc::new(RealDisk),
            workers: Workers::tasks(),
        };
        let audit = Audit::new(Clock::system(), 100, Some(file));
        let lines = async |path: &Path| loop {
            let content = read_file(&RealDisk, path).expect("readable");
            let content = String::from_utf8(content.unwrap_or_default()).expect("text");
            match content.lines().count() {
                0 => tokio::task::yield_now().await,
                count => return count,
            }
        };
        audit.note(&action(Operation::Write, "t", false));
        audit.note(&action(Operation::Read, "t", true));
        audit.note(&action(Operation::Delete, "t", true));
        assert_eq!(lines(&path).await, 2, "reading is nobody's business");
        let older = folder.path().join("audit.log.1");
        RealDisk.rename(&path, &older).expect("renamed");
        audit.note(&action(Operation::Write, "t", false));
        assert_eq!((lines(&path).await, lines(&older).await), (1, 2));
    }
}
