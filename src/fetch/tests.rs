//! Fetching from real partitions on a simulated disk: sessions as subscriptions, long polls, byte limits.

use super::*;
use crate::partition::Acks;
use crate::partition::tests::{Node, batch, options, topic_id};
use ottla_protocol::Str;
use ottla_storage::offset::Offset;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Client<'a> {
    node: &'a Node,
    fetches: Fetches,
    /// Partitions that were looked up: what fetching costs.
    looked_up: AtomicUsize,
}

impl<'a> Client<'a> {
    fn of(node: &'a Node) -> Self {
        let fetches = Fetches::new(10, node.clock.clone(), Rng::seeded(5));
        Self {
            node,
            fetches,
            looked_up: AtomicUsize::new(0),
        }
    }

    async fn fetch(&self, request: Request) -> Result<Answer, ErrorCode> {
        fetch(&self.fetches, request, |key| {
            self.looked_up.fetch_add(1, Ordering::Relaxed);
            match &key.topic {
                TopicKey::Id(id) => {
                    let id = ottla_controller::ids::TopicId(*id);
                    self.node.table.by_id(&self.node.image, id, key.index)
                }
                TopicKey::Name(name) => self.node.table.by_name(&self.node.image, name, key.index),
            }
        })
        .await
    }

    fn looked_up(&self) -> usize {
        self.looked_up.swap(0, Ordering::Relaxed)
    }
}

fn key(topic: &str, index: i32) -> PartitionKey {
    PartitionKey {
        topic: TopicKey::Name(Str::from(topic)),
        index,
    }
}

fn from(offset: i64) -> Wanted {
    Wanted {
        fetch_offset: Offset(offset),
        partition_max_bytes: 1 << 20,
        current_leader_epoch: None,
        last_fetched_epoch: None,
        log_start: Offset::NONE,
    }
}

fn request(session: (i32, i32), named: Vec<(PartitionKey, Wanted)>) -> Request {
    Request {
        session_id: session.0,
        session_epoch: session.1,
        uses_topic_ids: false,
        reader: Reader::OfLeaders,
        nearby: std::sync::Arc::default(),
        isolation: Isolation::ReadUncommitted,
        max_wait: Duration::from_millis(500),
        min_bytes: 1,
        max_bytes: 1 << 20,
        named,
        forgotten: Vec::new(),
        brake: None,
    }
}

async fn append(node: &Node, topic: &str, index: i32, value: &str) {
    let partition = node.partition(topic, index);
    partition
        .append(batch(&[value]), &options(Acks::All))
        .acknowledged()
        .await
        .unwrap();
}

