//! What happened in a run, line by line, so that two runs of a seed can be compared and a failure be read.

use std::sync::{Arc, Mutex};

/// Lines shown of a run that failed.
const TAIL: usize = 60;

/// Clones write to the same trace.
#[derive(Clone, Default)]
pub struct Trace {
    lines: Arc<Mutex<Vec<Line>>>,
}

struct Line {
    text: String,
    /// Disk operations are compared, but shown only when asked for.
    is_detail: bool,
}

impl Trace {
    pub fn say(&self, text: impl AsRef<str>) {
        self.add(text.as_ref(), false);
    }

    pub fn detail(&self, text: impl AsRef<str>) {
        self.add(text.as_ref(), true);
    }

    fn add(&self, text: &str, is_detail: bool) {
        let at = turmoil::sim_elapsed().map(|at| at.as_millis());
        let text = match at {
            Some(at) => format!("{at:>6} ms  {text}"),
            None => format!("          {text}"),
        };
        self.lines.lock().unwrap().push(Line { text, is_detail });
    }

    /// Where two traces part.
    pub fn first_difference(&self, other: &Trace) -> Option<(String, String)> {
        let (mine, theirs) = (self.lines.lock().unwrap(), other.lines.lock().unwrap());
        let line = |lines: &[Line], at: usize| {
            let context = at.saturating_sub(3)..lines.len().min(at + 8);
            let shown: Vec<&str> = lines[context]
                .iter()
                .map(|line| line.text.as_str())
                .collect();
            shown.join("\n  ")
        };
        (0..mine.len().max(theirs.len()))
            .find(|at| mine.get(*at).map(|l| &l.text) != theirs.get(*at).map(|l| &l.text))
            .map(|at| (line(&mine, at), line(&theirs, at)))
    }

    /// The last lines, for people.
    pub fn tail(&self) -> String {
        let lines = self.lines.lock().unwrap();
        let shown: Vec<&str> = lines
            .iter()
            .filter(|line| !line.is_detail || std::env::var_os("OTTLA_DETAILS").is_some())
            .map(|line| line.text.as_str())
            .collect();
        let from = if std::env::var_os("OTTLA_SEED").is_some() {
            0
        } else {
            shown.len().saturating_sub(TAIL)
        };
        shown[from..].join("\n")
    }
}
