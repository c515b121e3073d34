//! How far long work is: a bar on a terminal, lines elsewhere, on standard error, so that standard output is the result's alone.

use std::io::{IsTerminal, Write};

const WIDTH: usize = 30;

/// See the module.
pub struct Progress {
    is_terminal: bool,
    is_quiet: bool,
    shown: Option<String>,
}

impl Progress {
    pub fn new(is_quiet: bool) -> Self {
        Self {
            is_terminal: std::io::stderr().is_terminal(),
            is_quiet,
            shown: None,
        }
    }

    /// Only where somebody watches.
    pub fn watched() -> Self {
        Self::new(!std::io::stderr().is_terminal())
    }

    /// Only where somebody watches, and what is printed meanwhile does not run through it.
    pub fn beside_output() -> Self {
        let (out, err) = (std::io::stdout(), std::io::stderr());
        Self::new(!err.is_terminal() || out.is_terminal())
    }

    /// A line for people.
    pub fn say(&mut self, line: &str) {
        if !self.is_quiet {
            self.clear();
            eprintln!("{line}");
        }
    }

    /// So many of so many, and what they are.
    pub fn show(&mut self, done: usize, of: usize, what: &str) {
        let line = line(done, of, what);
        if self.is_quiet || of == 0 || self.shown.as_ref() == Some(&line) {
            return;
        }
        self.shown = Some(line.clone());
        if self.is_terminal {
            eprint!("\r{line}\x1b[K");
            // A bar that cannot be shown is no reason to stop.
            let _ = std::io::stderr().flush();
        } else {
            eprintln!("{line}");
        }
        if done == of {
            self.clear();
        }
    }

    /// Ends the line that a bar stands in.
    fn clear(&mut self) {
        if self.shown.take().is_some() && self.is_terminal {
            eprintln!();
        }
    }
}

fn line(done: usize, of: usize, what: &str) -> String {
    let filled = (done * WIDTH / of.max(1)).min(WIDTH);
    let bar = "█".repeat(filled) + &"░".repeat(WIDTH - filled);
    format!("{bar} {done}/{of} {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_with_what_is_done() {
        assert!(line(0, 4, "records").starts_with("░"));
        assert_eq!(line(2, 4, "records").matches('█').count(), WIDTH / 2);
        assert!(line(4, 4, "records").ends_with("4/4 records"));
        assert_eq!(line(5, 4, "records").matches('█').count(), WIDTH);
    }
}
