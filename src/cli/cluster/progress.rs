//! How far a drain is: a bar on a terminal, lines elsewhere, on standard error, so that standard output is the result's alone.

use std::io::{IsTerminal, Write};

const WIDTH: usize = 30;

/// See the module.
pub struct Progress {
    is_terminal: bool,
    is_quiet: bool,
    shown: Option<(usize, usize, usize)>,
}

impl Progress {
    pub fn new(is_quiet: bool) -> Self {
        Self {
            is_terminal: std::io::stderr().is_terminal(),
            is_quiet,
            shown: None,
        }
    }

    /// A line for people.
    pub fn say(&mut self, line: &str) {
        if !self.is_quiet {
            self.clear();
            eprintln!("{line}");
        }
    }

    /// So many partitions of so many, and so many on their way.
    pub fn show(&mut self, done: usize, of: usize, moving: usize) {
        let now = Some((done, of, moving));
        if self.is_quiet || of == 0 || self.shown == now {
            return;
        }
        self.shown = now;
        let line = line(done, of, moving);
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

fn line(done: usize, of: usize, moving: usize) -> String {
    let filled = done * WIDTH / of.max(1);
    let bar = "█".repeat(filled) + &"░".repeat(WIDTH - filled.min(WIDTH));
    format!("{bar} {done}/{of} partitions moved, {moving} on their way")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_with_what_is_done() {
        assert!(line(0, 4, 2).starts_with("░"));
        assert_eq!(line(2, 4, 1).matches('█').count(), WIDTH / 2);
        assert!(line(4, 4, 0).ends_with("4/4 partitions moved, 0 on their way"));
    }
}
