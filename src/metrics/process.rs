//! The process' own figures, read from `/proc/self` at scrape; absent where the system has none.

use super::definitions::{self, Definition};
use super::sampled::{Samples, Source};
use std::fs;

/// Linux reports CPU time to programs in hundredths of a second, whatever its own tick is (USER_HZ).
const TICKS_PER_SECOND: f64 = 100.0;

pub(super) struct Process;

impl Source for Process {
    fn definitions(&self) -> &'static [&'static Definition] {
        &[
            &definitions::PROCESS_CPU,
            &definitions::PROCESS_RESIDENT,
            &definitions::PROCESS_OPEN_FILES,
            &definitions::PROCESS_THREADS,
            &definitions::BUILD,
        ]
    }

    fn sample(&self, into: &mut Samples) {
        into.set(&definitions::BUILD, &[env!("CARGO_PKG_VERSION")], 1.0);
        if let Some(seconds) = fs::read_to_string("/proc/self/stat")
            .ok()
            .as_deref()
            .and_then(cpu_seconds)
        {
            into.set(&definitions::PROCESS_CPU, &[], seconds);
        }
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        if let Some(kilobytes) = status_number(&status, "VmRSS:") {
            into.set(&definitions::PROCESS_RESIDENT, &[], kilobytes * 1024.0);
        }
        if let Some(threads) = status_number(&status, "Threads:") {
            into.set(&definitions::PROCESS_THREADS, &[], threads);
        }
        if let Ok(entries) = fs::read_dir("/proc/self/fd") {
            into.set(
                &definitions::PROCESS_OPEN_FILES,
                &[],
                entries.count() as f64,
            );
        }
    }
}

/// Fields 14 and 15 of `stat`, counted from behind the name, which may hold spaces and brackets.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}

fn status_number(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_found_whatever_the_process_is_called() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 1 0 1 1 1";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(
            status_number("Name:\tx\nVmRSS:\t   512 kB\n", "VmRSS:"),
            Some(512.0)
        );
        assert_eq!(status_number("", "VmRSS:"), None);
    }
}
