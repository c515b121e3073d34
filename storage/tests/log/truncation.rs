//! A follower cuts its log back and follows another leader.

use super::support::*;
use bytes::Bytes;
use ottla_storage::log::{AppendError, FlushScope, LogReader, Trust};
use ottla_storage::offset::{LeaderEpoch, Offset};
use ottla_storage::segment::Patience;

/// The bytes of a log as a fetch would carry them.
fn bytes_of(log: &LogReader, from: i64) -> Bytes {
    let read = log
        .read(
            Offset(from),
            u64::MAX,
            log.offsets().end,
            true,
            Patience::Wait,
        )
        .expect("it is in range");
    read.regions
        .iter()
        .flat_map(|region| region.to_vec(Patience::Wait).expect("it is there"))
        .collect::<Vec<_>>()
        .into()
}

#[test]
fn a_follower_holds_the_leaders_bytes_offsets_and_epochs() {
    let (leaders, followers) = (Bench::new(), Bench::new());
    let mut leader = leaders.create();
    append_many(&mut leader, 40);
    append(&mut leader, batch_of(5, 0, &["a", "b"])).expect("it is appended");
    let mut follower = followers.create();
    let bytes = bytes_of(leader.reader(), 0);
    let partial = bytes.slice(..bytes.len() - 10);
    let followed = follower
        .append_as_follower(partial, EPOCH, NOW_MS)
        .expect("it is appended");
    assert_eq!(
        (followed.batches, followed.end),
        (40, Offset(40)),
        "the partial batch at the end is left for the next fetch"
    );
    follower
        .append_as_follower(bytes_of(leader.reader(), 40), EPOCH, NOW_MS)
        .expect("it is appended");
    assert_eq!(bytes_of(follower.reader(), 0), bytes);
    assert_eq!(
        follower.reader().end_offset_for_epoch(EPOCH),
        Some((EPOCH, Offset(42)))
    );
    let retried = append(&mut follower, batch_of(5, 0, &["a", "b"])).expect("it is answered");
    assert!(
        retried.is_duplicate,
        "a follower that becomes leader knows the producers"
    );
}

#[test]
fn bytes_that_do_not_follow_or_are_damaged_are_refused() {
    let (leaders, followers) = (Bench::new(), Bench::new());
    let mut leader = leaders.create();
    append_many(&mut leader, 3);
    let mut follower = followers.create();
    let bytes = bytes_of(leader.reader(), 0);
    follower
        .append_as_follower(bytes.clone(), EPOCH, NOW_MS)
        .expect("it is appended");
    let again = follower.append_as_follower(bytes.clone(), EPOCH, NOW_MS);
    assert!(
        matches!(
            again,
            Err(AppendError::OutOfOrder {
                base_offset: Offset(0),
                end: Offset(3)
            })
        ),
        "{again:?}"
    );
    let mut damaged = bytes_of(leader.reader(), 0).to_vec();
    damaged[70] ^= 1;
    let mut other = followers.files_of("other");
    let refused = other.append_as_follower(damaged.into(), EPOCH, NOW_MS);
    assert!(
        matches!(refused, Err(AppendError::Corrupt(_))),
        "{refused:?}"
    );
    assert_eq!(other.reader().offsets().end, Offset(0));
}

