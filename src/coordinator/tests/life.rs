//! Loading, failing, losing leadership, waiting for commits, timers.

use super::toy::{
    Counters, EPOCH, IDLE, Memory, add, leading, leading_in_pieces, loaded, reach, state,
};
use crate::coordinator::{Draft, Ticket, Turn};
use futures::FutureExt;
use ottla_protocol::ErrorCode;
use ottla_storage::offset::LeaderEpoch;
use std::time::Duration;

fn adding(
    name: u8,
    amount: u64,
) -> impl FnOnce(&Counters, &mut Draft<Counters>, Ticket, &Turn) + Send {
    move |_, draft, ticket, turn| add(draft, ticket, turn, name, amount)
}

fn reaching(
    name: u8,
    target: u64,
) -> impl FnOnce(&Counters, &mut Draft<Counters>, Ticket, &Turn) + Send {
    move |_, draft, ticket, _| reach(draft, ticket, name, target)
}

#[tokio::test(start_paused = true)]
async fn an_answer_waits_for_what_it_rests_on_and_reads_see_only_committed_state() {
    let journal = Memory::new();
    *journal.follows_end.lock() = false;
    let runtime = leading(&journal);
    loaded(&runtime).await;
    let mut first = Box::pin(runtime.write(0, adding(1, 5)));
    let mut without_records = Box::pin(runtime.write(0, reaching(1, 5)));
    assert!(state(&runtime).await.is_empty());
    assert_eq!((&mut first).now_or_never(), None);
    assert_eq!(
        (&mut without_records).now_or_never(),
        None,
        "it read what is not committed"
    );
    journal.commit();
    assert_eq!((first.await, without_records.await), (Ok(5), Ok(5)));
    assert_eq!(state(&runtime).await, [(1, 5)].into());
}

#[tokio::test(start_paused = true)]
async fn an_operation_whose_append_failed_has_changed_nothing() {
    let journal = Memory::new();
    let runtime = leading(&journal);
    loaded(&runtime).await;
    assert_eq!(runtime.write(0, adding(1, 5)).await, Ok(5));
    let waiting = runtime.write(0, reaching(1, 12));
    *journal.refuses.lock() = Some(ErrorCode::NOT_ENOUGH_REPLICAS);
    assert_eq!(
        runtime.write(0, adding(1, 100)).await,
        Err(ErrorCode::NOT_ENOUGH_REPLICAS)
    );
    *journal.refuses.lock() = None;
    assert_eq!(runtime.write(0, adding(1, 7)).await, Ok(12));
    assert_eq!(waiting.await, Ok(12), "it was still waiting");
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_was_written_in_part_makes_the_shard_load_again() {
    let journal = Memory::new();
    *journal.batch_bytes.lock() = 1;
    let runtime = leading(&journal);
    loaded(&runtime).await;
    *journal.refuses.lock() = Some(ErrorCode::NOT_ENOUGH_REPLICAS);
    *journal.grace.lock() = 1;
    let both = runtime.write(0, |_, draft, ticket, turn| {
        add(draft, ticket, turn, 1, 1);
        add(draft, ticket, turn, 2, 1);
    });
    assert_eq!(both.await, Err(ErrorCode::NOT_COORDINATOR));
    *journal.refuses.lock() = None;
    loaded(&runtime).await;
    assert_eq!(state(&runtime).await, [(1, 1)].into(), "what the log says");
}

#[tokio::test(start_paused = true)]
async fn losing_leadership_ends_every_open_request() {
    let journal = Memory::new();
    *journal.follows_end.lock() = false;
    let runtime = leading(&journal);
    loaded(&runtime).await;
    let uncommitted = runtime.write(0, adding(1, 5));
    let parked = runtime.write(0, reaching(2, 1));
    tokio::task::yield_now().await;
    journal.lose();
    assert_eq!(uncommitted.await, Err(ErrorCode::NOT_COORDINATOR));
    assert_eq!(parked.await, Err(ErrorCode::NOT_COORDINATOR));
    assert_eq!(
        runtime.write(0, adding(1, 5)).await,
        Err(ErrorCode::NOT_COORDINATOR)
    );
}

#[tokio::test(start_paused = true)]
async fn a_resigned_shard_ends_every_open_request() {
    let journal = Memory::new();
    let runtime = leading(&journal);
    loaded(&runtime).await;
    let parked = runtime.write(0, reaching(2, 1));
    runtime.resign(0);
    assert_eq!(parked.await, Err(ErrorCode::NOT_COORDINATOR));
    assert_eq!(
        runtime.write(7, adding(1, 5)).await,
        Err(ErrorCode::NOT_COORDINATOR)
    );
}

#[tokio::test(start_paused = true)]
async fn a_shard_loaded_in_one_epoch_writes_in_no_other() {
    let journal = Memory::new();
    let runtime = leading(&journal);
    loaded(&runtime).await;
    assert_eq!(runtime.write(0, adding(1, 5)).await, Ok(5));
    *journal.epoch.lock() = LeaderEpoch(EPOCH.0 + 2);
    assert_eq!(
        runtime.write(0, adding(1, 5)).await,
        Err(ErrorCode::NOT_LEADER_OR_FOLLOWER)
    );
    runtime.elect(0, LeaderEpoch(EPOCH.0 + 2), journal.clone());
    loaded(&runtime).await;
    assert_eq!(runtime.write(0, adding(1, 1)).await, Ok(6));
    runtime.elect(0, EPOCH, journal.clone());
    assert_eq!(
        runtime.write(0, adding(1, 1)).await,
        Ok(7),
        "an older election is no news"
    );
}

#[tokio::test(start_paused = true)]
async fn requests_while_loading_are_told_so() {
    let journal = Memory::new();
    journal.reads.send_replace(false);
    let runtime = leading(&journal);
    tokio::task::yield_now().await;
    let loading = Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS);
    assert_eq!(runtime.write(0, adding(1, 5)).await, loading);
    assert_eq!(runtime.read(0, |_| 5).await, loading);
    journal.reads.send_replace(true);
    loaded(&runtime).await;
    assert_eq!(runtime.write(0, adding(1, 5)).await, Ok(5));
}

