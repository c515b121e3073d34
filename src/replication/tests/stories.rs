//! What must happen, one story at a time.

use super::bench::*;
use crate::partition::tests::{SOON, ask, batch, bytes_of, options};
use crate::partition::{Acks, Appending, Ask, Isolation, Partition, Source};
use ottla_controller::ids::BrokerId;
use ottla_storage::log::LogOffsets;
use ottla_storage::offset::{LeaderEpoch, Offset};
use std::sync::Arc;
use std::time::Duration;

/// Waits until something is so, and says whether it was in time.
pub async fn reached(is_so: impl Fn() -> bool) -> bool {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(SOON, waiting).await.is_ok()
}

/// Waits until something is so.
pub async fn until(what: &str, is_so: impl Fn() -> bool) {
    assert!(reached(is_so).await, "not in time: {what}");
}

/// Until this node's metadata says that it leads.
pub async fn leads(bench: &Arc<Bench>, id: i32, index: i32) -> Arc<Partition> {
    until("it leads", || {
        bench
            .partition(id, index)
            .is_some_and(|partition| partition.role().is_leader())
    })
    .await;
    bench.partition(id, index).unwrap()
}

pub async fn in_sync(bench: &Arc<Bench>, index: i32, count: usize) {
    until("they are in sync", || {
        bench.metadata(index).isr.len() == count
    })
    .await;
}

fn append(partition: &Arc<Partition>, value: &str, acks: Acks) -> Appending {
    partition.append(batch(&[value]), &options(acks))
}

fn offsets(bench: &Bench, id: i32) -> LogOffsets {
    bench.partition(id, 0).unwrap().offsets()
}

pub async fn content(partition: &Arc<Partition>) -> Vec<u8> {
    let start = partition.offsets().start;
    let asked = Ask {
        isolation: Isolation::Replica,
        from: Source::Replica {
            nearby: Default::default(),
        },
        max_bytes: usize::MAX >> 1,
        ..ask(start.0)
    };
    bytes_of(partition.read(asked).await)
}

