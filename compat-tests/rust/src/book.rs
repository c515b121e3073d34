//! The stories in the order they are told, and the cells of the matrix that each proves.

use std::panic::catch_unwind;
use std::time::{Duration, Instant};

const CLIENT: &str = "rdkafka";

/// A story fails by panicking.
pub type Story = Box<dyn Fn() + std::panic::RefUnwindSafe>;

#[derive(Default)]
pub struct Book {
    stories: Vec<(String, Vec<&'static str>, Story)>,
}

impl Book {
    pub fn put(
        &mut self,
        name: impl Into<String>,
        proves: &[&'static str],
        story: impl Fn() + std::panic::RefUnwindSafe + 'static,
    ) {
        self.stories
            .push((name.into(), proves.to_vec(), Box::new(story)));
    }

    /// Tells the stories whose names have one of the parts; whether all went well.
    pub fn told(&self, parts: &[String]) -> bool {
        let (mut passed, mut failed) = (0, 0);
        let mut cells: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, proves, story) in &self.stories {
            if !parts.is_empty() && !parts.iter().any(|part| name.contains(part)) {
                continue;
            }
            let started = Instant::now();
            let well = catch_unwind(story).is_ok();
            let verdict = if well { "ok  " } else { "FAIL" };
            println!(
                "  {verdict} {name} ({:.2} s)",
                started.elapsed().as_secs_f64()
            );
            *(if well { &mut passed } else { &mut failed }) += 1;
            for key in proves {
                if !cells.iter().any(|(known, _)| known == key) {
                    cells.push((key, Vec::new()));
                }
                let (_, failures) = cells
                    .iter_mut()
                    .find(|(known, _)| known == key)
                    .expect("put there above");
                if !well {
                    failures.push(name);
                }
            }
        }
        if parts.is_empty() {
            report(&cells);
        }
        println!("stories: {passed} passed, {failed} failed");
        failed == 0
    }
}

fn report(cells: &[(&str, Vec<&str>)]) {
    let (_, version) = rdkafka::util::get_rdkafka_version();
    println!("client {CLIENT} 0.38 (librdkafka {version})");
    for (key, failures) in cells {
        let outcome = match (failures.is_empty(), *key) {
            (true, "admin-alter-configs") => {
                "passed the crate has AlterConfigs only, not the incremental request, and does not tell a resource's error".to_owned()
            }
            (true, _) => "passed".to_owned(),
            (false, _) => format!("FAILED {}", failures.join(", ")),
        };
        println!("cell {CLIENT} {key} {outcome}");
    }
}

/// Polls until the condition has a value; no sleeping to let things settle.
pub fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "not within 60 s: {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Asks `run/program.py` to kill the broker and start it again.
pub fn kill_broker() {
    println!("broker kill");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).expect("an answer");
    assert_eq!(answer.trim(), "ready");
}
