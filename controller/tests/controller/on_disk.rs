//! On the real disk, with threads as in production: how long a start and a decision take. Prints figures.

use crate::support::{bring_up, create_topic, options};
use ottla_controller::raft::Blocking;
use ottla_controller::{Controller, ControllerOptions};
use ottla_storage::disk::{RealDisk, SimulatedDisk};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

/// One thread that runs jobs in order, as `src` gives it.
fn thread() -> Blocking {
    let (sender, jobs) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
    std::thread::spawn(move || jobs.into_iter().for_each(|job| job()));
    Arc::new(move |job| sender.send(job).unwrap())
}

fn on_disk(directory: &Path, seed: u64) -> ControllerOptions {
    ControllerOptions {
        directory: directory.to_owned(),
        disk: Arc::new(RealDisk),
        log_thread: thread(),
        snapshot_thread: thread(),
        ..options(&SimulatedDisk::new(), seed)
    }
}

#[tokio::test]
async fn a_node_alone_is_active_within_moments_of_its_start() {
    let directory = tempfile::tempdir().unwrap();
    let metadata = directory.path().join("metadata");
    let begun = Instant::now();
    let controller = Controller::start(on_disk(&metadata, 1)).await.unwrap();
    let first = begun.elapsed();
    bring_up(&controller, 1, 1, -1).await;
    let begun = Instant::now();
    for number in 0..100 {
        create_topic(&controller, &format!("t{number}"), 1)
            .await
            .unwrap();
    }
    let decision = begun.elapsed() / 100;
    controller.shutdown().await;
    let begun = Instant::now();
    let controller = Controller::start(on_disk(&metadata, 2)).await.unwrap();
    let again = begun.elapsed();
    assert!(
        controller
            .metadata()
            .image()
            .topics
            .by_name("t99")
            .is_some()
    );
    controller.shutdown().await;
    println!("first start {first:?}, start with a log {again:?}, one decision {decision:?}");
    assert!(first < Duration::from_secs(5) && again < Duration::from_secs(5));
}
