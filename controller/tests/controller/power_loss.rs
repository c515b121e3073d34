//! Power fails at any moment: nothing that was acknowledged is lost, and the node starts again by itself.

use crate::support::{bring_up, create_topic, options, start};
use ottla_controller::ControllerOptions;
use ottla_controller::controller::Limits;
use ottla_storage::disk::{Operation, SimulatedDisk};
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Every operation after this many that could change the disk fails: the moment of the power failure.
fn fail_after(disk: &SimulatedDisk, operations: i64) {
    let left = AtomicI64::new(operations);
    let hook = move |operation, _: &Path| match operation {
        Operation::Open
        | Operation::Read
        | Operation::ReadIfCached
        | Operation::List
        | Operation::Stat => Ok(()),
        _ if left.fetch_sub(1, Ordering::Relaxed) > 0 => Ok(()),
        _ => Err(io::Error::other("no power")),
    };
    disk.set_hook(Some(Arc::new(hook)));
}

fn small(disk: &SimulatedDisk, seed: u64) -> ControllerOptions {
    let limits = Limits {
        segment_bytes: 700,
        snapshot_entries: 7,
        kept_entries: 3,
        ..Limits::default()
    };
    ControllerOptions {
        limits,
        ..options(disk, seed)
    }
}

/// Creates topics until the disk fails; which were acknowledged.
async fn until_the_power_fails(disk: &SimulatedDisk, seed: u64, life: u64) -> BTreeSet<String> {
    let mut acknowledged = BTreeSet::new();
    let Ok(controller) = ottla_controller::Controller::start(small(disk, seed)).await else {
        return acknowledged;
    };
    for round in 0..40 {
        // Two at a time, so that entries share a sync.
        let names = [format!("t{life}-{round}-a"), format!("t{life}-{round}-b")];
        let pair = futures::join!(
            create_topic(&controller, &names[0], 1),
            create_topic(&controller, &names[1], 1)
        );
        let [first, second] = names;
        acknowledged.extend(pair.0.is_ok().then_some(first));
        acknowledged.extend(pair.1.is_ok().then_some(second));
        if controller.metadata().image().cluster_id.is_some()
            && pair_failed(&acknowledged, life, round)
        {
            break;
        }
    }
    controller.shutdown().await;
    acknowledged
}

fn pair_failed(acknowledged: &BTreeSet<String>, life: u64, round: i32) -> bool {
    !acknowledged.contains(&format!("t{life}-{round}-a"))
}

async fn check(seed: u64) {
    let disk = SimulatedDisk::new();
    let controller = start(small(&disk, seed)).await;
    bring_up(&controller, 1, 1, -1).await;
    controller.shutdown().await;
    let mut acknowledged = BTreeSet::new();
    for life in 0..3 {
        fail_after(&disk, i64::try_from(seed * 7 + life * 31).unwrap() % 160);
        acknowledged.extend(until_the_power_fails(&disk, seed, life).await);
        disk.set_hook(None);
        disk.power_loss(seed * 1000 + life);
        let controller = start(small(&disk, seed + 1)).await;
        let image = controller.metadata().image();
        for name in &acknowledged {
            assert!(
                image.topics.by_name(name).is_some(),
                "seed {seed} life {life}: {name} is lost"
            );
        }
        controller.shutdown().await;
    }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_whenever_the_power_fails() {
    for seed in 0..100 {
        check(seed).await;
    }
}

#[tokio::test]
async fn a_node_that_loses_power_during_its_first_start_starts_again() {
    for seed in 0..200 {
        let disk = SimulatedDisk::new();
        fail_after(&disk, i64::try_from(seed % 25).unwrap());
        if let Ok(controller) = ottla_controller::Controller::start(small(&disk, seed)).await {
            controller.shutdown().await;
        }
        disk.set_hook(None);
        disk.power_loss(seed);
        let controller = start(small(&disk, seed)).await;
        bring_up(&controller, 1, 1, -1).await;
        controller.shutdown().await;
    }
}