#[test]
fn after_a_truncation_to_any_offset_the_log_is_as_if_the_rest_had_never_been() {
    for cut in 0..=45 {
        let bench = Bench::new();
        let mut log = bench.create();
        append_many(&mut log, 20);
        for sequence in 0..10 {
            append(
                &mut log,
                batch_of(7, sequence, &["some value of some length"]),
            )
            .expect("it is appended");
        }
        assert!(log.assign_epoch(LeaderEpoch(8)));
        log.append_as_leader(&vec![batch(&["x"]); 15], LeaderEpoch(8), NOW_MS);
        log.set_high_watermark(Offset(45));
        log.truncate_to(Offset(cut), NOW_MS).expect("it is cut");
        let offsets = log.reader().offsets();
        assert_eq!(
            (offsets.end, offsets.high_watermark),
            (Offset(cut), Offset(cut))
        );
        assert_eq!(read_offsets(log.reader()), (0..cut).collect::<Vec<_>>());
        assert_eq!(
            log.reader().latest_epoch(),
            Some(if cut > 30 { LeaderEpoch(8) } else { EPOCH }).filter(|_| cut > 0)
        );
        if cut > 20 {
            let last = (cut - 21).min(9) as i32;
            let retried = append(&mut log, batch_of(7, last, &["some value of some length"]))
                .expect("it is answered");
            assert!(retried.is_duplicate, "cut at {cut}");
        }
        append_many(&mut log, 20);
        assert_eq!(
            read_offsets(log.reader()),
            (0..cut + 20).collect::<Vec<_>>()
        );
        bench.disk.process_death();
        let log = bench.open(Trust::RecoveryPoint);
        assert_eq!(
            read_offsets(log.reader()),
            (0..cut + 20).collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_batch_that_spans_the_cut_goes_whole() {
    let bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 2);
    append(&mut log, batch(&["a", "b", "c"])).expect("it is appended");
    log.truncate_to(Offset(4), NOW_MS).expect("it is cut");
    assert_eq!(log.reader().offsets().end, Offset(2));
}

#[test]
fn a_log_that_starts_over_keeps_nothing() {
    let mut bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 30);
    append(&mut log, batch_of(7, 0, &["a"])).expect("it is appended");
    flush(log.reader(), FlushScope::Everything);
    log.lower_recovery_point(Offset(0))
        .expect("the offset is found");
    bench.checkpoint(log.reader());
    log.truncate_fully_and_start_at(Offset(1_000), NOW_MS)
        .expect("it starts over");
    let offsets = log.reader().offsets();
    assert_eq!(
        (offsets.start, offsets.end, offsets.high_watermark),
        (Offset(1_000), Offset(1_000), Offset(1_000))
    );
    assert_eq!(log.reader().latest_epoch(), None);
    assert!(
        !append(&mut log, batch_of(7, 0, &["a"]))
            .expect("it is appended")
            .is_duplicate
    );
    for seed in 0..10 {
        bench.disk.power_loss(seed);
        let log = bench.open(Trust::RecoveryPoint);
        assert_eq!(log.reader().offsets().start, Offset(1_000));
        drop(log);
    }
}

#[test]
fn a_crash_during_an_announced_truncation_is_not_taken_for_damage() {
    for seed in 0..50 {
        let mut bench = Bench::new();
        let mut log = bench.create();
        append_many(&mut log, 40);
        flush(log.reader(), FlushScope::Everything);
        bench.checkpoint(log.reader());
        log.lower_recovery_point(Offset(12))
            .expect("the offset is found");
        bench.checkpoint(log.reader());
        log.truncate_to(Offset(12), NOW_MS).expect("it is cut");
        log.append_as_leader(&vec![batch(&["y"]); 5], LeaderEpoch(9), NOW_MS);
        bench.disk.power_loss(seed);
        let log = bench.open(Trust::RecoveryPoint);
        let end = log.reader().offsets().end.0;
        assert!((12..=17).contains(&end), "recovered up to {end}");
        let epochs: Vec<_> = read_all(log.reader(), Offset(0), 500)
            .iter()
            .map(|header| header.partition_leader_epoch)
            .collect();
        assert!(
            epochs[12..].iter().all(|epoch| *epoch == LeaderEpoch(9)),
            "nothing that was cut came back: {epochs:?}"
        );
    }
}

#[test]
fn a_flush_that_began_before_a_truncation_says_nothing_of_what_came_after() {
    let bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 20);
    let task = log
        .reader()
        .flush_task(FlushScope::Everything)
        .expect("there is something to flush");
    log.truncate_to(Offset(5), NOW_MS).expect("it is cut");
    append_many(&mut log, 30);
    log.reader().flushed(task.run()).expect("it is noted");
    assert!(log.reader().offsets().flushed <= Offset(5));
    assert!(log.reader().recovery_point() <= Offset(5));
}

#[test]
fn a_follower_takes_nothing_of_an_epoch_that_began_after_its_fetch() {
    let (leaders, followers) = (Bench::new(), Bench::new());
    let mut leader = leaders.create();
    append_many(&mut leader, 3);
    leader.append_as_leader(&[batch(&["x"])], LeaderEpoch(EPOCH.0 + 1), NOW_MS);
    let mut follower = followers.create();
    let bytes = bytes_of(leader.reader(), 0);
    let followed = follower
        .append_as_follower(bytes, EPOCH, NOW_MS)
        .expect("it is appended");
    assert_eq!((followed.batches, followed.end), (3, Offset(3)));
    assert_eq!(follower.reader().latest_epoch(), Some(EPOCH));
}

#[test]
fn truncating_at_the_end_forgets_an_epoch_in_which_nothing_was_written() {
    let bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 3);
    assert!(log.assign_epoch(LeaderEpoch(EPOCH.0 + 5)));
    log.truncate_to(Offset(3), NOW_MS).expect("it is cut");
    assert_eq!(log.reader().latest_epoch(), Some(EPOCH));
    assert_eq!(log.reader().offsets().end, Offset(3));
}

#[test]
fn an_epoch_that_begins_does_not_take_the_place_of_a_later_one() {
    let bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 3);
    assert!(log.assign_epoch(LeaderEpoch(EPOCH.0 + 2)));
    assert!(!log.assign_epoch(EPOCH), "old metadata");
    assert!(!log.assign_epoch(LeaderEpoch(EPOCH.0 + 1)));
    assert_eq!(log.reader().epoch_at(Offset(2)), Some(EPOCH));
    assert_eq!(log.reader().latest_epoch(), Some(LeaderEpoch(EPOCH.0 + 2)));
    assert!(log.assign_epoch(LeaderEpoch(EPOCH.0 + 2)), "led again");
}
