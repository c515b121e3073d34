//! One seed, one history: a simulation may replay it.

use crate::support::{bring_up, create_topic, options, start};
use ottla_controller::ControllerOptions;
use ottla_controller::controller::Limits;
use ottla_storage::disk::{Disk, OpenHow, SimulatedDisk, read_file};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Every operation on the disk with its simulated time, and the bytes in the files at the end.
async fn history(seed: u64) -> String {
    let trace = Arc::new(Mutex::new(String::new()));
    let disk = SimulatedDisk::new();
    let (noted, begun) = (trace.clone(), tokio::time::Instant::now());
    disk.set_hook(Some(Arc::new(move |operation, path: &Path| {
        writeln!(
            noted.lock().unwrap(),
            "{:?} {operation:?} {}",
            begun.elapsed(),
            path.display()
        )
        .unwrap();
        Ok(())
    })));
    for life in 0..2 {
        let limits = Limits {
            segment_bytes: 500,
            snapshot_entries: 6,
            ..Limits::default()
        };
        let controller = start(ControllerOptions {
            limits,
            ..options(&disk, seed + life)
        })
        .await;
        if life == 0 {
            bring_up(&controller, 1, 1, -1).await;
        }
        for number in 0..10 {
            create_topic(&controller, &format!("t{life}-{number}"), 3)
                .await
                .unwrap();
            tokio::time::sleep(Duration::from_millis(130)).await;
        }
        controller.shutdown().await;
    }
    disk.set_hook(None);
    for entry in disk.read_dir(Path::new("/metadata")).unwrap() {
        let path = PathBuf::from("/metadata").join(&entry.name);
        disk.open(&path, OpenHow::Read).unwrap();
        let bytes = read_file(&disk, &path).unwrap();
        writeln!(trace.lock().unwrap(), "{} {bytes:?}", entry.name).unwrap();
    }
    trace.lock().unwrap().clone()
}

#[test]
fn the_same_seed_writes_the_same_bytes_at_the_same_times() {
    let run = |seed| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(history(seed))
    };
    for seed in [1, 2, 3] {
        let (first, second) = (run(seed), run(seed));
        let differs = first
            .lines()
            .zip(second.lines())
            .find(|(first, second)| first != second);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(first.len(), second.len());
    }
    assert_ne!(run(1), run(2), "the seed decides the topics' ids");
}
