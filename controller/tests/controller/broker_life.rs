//! Brokers come, stay, fall silent, shut down and come back.

use crate::support::{
    alive, bring_up, create_on, create_topic, heartbeat, options, partition, register,
    registration, start,
};
use ottla_controller::ids::BrokerEpoch;
use ottla_controller::{BrokerId, decide};
use ottla_protocol::messages::allocate_producer_ids::AllocateProducerIdsRequest;
use ottla_protocol::messages::broker_heartbeat::BrokerHeartbeatRequest;
use ottla_protocol::{ErrorCode, Uuid};
use ottla_storage::disk::SimulatedDisk;
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn a_silent_broker_is_fenced_and_its_partitions_get_other_leaders() {
    let controller = start(options(&SimulatedDisk::new(), 1)).await;
    bring_up(&controller, 1, 1, -1).await;
    let second = bring_up(&controller, 2, 2, -1).await;
    create_on(&controller, "a", &[1, 2]).await;
    assert_eq!(partition(&controller, "a").leader, Some(BrokerId(1)));
    for _ in 0..12 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        heartbeat(&controller, alive(&controller, 2, second)).await;
    }
    let image = controller.metadata().image();
    assert!(image.brokers.get(BrokerId(1)).unwrap().fenced);
    assert!(!image.brokers.get(BrokerId(2)).unwrap().fenced);
    let after = partition(&controller, "a");
    assert_eq!((after.leader, after.leader_epoch.0), (Some(BrokerId(2)), 1));
    assert_eq!(&*after.isr, &[BrokerId(2)]);
    controller.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_broker_known_to_be_gone_is_fenced_at_once_and_its_next_incarnation_is_not() {
    let controller = start(options(&SimulatedDisk::new(), 1)).await;
    let first = bring_up(&controller, 1, 1, -1).await;
    bring_up(&controller, 2, 2, -1).await;
    create_on(&controller, "a", &[1, 2]).await;
    let gone = |epoch| {
        let decided = controller.propose(move |image, turn| {
            let (id, epoch) = (BrokerId(1), BrokerEpoch(epoch));
            decide::fence_gone_broker(image, turn.rules, turn.liveness, id, epoch)
        });
        async { decided.await.unwrap().0 }
    };
    assert!(gone(first).await);
    let after = partition(&controller, "a");
    assert_eq!((after.leader, after.leader_epoch.0), (Some(BrokerId(2)), 1));
    assert!(!gone(first).await, "fenced already");
    bring_up(&controller, 1, 3, -1).await;
    assert!(!gone(first).await, "another incarnation serves");
    let image = controller.metadata().image();
    assert!(!image.brokers.get(BrokerId(1)).unwrap().fenced);
    controller.shutdown().await;
}

#[tokio::test]
async fn a_broker_killed_alone_leads_its_partitions_again_in_a_new_epoch() {
    let disk = SimulatedDisk::new();
    let controller = start(options(&disk, 1)).await;
    bring_up(&controller, 1, 1, -1).await;
    create_topic(&controller, "a", 1).await.unwrap();
    controller.shutdown().await;
    // Its process, controller included, was killed: no clean-shutdown file carries the epoch. Its directory,
    // which it alone can hold, is the evidence that it need not wait for its own session to end.
    let controller = start(options(&disk, 2)).await;
    bring_up(&controller, 1, 2, -1).await;
    let after = partition(&controller, "a");
    assert_eq!(after.leader, Some(BrokerId(1)));
    assert!(after.leader_epoch.0 > 0);
    assert_eq!(&*after.isr, &[BrokerId(1)]);
    controller.shutdown().await;
}

#[tokio::test]
async fn a_lone_broker_may_leave_and_come_back_cleanly() {
    let controller = start(options(&SimulatedDisk::new(), 1)).await;
    let epoch = bring_up(&controller, 1, 1, -1).await;
    create_topic(&controller, "a", 2).await.unwrap();
    let leaving = BrokerHeartbeatRequest {
        want_shut_down: true,
        ..alive(&controller, 1, epoch)
    };
    let mut answer = heartbeat(&controller, leaving.clone()).await;
    assert!(!answer.should_shut_down, "it still leads");
    while !answer.should_shut_down {
        answer = heartbeat(&controller, leaving.clone()).await;
    }
    assert_eq!(partition(&controller, "a").leader, None);
    bring_up(&controller, 1, 2, epoch).await;
    assert_eq!(partition(&controller, "a").leader, Some(BrokerId(1)));
    controller.shutdown().await;
}

#[tokio::test]
async fn two_processes_with_one_broker_id_are_told_apart() {
    let controller = start(options(&SimulatedDisk::new(), 1)).await;
    let epoch = bring_up(&controller, 1, 1, -1).await;
    let mut elsewhere = registration(1, 2, -1);
    elsewhere.log_dirs = vec![Uuid([0xee; 16])];
    let refused = register(&controller, elsewhere).await;
    assert_eq!(refused.error_code, ErrorCode::DUPLICATE_BROKER_REGISTRATION);
    let amended = register(&controller, registration(1, 1, -1)).await;
    assert_eq!(
        (amended.error_code, amended.broker_epoch),
        (ErrorCode::NONE, epoch)
    );
    let stale = heartbeat(&controller, alive(&controller, 1, epoch + 1)).await;
    assert_eq!(stale.error_code, ErrorCode::STALE_BROKER_EPOCH);
    let unknown = heartbeat(&controller, alive(&controller, 2, epoch)).await;
    assert_eq!(unknown.error_code, ErrorCode::BROKER_ID_NOT_REGISTERED);
    controller.shutdown().await;
}

#[tokio::test]
async fn a_broker_of_another_cluster_or_without_our_features_is_refused() {
    let controller = start(options(&SimulatedDisk::new(), 1)).await;
    let mut foreign = registration(1, 1, -1);
    foreign.cluster_id = "another".into();
    assert_eq!(
        register(&controller, foreign).await.error_code,
        ErrorCode::INCONSISTENT_CLUSTER_ID
    );
    let mut old = registration(1, 1, -1);
    old.features[0].max_supported_version = 20;
    assert_eq!(
        register(&controller, old).await.error_code,
        ErrorCode::UNSUPPORTED_VERSION
    );
    let mut homeless = registration(1, 1, -1);
    homeless.log_dirs.clear();
    assert_eq!(
        register(&controller, homeless).await.error_code,
        ErrorCode::INVALID_REGISTRATION
    );
    controller.shutdown().await;
}

#[tokio::test]
async fn no_producer_id_is_given_twice_not_even_across_restarts() {
    let disk = SimulatedDisk::new();
    let mut next = 0;
    for life in 0..3 {
        let controller = start(options(&disk, life)).await;
        let epoch = bring_up(&controller, 1, u8::try_from(life).unwrap() + 1, -1).await;
        for _ in 0..3 {
            let request = AllocateProducerIdsRequest {
                broker_id: 1,
                broker_epoch: epoch,
                ..Default::default()
            };
            let block = controller
                .propose(move |image, _| decide::allocate_producer_ids(image, &request))
                .await
                .unwrap()
                .0;
            assert_eq!(
                (block.producer_id_start, block.producer_id_len),
                (next, 1000)
            );
            next += 1000;
        }
        controller.shutdown().await;
    }
}
