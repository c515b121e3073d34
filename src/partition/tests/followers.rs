//! A leader and its followers' fetches: the high watermark, the ISR, and who may count.

use super::*;
use ottla_controller::ids::{BrokerEpoch, PartitionEpoch};
use ottla_protocol::ErrorCode;

const LAG: Duration = Duration::from_secs(30);

/// A node that leads `orders-0`, with followers 2 and 3.
async fn leader(isr: &[i32], config: &[(&str, &str)]) -> Node {
    let mut node = Node::new();
    node.register(&[(1, 1), (2, 2), (3, 3)]).await;
    node.create_as(topic_id("orders"), "orders", 1, &[1, 2, 3], config)
        .await;
    set_isr(&mut node, isr).await;
    node
}

async fn set_isr(node: &mut Node, isr: &[i32]) {
    let change = PartitionChangeRecord {
        topic_id: topic_id("orders").0,
        partition_id: 0,
        isr: Some(isr.to_vec()),
        ..Default::default()
    };
    node.change(&[MetadataRecord::PartitionChange(change)])
        .await;
}

fn following(node: &Node, broker: i32, epoch: i64, offset: i64) -> Ask {
    Ask {
        isolation: Isolation::Replica,
        current_leader_epoch: Some(node.partition("orders", 0).role().leader_epoch),
        from: Source::FollowedLeader(Follow {
            fetcher: Fetcher {
                broker: BrokerId(broker),
                broker_epoch: Some(BrokerEpoch(epoch)),
                session: LastFetch::at(node.clock.elapsed()),
            },
            log_start: Offset(0),
            is_news: true,
        }),
        ..ask(offset)
    }
}

/// Broker `broker`, registered in the epoch of the same number, fetches.
async fn fetch(node: &Node, broker: i32, offset: i64) -> ReadAnswer {
    node.partition("orders", 0)
        .read(following(node, broker, i64::from(broker), offset))
        .await
}

fn append(node: &Node, acks: Acks) -> Appending {
    node.partition("orders", 0)
        .append(batch(&["value"]), &options(acks))
}

fn high_watermark(node: &Node) -> i64 {
    node.partition("orders", 0).offsets().high_watermark.0
}

fn proposed(node: &Node) -> Option<Proposal> {
    let mut taken = node.table.replicating().proposals.take(10);
    assert!(taken.len() <= 1);
    taken.pop().map(|(_, proposal)| proposal)
}

fn members(proposal: &Proposal) -> Vec<(i32, Option<i64>)> {
    proposal
        .isr
        .iter()
        .map(|member| (member.broker.0, member.epoch.map(|epoch| epoch.0)))
        .collect()
}

fn agreed(proposal: &Proposal) -> Result<Altered, ErrorCode> {
    Ok(Altered {
        leader_epoch: proposal.leader_epoch,
        partition_epoch: PartitionEpoch(proposal.partition_epoch.0 + 1),
        isr: proposal.isr.iter().map(|member| member.broker).collect(),
    })
}

#[tokio::test(start_paused = true)]
async fn a_record_is_committed_when_every_replica_in_sync_has_asked_for_what_comes_after_it() {
    let node = leader(&[1, 2, 3], &[]).await;
    let mut acknowledged = Box::pin(append(&node, Acks::All).acknowledged());
    assert!(futures::poll!(&mut acknowledged).is_pending());
    fetch(&node, 2, 0).await;
    fetch(&node, 3, 0).await;
    fetch(&node, 2, 1).await;
    assert!(futures::poll!(&mut acknowledged).is_pending(), "one of two");
    let answer = fetch(&node, 3, 1).await;
    assert!(acknowledged.await.is_ok());
    assert_eq!(high_watermark(&node), 1);
    assert_eq!(answer.error, ErrorCode::NONE);
}

