//! What the active controller does by itself.

use crate::support::{
    Lenient, alive, bring_up, create_on, heartbeat, options, partition, set_topic_config, start,
};
use ottla_controller::controller::Balancing;
use ottla_controller::{BrokerId, Controller, ControllerOptions, decide};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::alter_partition::{
    AlterPartitionRequest, RequestPartitionData, RequestTopicData,
};
use ottla_protocol::messages::broker_heartbeat::BrokerHeartbeatRequest;
use ottla_storage::disk::SimulatedDisk;
use std::time::Duration;

async fn cluster(balancing: Balancing) -> (Controller, [i64; 2]) {
    let controller = start(ControllerOptions {
        balancing,
        session_timeout: Duration::from_secs(3600),
        ..options(&SimulatedDisk::new(), 1)
    })
    .await;
    let first = bring_up(&controller, 1, 1, -1).await;
    let second = bring_up(&controller, 2, 2, -1).await;
    create_on(&controller, "a", &[1, 2]).await;
    (controller, [first, second])
}

async fn fence(controller: &Controller, broker: i32, epoch: i64, want_fence: bool) {
    let request = BrokerHeartbeatRequest {
        want_fence,
        ..alive(controller, broker, epoch)
    };
    assert_eq!(heartbeat(controller, request).await.is_fenced, want_fence);
}

/// The leader says who is in sync with it.
async fn alter_isr(controller: &Controller, leader_epoch: i64, isr: &[i32]) {
    let now = partition(controller, "a");
    let asked = RequestPartitionData {
        leader_epoch: now.leader_epoch.0,
        partition_epoch: now.partition_epoch.0,
        new_isr: isr.to_vec(),
        ..Default::default()
    };
    let request = AlterPartitionRequest {
        broker_id: now.leader.unwrap().0,
        broker_epoch: leader_epoch,
        topics: vec![RequestTopicData {
            topic_id: controller.metadata().image().topics.id_of("a").unwrap().0,
            partitions: vec![asked],
            ..Default::default()
        }],
        ..Default::default()
    };
    let decided = controller
        .propose(move |image, _| decide::alter_partition(image, &Lenient, &request))
        .await;
    let answer = &decided.unwrap().0.topics[0].partitions[0];
    assert_eq!(answer.error_code, ErrorCode::NONE);
}

/// Broker 2 leads, though 1 is preferred, alive and in sync.
async fn imbalance(controller: &Controller, [first, second]: [i64; 2]) {
    fence(controller, 1, first, true).await;
    fence(controller, 1, first, false).await;
    alter_isr(controller, second, &[2, 1]).await;
    assert_eq!(partition(controller, "a").leader, Some(BrokerId(2)));
}

#[tokio::test(start_paused = true)]
async fn leadership_goes_back_to_the_preferred_replica_after_the_interval() {
    let (controller, epochs) = cluster(Balancing {
        preferred: Some(Duration::from_secs(300)),
        ..Default::default()
    })
    .await;
    imbalance(&controller, epochs).await;
    tokio::time::sleep(Duration::from_secs(290)).await;
    assert_eq!(partition(&controller, "a").leader, Some(BrokerId(2)));
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert_eq!(partition(&controller, "a").leader, Some(BrokerId(1)));
    controller.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn leadership_stays_where_it_is_when_balancing_is_off() {
    let (controller, epochs) = cluster(Balancing {
        preferred: None,
        ..Default::default()
    })
    .await;
    imbalance(&controller, epochs).await;
    tokio::time::sleep(Duration::from_secs(2000)).await;
    assert_eq!(partition(&controller, "a").leader, Some(BrokerId(2)));
    controller.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_comes_to_prefer_availability_is_led_at_once() {
    let (controller, [first, second]) = cluster(Balancing::default()).await;
    alter_isr(&controller, first, &[1]).await;
    fence(&controller, 1, first, true).await;
    tokio::time::sleep(Duration::from_secs(1000)).await;
    assert_eq!(partition(&controller, "a").leader, None);
    set_topic_config(&controller, "a", "unclean.leader.election.enable", "true").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = partition(&controller, "a");
    assert_eq!(after.leader, Some(BrokerId(2)));
    assert_eq!(&*after.isr, &[BrokerId(2)]);
    let _ = second;
    controller.shutdown().await;
}