async fn same_everywhere(bench: &Arc<Bench>, index: i32) {
    until("all replicas end where the leader does", || {
        let leader = bench.leader(index).unwrap().offsets();
        bench.ids().iter().all(|id| {
            let other = bench.partition(*id, index).unwrap().offsets();
            other.end == leader.end && other.high_watermark == leader.end
        })
    })
    .await;
    let first = content(&bench.leader(index).unwrap()).await;
    for id in bench.ids() {
        let other = content(&bench.partition(id, index).unwrap()).await;
        assert!(first == other, "node {id} has other bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn followers_take_what_the_leader_has_and_it_is_acknowledged_when_all_have_it() {
    let bench = Bench::with_topic(1, 3, 1, &[("min.insync.replicas", "2")]).await;
    let leader = leads(&bench, 1, 0).await;
    for number in 0..100 {
        let appended = append(&leader, &format!("value {number}"), Acks::All)
            .acknowledged()
            .await
            .unwrap();
        assert_eq!(appended.base_offset, Offset(number));
    }
    for id in [2, 3] {
        assert_eq!(offsets(&bench, id).end, Offset(100));
    }
    same_everywhere(&bench, 0).await;
    assert_eq!(bench.metadata(0).isr.len(), 3);
    assert_eq!(
        bench.metadata(0).leader_epoch.0,
        0,
        "nobody had reason to elect"
    );
}

#[tokio::test(start_paused = true)]
async fn a_killed_leader_comes_back_and_gives_up_what_nobody_else_had() {
    let bench = Bench::with_topic(2, 3, 1, &[]).await;
    let leader = leads(&bench, 1, 0).await;
    let kept = append(&leader, "kept", Acks::All).acknowledged().await;
    assert!(kept.is_ok());
    until("the followers know", || {
        offsets(&bench, 2).high_watermark == Offset(1)
    })
    .await;
    // Nobody hears of this one.
    for other in [2, 3] {
        bench.network.cut(other, 1);
    }
    let lost = append(&leader, "lost", Acks::Leader).acknowledged().await;
    assert!(lost.is_ok());
    drop((leader, lost));
    bench.kill(1).await;
    let next = bench.metadata(0).leader.unwrap().0;
    let leader = leads(&bench, next, 0).await;
    let began = bench.clock.elapsed();
    let other = append(&leader, "other", Acks::All).acknowledged().await;
    assert_eq!(other.unwrap().base_offset, Offset(1));
    let took = bench.clock.elapsed() - began;
    assert!(
        took < Duration::from_millis(200),
        "the remaining follower came in {took:?}"
    );
    bench.network.heal();
    bench.start(1).await;
    in_sync(&bench, 0, 3).await;
    same_everywhere(&bench, 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_leader_of_nothing_but_an_epoch_follows_again() {
    let bench = Bench::with_topic(3, 3, 1, &[]).await;
    leads(&bench, 1, 0).await;
    for id in [2, 3, 1, 3, 2] {
        bench.elect(0, id);
        leads(&bench, id, 0).await;
    }
    let leader = leads(&bench, 2, 0).await;
    let appended = append(&leader, "value", Acks::All).acknowledged().await;
    assert!(appended.is_ok());
    same_everywhere(&bench, 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_follower_behind_the_leaders_start_begins_there() {
    let bench = Bench::with_topic(4, 3, 1, &[]).await;
    let leader = leads(&bench, 1, 0).await;
    append(&leader, "early", Acks::All)
        .acknowledged()
        .await
        .unwrap();
    bench.kill(3).await;
    for _ in 0..10 {
        append(&leader, "later", Acks::All)
            .acknowledged()
            .await
            .unwrap();
    }
    let low_watermark = leader.delete_records(Offset(8), SOON).await;
    assert_eq!(low_watermark, Ok(Offset(8)));
    let living = offsets(&bench, 2).start;
    assert_eq!(living, Offset(8), "who lives was waited for");
    bench.start(3).await;
    in_sync(&bench, 0, 3).await;
    let restarted = offsets(&bench, 3);
    assert_eq!((restarted.start, restarted.end), (Offset(8), Offset(11)));
}

/// Found by `tests/simulation`: it was refused the batch for ever.
#[tokio::test(start_paused = true)]
async fn a_follower_takes_the_batch_that_the_leaders_log_starts_within() {
    let bench = Bench::with_topic(4, 3, 1, &[]).await;
    let leader = leads(&bench, 1, 0).await;
    bench.kill(3).await;
    for _ in 0..4 {
        let appending = leader.append(batch(&["a", "b", "c"]), &options(Acks::All));
        appending.acknowledged().await.unwrap();
    }
    let low_watermark = leader.delete_records(Offset(7), SOON).await;
    assert_eq!(low_watermark, Ok(Offset(7)));
    bench.start(3).await;
    in_sync(&bench, 0, 3).await;
    let restarted = offsets(&bench, 3);
    assert_eq!((restarted.start, restarted.end), (Offset(7), Offset(12)));
    same_everywhere(&bench, 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_lost_its_disk_is_refilled_before_it_counts() {
    let bench = Bench::with_topic(5, 3, 1, &[("min.insync.replicas", "2")]).await;
    let leader = leads(&bench, 1, 0).await;
    bench.lose_power(3).await;
    for _ in 0..20 {
        append(&leader, "value", Acks::All)
            .acknowledged()
            .await
            .unwrap();
    }
    bench.network.cut(3, 1);
    bench.start(3).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!bench.metadata(0).isr.contains(&BrokerId(3)));
    assert_eq!(offsets(&bench, 3).end, Offset(0));
    bench.network.heal();
    in_sync(&bench, 0, 3).await;
    assert_eq!(offsets(&bench, 3).end, Offset(20));
}

#[tokio::test(start_paused = true)]
async fn a_follower_cut_off_leaves_the_isr_and_returns() {
    let bench = Bench::with_topic(6, 3, 1, &[("min.insync.replicas", "2")]).await;
    let leader = leads(&bench, 1, 0).await;
    bench.network.cut(3, 1);
    let began = bench.clock.elapsed();
    let patient = crate::partition::AppendOptions {
        timeout: SOON,
        ..options(Acks::All)
    };
    let appended = leader
        .append(batch(&["value"]), &patient)
        .acknowledged()
        .await;
    assert!(appended.is_ok());
    let took = bench.clock.elapsed() - began;
    assert!(took >= LAG_MAX && took < 2 * LAG_MAX, "{took:?}");
    assert_eq!(bench.metadata(0).isr.len(), 2);
    bench.network.heal();
    in_sync(&bench, 0, 3).await;
    same_everywhere(&bench, 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_consumer_of_a_follower_sees_what_is_committed() {
    let bench = Bench::with_topic(7, 3, 1, &[]).await;
    let leader = leads(&bench, 1, 0).await;
    append(&leader, "value", Acks::All)
        .acknowledged()
        .await
        .unwrap();
    until("the follower knows", || {
        offsets(&bench, 2).high_watermark == Offset(1)
    })
    .await;
    let follower = bench.partition(2, 0).unwrap();
    let asked = Ask {
        from: Source::Replica {
            nearby: Default::default(),
        },
        current_leader_epoch: Some(LeaderEpoch(0)),
        ..ask(0)
    };
    assert!(follower.read(asked).await.size_bytes() > 0);
}

#[tokio::test(start_paused = true)]
async fn under_flush_messages_one_a_follower_counts_only_what_it_has_synced() {
    let bench = Bench::with_topic(8, 3, 1, &[("flush.messages", "1")]).await;
    let leader = leads(&bench, 1, 0).await;
    for _ in 0..5 {
        append(&leader, "value", Acks::All)
            .acknowledged()
            .await
            .unwrap();
        for id in bench.ids() {
            assert_eq!(
                offsets(&bench, id).flushed,
                offsets(&bench, 1).end,
                "node {id}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn many_partitions_are_followed_by_a_few_fetchers_and_left_when_led() {
    let bench = Bench::with_topic(9, 3, 30, &[]).await;
    for index in 0..30 {
        let leader = leads(&bench, index % 3 + 1, index).await;
        append(&leader, "value", Acks::All)
            .acknowledged()
            .await
            .unwrap();
    }
    let node = bench.node(1).unwrap();
    assert_eq!(node.followers.count(), (2, 20));
    for index in 0..30 {
        bench.elect(index, 1);
    }
    leads(&bench, 1, 29).await;
    until("it follows nobody", || node.followers.count() == (0, 0)).await;
}

#[tokio::test(start_paused = true)]
async fn a_broker_is_followed_by_as_many_fetchers_as_configured() {
    let bench = Bench::new(10, 2);
    bench.values.lock().fetchers = 3;
    for id in [1, 2] {
        bench.start(id).await;
    }
    bench.create(40, &[]);
    let node = bench.node(1).unwrap();
    until("it follows", || node.followers.count() == (3, 20)).await;
    for index in 0..40 {
        let leader = leads(&bench, index % 2 + 1, index).await;
        let appended = append(&leader, "value", Acks::All).acknowledged().await;
        assert!(appended.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_says_nothing_is_asked_again_after_the_socket_timeout() {
    let bench = Bench::with_topic(11, 2, 1, &[]).await;
    let leader = leads(&bench, 1, 0).await;
    let (timeout, wait) = (Duration::from_secs(2), Duration::from_millis(500));
    bench.values.lock().socket_timeout = timeout;
    append(&leader, "value", Acks::All)
        .acknowledged()
        .await
        .unwrap();
    bench.network.swallow(2, 1);
    // The poll that is under way ends well, and the next one is lost.
    tokio::time::sleep(2 * wait).await;
    bench.network.heal();
    let began = bench.clock.elapsed();
    let appended = append(&leader, "value", Acks::All).acknowledged().await;
    assert!(appended.is_ok());
    let took = bench.clock.elapsed() - began;
    assert!(took > timeout - 2 * wait && took < timeout, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_directory_of_a_follower_holds_up_no_partition_of_another() {
    let bench = Bench::new(12, 2);
    let slow = Duration::from_secs(3);
    bench.sync_times.lock().insert((2, 1), slow);
    for id in [1, 2] {
        bench.start(id).await;
    }
    bench.create(2, &[("flush.messages", "1")]);
    bench.elect(1, 1);
    let (mut fast, mut late) = (Vec::new(), Vec::new());
    for index in [0, 1] {
        let leader = leads(&bench, 1, index).await;
        until("it is followed", || bench.partition(2, index).is_some()).await;
        let follower = bench.partition(2, index).unwrap();
        match follower.directory().path().ends_with("more") {
            true => late.push(leader),
            false => fast.push(leader),
        }
    }
    assert_eq!((fast.len(), late.len()), (1, 1));
    let began = bench.clock.elapsed();
    let waiting = append(&late[0], "late", Acks::All);
    let waiting = tokio::spawn(waiting.acknowledged());
    for _ in 0..20 {
        let appended = append(&fast[0], "fast", Acks::All).acknowledged().await;
        assert!(appended.is_ok());
    }
    let took = bench.clock.elapsed() - began;
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(!waiting.is_finished());
    assert!(waiting.await.unwrap().is_ok());
    assert!(bench.clock.elapsed() - began >= slow);
}