#[tokio::test(start_paused = true)]
async fn a_follower_out_of_sync_holds_nothing_back_and_joins_when_it_has_caught_up() {
    let node = leader(&[1, 2], &[]).await;
    append(&node, Acks::Leader).acknowledged().await.unwrap();
    append(&node, Acks::Leader).acknowledged().await.unwrap();
    fetch(&node, 2, 2).await;
    assert_eq!(high_watermark(&node), 2);
    fetch(&node, 3, 1).await;
    assert_eq!(proposed(&node), None, "not yet at the high watermark");
    fetch(&node, 3, 2).await;
    let proposal = proposed(&node).expect("it has caught up");
    assert_eq!(
        members(&proposal),
        [(1, Some(1)), (2, Some(2)), (3, Some(3))]
    );
    append(&node, Acks::Leader).acknowledged().await.unwrap();
    fetch(&node, 2, 3).await;
    assert_eq!(
        high_watermark(&node),
        2,
        "it waits for the one that is joining already"
    );
    let partition = node.partition("orders", 0);
    partition.isr_answered(proposal.clone(), agreed(&proposal));
    assert_eq!(partition.role().isr.len(), 3);
    fetch(&node, 3, 3).await;
    assert_eq!(high_watermark(&node), 3);
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_falls_behind_leaves_and_counts_until_the_controller_agrees() {
    let node = leader(&[1, 2, 3], &[]).await;
    fetch(&node, 2, 0).await;
    fetch(&node, 3, 0).await;
    append(&node, Acks::Leader).acknowledged().await.unwrap();
    tokio::time::advance(LAG).await;
    fetch(&node, 2, 1).await;
    node.table.shrink_isrs();
    assert_eq!(proposed(&node), None, "exactly on time is in time");
    tokio::time::advance(Duration::from_millis(1)).await;
    node.table.shrink_isrs();
    let proposal = proposed(&node).expect("too late");
    assert_eq!(members(&proposal), [(1, Some(1)), (2, Some(2))]);
    node.table.shrink_isrs();
    assert_eq!(proposed(&node), None, "one at a time");
    assert_eq!(high_watermark(&node), 0);
    let partition = node.partition("orders", 0);
    partition.isr_answered(proposal.clone(), agreed(&proposal));
    assert_eq!(high_watermark(&node), 1);
}

#[tokio::test(start_paused = true)]
async fn a_follower_at_the_end_of_an_idle_log_stays_however_long_nothing_is_written() {
    let node = leader(&[1, 2, 3], &[]).await;
    let session = LastFetch::at(node.clock.elapsed());
    for broker in [2, 3] {
        let mut ask = following(&node, broker, i64::from(broker), 0);
        if let Source::FollowedLeader(follow) = &mut ask.from {
            follow.fetcher.session = session.clone();
        }
        node.partition("orders", 0).read(ask).await;
    }
    tokio::time::advance(100 * LAG).await;
    session.note(node.clock.elapsed());
    append(&node, Acks::Leader).acknowledged().await.unwrap();
    node.table.shrink_isrs();
    assert_eq!(proposed(&node), None);
    tokio::time::advance(2 * LAG).await;
    node.table.shrink_isrs();
    assert_eq!(proposed(&node).map(|proposal| proposal.isr.len()), Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_refused_proposal_leaves_the_committed_isr_and_an_unclear_one_the_larger() {
    let mut node = leader(&[1, 2], &[]).await;
    fetch(&node, 2, 0).await;
    fetch(&node, 3, 0).await;
    let partition = node.partition("orders", 0);
    let refused = proposed(&node).unwrap();
    let fate = partition.isr_answered(refused, Err(ErrorCode::INELIGIBLE_REPLICA));
    assert_eq!(fate, Fate::Withdrawn);
    fetch(&node, 3, 0).await;
    let unclear = proposed(&node).expect("it may be asked again");
    let fate = partition.isr_answered(unclear.clone(), Err(ErrorCode::INVALID_UPDATE_VERSION));
    assert_eq!(fate, Fate::Undecided);
    fetch(&node, 3, 0).await;
    assert_eq!(
        proposed(&node),
        None,
        "not before the metadata says what happened"
    );
    append(&node, Acks::Leader).acknowledged().await.unwrap();
    fetch(&node, 2, 1).await;
    assert_eq!(high_watermark(&node), 0, "it may be in sync");
    set_isr(&mut node, &[1, 2]).await;
    let late = partition.isr_answered(unclear.clone(), agreed(&unclear));
    assert_eq!(late, Fate::Stale);
    assert_eq!(partition.role().isr.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_older_process_of_a_follower_does_not_count() {
    let mut node = leader(&[1, 2, 3], &[]).await;
    append(&node, Acks::Leader).acknowledged().await.unwrap();
    fetch(&node, 3, 1).await;
    node.register(&[(2, 9)]).await;
    let partition = node.partition("orders", 0);
    let stale = partition.read(following(&node, 2, 2, 1)).await;
    assert_eq!(stale.error, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    assert_eq!(high_watermark(&node), 0);
    let answer = partition.read(following(&node, 2, 9, 1)).await;
    assert_eq!(answer.error, ErrorCode::NONE);
    assert_eq!(high_watermark(&node), 1);
}

#[tokio::test(start_paused = true)]
async fn a_follower_whose_registration_is_not_known_yet_does_not_join() {
    let node = leader(&[1, 2], &[]).await;
    fetch(&node, 2, 0).await;
    let partition = node.partition("orders", 0);
    partition.read(following(&node, 3, 9, 0)).await;
    assert_eq!(proposed(&node), None);
}

#[tokio::test(start_paused = true)]
async fn who_is_no_replica_here_yet_is_told_to_ask_again() {
    let node = leader(&[1, 2], &[]).await;
    let partition = node.partition("orders", 0);
    let asked = following(&node, 4, 4, 0);
    assert_eq!(
        partition.read(asked.clone()).await.error,
        ErrorCode::UNKNOWN_LEADER_EPOCH
    );
    let asked = Ask {
        current_leader_epoch: None,
        ..asked
    };
    assert_eq!(
        partition.read(asked).await.error,
        ErrorCode::NOT_LEADER_OR_FOLLOWER
    );
}

#[tokio::test(start_paused = true)]
async fn a_produce_that_reached_fewer_than_min_insync_replicas_is_told_so() {
    let mut node = leader(&[1, 2], &[("min.insync.replicas", "2")]).await;
    let mut late = Box::pin(append(&node, Acks::All).acknowledged());
    assert!(futures::poll!(&mut late).is_pending());
    fetch(&node, 2, 1).await;
    assert!(late.await.is_ok());
    set_isr(&mut node, &[1]).await;
    let refused = append(&node, Acks::All).acknowledged().await.unwrap_err();
    assert_eq!(refused.error, ErrorCode::NOT_ENOUGH_REPLICAS);
    append(&node, Acks::Leader).acknowledged().await.unwrap();
    assert_eq!(high_watermark(&node), 1, "strict min ISR: it stands still");
}

#[tokio::test(start_paused = true)]
async fn a_new_epoch_of_the_same_leader_waits_for_every_follower_anew() {
    let mut node = leader(&[1, 2, 3], &[]).await;
    append(&node, Acks::Leader).acknowledged().await.unwrap();
    fetch(&node, 2, 1).await;
    let old = following(&node, 3, 3, 1);
    node.elect("orders", 1).await;
    let partition = node.partition("orders", 0);
    assert_eq!(
        partition.read(old).await.error,
        ErrorCode::FENCED_LEADER_EPOCH
    );
    assert_eq!(high_watermark(&node), 0);
    fetch(&node, 3, 1).await;
    assert_eq!(high_watermark(&node), 1);
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_knows_of_replicas_is_answered_by_a_follower_and_others_are_not() {
    let mut node = leader(&[1, 2, 3], &[]).await;
    append(&node, Acks::Leader).acknowledged().await.unwrap();
    fetch(&node, 2, 1).await;
    fetch(&node, 3, 1).await;
    append(&node, Acks::Leader).acknowledged().await.unwrap();
    node.elect("orders", 2).await;
    let partition = node.partition("orders", 0);
    let refused = partition.read(ask(0)).await;
    assert_eq!(refused.error, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    let asked = Ask {
        from: Source::Replica {
            nearby: Default::default(),
        },
        ..ask(0)
    };
    let answer = partition.read(asked.clone()).await;
    assert_eq!(answer.high_watermark, Offset(1));
    assert!(answer.size_bytes() > 0);
    let beyond = Ask {
        fetch_offset: Offset(1),
        ..asked
    };
    assert_eq!(
        partition.read(beyond).await.size_bytes(),
        0,
        "not known to be committed"
    );
}