#[tokio::test(start_paused = true)]
async fn timers_run_again_after_loading() {
    let journal = Memory::new();
    let runtime = leading(&journal);
    loaded(&runtime).await;
    assert_eq!(runtime.write(0, adding(1, 5)).await, Ok(5));
    runtime.stop();
    let journal = journal.reopened();
    let runtime = leading(&journal);
    loaded(&runtime).await;
    tokio::time::sleep(IDLE - Duration::from_millis(10)).await;
    assert_eq!(state(&runtime).await, [(1, 5)].into());
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(state(&runtime).await.is_empty());
    assert!(
        state(&*leading_again(&journal).await).await.is_empty(),
        "the timer wrote it"
    );
}

async fn leading_again(journal: &Memory) -> std::sync::Arc<crate::coordinator::Runtime<Counters>> {
    let runtime = leading(&journal.reopened());
    loaded(&runtime).await;
    runtime
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_could_not_write_fires_again() {
    let journal = Memory::new();
    let runtime = leading(&journal);
    loaded(&runtime).await;
    assert_eq!(runtime.write(0, adding(1, 5)).await, Ok(5));
    *journal.refuses.lock() = Some(ErrorCode::NOT_ENOUGH_REPLICAS);
    tokio::time::sleep(IDLE + Duration::from_millis(10)).await;
    assert_eq!(state(&runtime).await, [(1, 5)].into());
    *journal.refuses.lock() = None;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(state(&runtime).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_committed_in_time_is_given_up_but_its_records_stand() {
    let journal = Memory::new();
    *journal.follows_end.lock() = false;
    let runtime = leading(&journal);
    loaded(&runtime).await;
    assert_eq!(
        runtime.write(0, adding(1, 5)).await,
        Err(ErrorCode::REQUEST_TIMED_OUT)
    );
    journal.commit();
    tokio::task::yield_now().await;
    assert_eq!(state(&runtime).await, [(1, 5)].into());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_committed_when_a_shard_is_loaded_is_not_read_until_it_is() {
    let before = Memory::new();
    let runtime = leading(&before);
    loaded(&runtime).await;
    for _ in 0..3 {
        runtime.write(0, adding(1, 1)).await.expect("written");
    }
    let journal = before.reopened();
    let _ = journal.committed.send_replace(Ok(2));
    *journal.follows_end.lock() = false;
    let runtime = leading(&journal);
    loaded(&runtime).await;
    assert_eq!(state(&runtime).await, [(1, 2)].into());
    let on_top = runtime.write(0, adding(1, 1));
    tokio::task::yield_now().await;
    journal.commit();
    assert_eq!(on_top.await, Ok(4));
    assert_eq!(state(&runtime).await, [(1, 4)].into());
}

#[tokio::test(start_paused = true)]
async fn a_log_is_loaded_in_pieces_of_any_size() {
    let journal = Memory::new();
    let runtime = leading(&journal);
    loaded(&runtime).await;
    for amount in 1..20 {
        runtime
            .write(0, adding((amount % 3) as u8, amount))
            .await
            .expect("written");
    }
    let live = state(&runtime).await;
    for piece_bytes in [1, 100, 200, 1 << 20] {
        let again = leading_in_pieces(&journal.reopened(), piece_bytes);
        loaded(&again).await;
        assert_eq!(state(&again).await, live, "{piece_bytes}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_begins_to_serve_is_noticed() {
    let journal = Memory::new();
    journal.reads.send_replace(false);
    let runtime = leading(&journal);
    let mut serving = Box::pin(runtime.serving(0));
    assert_eq!((&mut serving).now_or_never(), None);
    journal.reads.send_replace(true);
    serving.await;
    assert_eq!(runtime.write(0, adding(1, 5)).await, Ok(5));
}