fn shown(answer: &Answer) -> Vec<(i32, usize, i16)> {
    answer
        .partitions
        .iter()
        .map(|(key, answer)| (key.index, answer.size_bytes(), answer.error.0))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_sessionless_fetch_answers_every_partition_it_names() {
    let mut node = Node::new();
    node.create("orders", 2, &[]).await;
    append(&node, "orders", 1, "value").await;
    let client = Client::of(&node);
    let named = vec![
        (key("orders", 0), from(0)),
        (key("orders", 1), from(0)),
        (key("nosuch", 0), from(0)),
    ];
    let answer = client.fetch(request((0, -1), named)).await.unwrap();
    assert_eq!(answer.session_id, NO_SESSION);
    let size = answer.partitions[1].1.size_bytes();
    let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.0;
    assert_eq!(shown(&answer), [(0, 0, 0), (1, size, 0), (0, 0, unknown)]);
    assert!(size > 0);
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_ends_when_something_becomes_visible_and_not_before() {
    let mut node = Node::new();
    node.create("orders", 2, &[]).await;
    let client = Client::of(&node);
    for session_epoch in [-1, 0] {
        let end = node.partition("orders", 1).offsets().end;
        let named = vec![(key("orders", 0), from(0)), (key("orders", 1), from(end.0))];
        let mut polling = Box::pin(client.fetch(request((0, session_epoch), named)));
        assert!(futures::poll!(&mut polling).is_pending());
        assert!(
            futures::poll!(&mut polling).is_pending(),
            "nothing has changed"
        );
        append(&node, "orders", 1, "value").await;
        let began = node.clock.elapsed();
        let answer = polling.await.unwrap();
        assert_eq!(node.clock.elapsed(), began, "at once");
        assert!(
            answer
                .partitions
                .iter()
                .any(|(key, answer)| key.index == 1 && answer.size_bytes() > 0)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_without_news_ends_at_its_time() {
    let mut node = Node::new();
    node.create("orders", 1, &[]).await;
    let client = Client::of(&node);
    let began = node.clock.elapsed();
    let answer = client
        .fetch(request((0, -1), vec![(key("orders", 0), from(0))]))
        .await
        .unwrap();
    assert_eq!(node.clock.elapsed() - began, Duration::from_millis(500));
    assert_eq!(shown(&answer), [(0, 0, 0)]);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_partition_is_told_of_but_does_not_hurry_the_answer() {
    let mut node = Node::new();
    node.create("orders", 1, &[]).await;
    let client = Client::of(&node);
    let quiet_and_unknown = vec![(key("orders", 0), from(0)), (key("nosuch", 0), from(0))];
    for (named, waits_ms) in [
        (quiet_and_unknown, 500),
        (vec![(key("nosuch", 0), from(0))], 0),
    ] {
        let began = node.clock.elapsed();
        let answer = client.fetch(request((0, -1), named)).await.unwrap();
        assert_eq!(
            node.clock.elapsed() - began,
            Duration::from_millis(waits_ms)
        );
        let last = answer.partitions.last().unwrap();
        assert_eq!(last.1.error, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_waits_for_min_bytes_over_all_partitions() {
    let mut node = Node::new();
    node.create("orders", 2, &[]).await;
    append(&node, "orders", 0, "value").await;
    let one = node.partition("orders", 0).size_bytes();
    let client = Client::of(&node);
    let named = vec![(key("orders", 0), from(0)), (key("orders", 1), from(0))];
    let min_bytes = i32::try_from(one).unwrap() * 3;
    let mut polling = Box::pin(client.fetch(Request {
        min_bytes,
        ..request((0, -1), named)
    }));
    assert!(futures::poll!(&mut polling).is_pending());
    append(&node, "orders", 1, "value").await;
    assert!(futures::poll!(&mut polling).is_pending(), "two of three");
    append(&node, "orders", 0, "value").await;
    let answer = polling.await.unwrap();
    let total: usize = answer
        .partitions
        .iter()
        .map(|(_, answer)| answer.size_bytes())
        .sum();
    assert_eq!(total as u64, one * 3);
}

#[tokio::test(start_paused = true)]
async fn an_incremental_fetch_costs_what_changed_and_not_what_the_session_holds() {
    let mut node = Node::new();
    node.create("orders", 500, &[]).await;
    let client = Client::of(&node);
    let named = (0..500)
        .map(|index| (key("orders", index), from(0)))
        .collect();
    let opened = client
        .fetch(Request {
            min_bytes: 0,
            ..request((0, 0), named)
        })
        .await
        .unwrap();
    let id = opened.session_id;
    assert_eq!((opened.partitions.len(), client.looked_up()), (500, 500));
    assert_ne!(id, NO_SESSION);
    append(&node, "orders", 321, "value").await;
    let answer = client.fetch(request((id, 1), Vec::new())).await.unwrap();
    assert_eq!(client.looked_up(), 1);
    assert_eq!(answer.partitions.len(), 1);
    assert_eq!(answer.partitions[0].0.index, 321);
    // The client names the partition with its new position, and nothing has changed since.
    let end = node.partition("orders", 321).offsets().end.0;
    let answer = client
        .fetch(request((id, 2), vec![(key("orders", 321), from(end))]))
        .await
        .unwrap();
    assert_eq!((answer.partitions.len(), client.looked_up()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn records_that_the_client_did_not_take_are_sent_again() {
    let mut node = Node::new();
    node.create("orders", 1, &[]).await;
    append(&node, "orders", 0, "value").await;
    let client = Client::of(&node);
    let id = client
        .fetch(request((0, 0), vec![(key("orders", 0), from(0))]))
        .await
        .unwrap()
        .session_id;
    for epoch in 1..4 {
        let again = client
            .fetch(request((id, epoch), Vec::new()))
            .await
            .unwrap();
        assert_eq!(again.partitions.len(), 1);
        assert!(again.partitions[0].1.size_bytes() > 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_fetch_loses_no_news() {
    let mut node = Node::new();
    node.create("orders", 1, &[]).await;
    let client = Client::of(&node);
    let named = vec![(key("orders", 0), from(0))];
    let id = client
        .fetch(Request {
            min_bytes: 0,
            ..request((0, 0), named)
        })
        .await
        .unwrap()
        .session_id;
    append(&node, "orders", 0, "value").await;
    let mut first = Box::pin(client.fetch(Request {
        min_bytes: 1 << 20,
        ..request((id, 1), Vec::new())
    }));
    assert!(
        futures::poll!(&mut first).is_pending(),
        "read, and not enough"
    );
    drop(first);
    let answer = client.fetch(request((id, 2), Vec::new())).await.unwrap();
    assert!(answer.partitions[0].1.size_bytes() > 0);
}

#[tokio::test(start_paused = true)]
async fn what_did_not_fit_comes_first_next_time() {
    let mut node = Node::new();
    node.create("orders", 3, &[]).await;
    for index in 0..3 {
        append(&node, "orders", index, "value").await;
    }
    let one = i32::try_from(node.partition("orders", 0).size_bytes()).unwrap();
    let client = Client::of(&node);
    let named: Vec<_> = (0..3)
        .map(|index| (key("orders", index), from(0)))
        .collect();
    let small = |session, named| Request {
        max_bytes: one,
        ..request(session, named)
    };
    let opened = client.fetch(small((0, 0), named)).await.unwrap();
    let with_records = |answer: &Answer| {
        let full = answer
            .partitions
            .iter()
            .filter(|(_, answer)| answer.size_bytes() > 0);
        full.map(|(key, _)| key.index).collect::<Vec<_>>()
    };
    assert_eq!(with_records(&opened), [0]);
    let next = client
        .fetch(small(
            (opened.session_id, 1),
            vec![(key("orders", 0), from(1))],
        ))
        .await
        .unwrap();
    assert_eq!(with_records(&next), [1]);
    let last = client
        .fetch(small(
            (opened.session_id, 2),
            vec![(key("orders", 1), from(1))],
        ))
        .await
        .unwrap();
    assert_eq!(with_records(&last), [2]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_too_large_for_what_was_left_is_not_forgotten() {
    let mut node = Node::new();
    node.create("orders", 3, &[]).await;
    append(&node, "orders", 0, "value").await;
    append(&node, "orders", 1, &"large ".repeat(100)).await;
    let one = i32::try_from(node.partition("orders", 0).size_bytes()).unwrap();
    let client = Client::of(&node);
    let roomy = |session, named| Request {
        max_bytes: one + 50,
        ..request(session, named)
    };
    let named = (0..3).map(|index| (key("orders", index), from(0)));
    let opened = client.fetch(roomy((0, 0), named.collect())).await.unwrap();
    let size = usize::try_from(one).unwrap();
    assert_eq!(shown(&opened), [(0, size, 0), (1, 0, 0), (2, 0, 0)]);
    client.looked_up();
    let taken = vec![(key("orders", 0), from(1))];
    let began = node.clock.elapsed();
    let next = client
        .fetch(roomy((opened.session_id, 1), taken))
        .await
        .unwrap();
    assert_eq!(node.clock.elapsed(), began, "at once");
    let large = usize::try_from(node.partition("orders", 1).size_bytes()).unwrap();
    assert_eq!(shown(&next), [(1, large, 0)]);
    assert_eq!(
        client.looked_up(),
        2,
        "an empty partition is not read again"
    );
}

#[tokio::test(start_paused = true)]
async fn a_fetch_answer_is_bounded_by_the_brokers_fetch_max_bytes() {
    let mut node = Node::new();
    node.create("orders", 1, &[]).await;
    for _ in 0..10 {
        append(&node, "orders", 0, "value").await;
    }
    let one = node.partition("orders", 0).size_bytes() / 10;
    let client = Client::of(&node);
    let max_bytes = i32::try_from(one * 3 + one / 2).unwrap();
    let asked = Request {
        max_bytes,
        ..request((0, -1), vec![(key("orders", 0), from(0))])
    };
    let answer = client.fetch(asked).await.unwrap();
    assert_eq!(
        answer.partitions[0].1.size_bytes() as u64,
        one * 3,
        "whole batches only"
    );
}

#[tokio::test(start_paused = true)]
async fn a_deleted_topic_wakes_its_readers_and_a_recreated_one_is_found_again() {
    let mut node = Node::new();
    node.create("orders", 1, &[]).await;
    let fetches = Fetches::new(10, node.clock.clone(), Rng::seeded(5));
    let shared = std::sync::Arc::new(parking_lot::Mutex::new((
        node.table.clone(),
        node.image.clone(),
    )));
    let seen = shared.clone();
    let resolve = move |key: &PartitionKey| {
        let (table, image) = &*seen.lock();
        let TopicKey::Name(name) = &key.topic else {
            panic!("these tests go by name")
        };
        table.by_name(image, name, key.index)
    };
    let named = vec![(key("orders", 0), from(0))];
    let opened = fetch(
        &fetches,
        Request {
            min_bytes: 0,
            ..request((0, 0), named)
        },
        &resolve,
    )
    .await
    .unwrap();
    let id = opened.session_id;
    let mut polling = Box::pin(fetch(&fetches, request((id, 1), Vec::new()), &resolve));
    assert!(futures::poll!(&mut polling).is_pending());
    node.delete("orders").await;
    shared.lock().1 = node.image.clone();
    let answer = polling.await.unwrap();
    assert_eq!(
        answer.partitions[0].1.error,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
    );
    let id_of_new = ottla_controller::ids::TopicId(ottla_protocol::Uuid([9; 16]));
    node.create_as(id_of_new, "orders", 1, &[1], &[]).await;
    shared.lock().1 = node.image.clone();
    append(&node, "orders", 0, "new").await;
    let answer = fetch(&fetches, request((id, 2), Vec::new()), &resolve)
        .await
        .unwrap();
    assert!(answer.partitions[0].1.size_bytes() > 0);
}

#[tokio::test(start_paused = true)]
async fn topics_by_id_are_found_by_id_alone() {
    let mut node = Node::new();
    node.create("orders", 1, &[]).await;
    append(&node, "orders", 0, "value").await;
    let client = Client::of(&node);
    let by_id = |id| PartitionKey {
        topic: TopicKey::Id(id),
        index: 0,
    };
    let named = vec![
        (by_id(topic_id("orders").0), from(0)),
        (by_id(ottla_protocol::Uuid([9; 16])), from(0)),
    ];
    let asked = Request {
        uses_topic_ids: true,
        ..request((0, -1), named)
    };
    let answer = client.fetch(asked).await.unwrap();
    assert!(answer.partitions[0].1.size_bytes() > 0);
    assert_eq!(answer.partitions[1].1.error, ErrorCode::UNKNOWN_TOPIC_ID);
}

#[tokio::test(start_paused = true)]
async fn a_second_request_takes_the_session_from_the_one_that_still_waits() {
    let mut node = Node::new();
    node.create("orders", 1, &[]).await;
    let client = Client::of(&node);
    let named = vec![(key("orders", 0), from(0))];
    let id = client
        .fetch(Request {
            min_bytes: 0,
            ..request((0, 0), named)
        })
        .await
        .unwrap()
        .session_id;
    let mut first = Box::pin(client.fetch(request((id, 1), Vec::new())));
    assert!(futures::poll!(&mut first).is_pending());
    let second = client
        .fetch(Request {
            min_bytes: 0,
            ..request((id, 2), Vec::new())
        })
        .await;
    assert!(second.is_ok());
    assert_eq!(
        first.await.err(),
        Some(ErrorCode::INVALID_FETCH_SESSION_EPOCH)
    );
}
