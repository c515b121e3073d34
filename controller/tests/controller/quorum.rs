//! Three controllers over a wire in memory: the shape carries a cluster.

use crate::support::{CLUSTER, bring_up, create_topic, member, options, start, with_wire};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use ottla_controller::raft::{Peer, RaftId, Wire};
use ottla_controller::{Controller, ControllerOptions, MetadataOffset, Outcome, ProposeError};
use ottla_protocol::records::metadata::{MetadataRecord, ProducerIdsRecord};
use ottla_storage::disk::SimulatedDisk;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Carries requests to whoever is plugged in.
#[derive(Clone, Default)]
pub struct Switchboard(Arc<Mutex<BTreeMap<RaftId, Controller>>>);

impl Wire for Switchboard {
    fn call(
        &self,
        to: RaftId,
        _: &Peer,
        request: Bytes,
        timeout: Duration,
    ) -> BoxFuture<'static, io::Result<Bytes>> {
        let target = self.0.lock().unwrap().get(&to).cloned();
        async move {
            let Some(target) = target else {
                return Err(io::ErrorKind::ConnectionRefused.into());
            };
            match tokio::time::timeout(timeout, target.answer(request)).await {
                Ok(Some(answer)) => Ok(answer),
                _ => Err(io::ErrorKind::TimedOut.into()),
            }
        }
        .boxed()
    }
}

impl Switchboard {
    pub async fn plug_in(&self, options: ControllerOptions) -> Controller {
        let id = options.id;
        let controller = Controller::start(options).await.unwrap();
        self.0.lock().unwrap().insert(id, controller.clone());
        controller
    }

    pub fn plug(&self, node: i32, controller: &Controller) {
        self.0
            .lock()
            .unwrap()
            .insert(member(node), controller.clone());
    }

    pub fn unplug(&self, node: i32) {
        self.0.lock().unwrap().remove(&member(node));
    }
}

async fn leader_among(controllers: &[&Controller]) -> usize {
    loop {
        for (index, controller) in controllers.iter().enumerate() {
            if controller
                .propose(|_, _| ottla_controller::Outcome::unchanged(()))
                .await
                .is_ok()
            {
                return index;
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn members_follow_survive_their_leader_and_catch_up_by_snapshot() {
    let board = Switchboard::default();
    let disk = SimulatedDisk::new();
    let first_options = ControllerOptions {
        wire: Arc::new(board.clone()),
        ..options(&disk, 1)
    };
    let first = start(first_options).await;
    board.0.lock().unwrap().insert(member(1), first.clone());
    bring_up(&first, 1, 1, -1).await;
    create_topic(&first, "before", 3).await.unwrap();

    let second = board
        .plug_in(with_wire(&SimulatedDisk::new(), 2, Arc::new(board.clone())))
        .await;
    let third = board
        .plug_in(with_wire(&SimulatedDisk::new(), 3, Arc::new(board.clone())))
        .await;
    first.snapshot().await.unwrap();
    for node in [2, 3] {
        first
            .add_learner(member(node), Peer::default())
            .await
            .unwrap();
    }
    first
        .set_voters([member(1), member(2), member(3)].into())
        .await
        .unwrap();
    let (_, offset) = create_topic(&first, "with-three", 1).await.unwrap();
    for follower in [&second, &third] {
        let image = follower.metadata().at_least(offset).await.unwrap();
        assert_eq!(*image, *first.metadata().image());
        assert_eq!(image.cluster_id.as_deref(), Some(CLUSTER));
    }
    let refused = create_topic(&second, "elsewhere", 1).await.unwrap_err();
    assert_eq!(
        refused,
        ProposeError::NotController {
            leader: Some(member(1).node)
        }
    );

    board.unplug(1);
    first.shutdown().await;
    let survivors = [&second, &third];
    let leader = survivors[leader_among(&survivors).await];
    let (_, offset) = create_topic(leader, "after", 1).await.unwrap();
    for survivor in survivors {
        let image = survivor.metadata().at_least(offset).await.unwrap();
        assert!(
            image.topics.by_name("after").is_some() && image.topics.by_name("before").is_some()
        );
    }
    let other_directory = Wire::call(
        &board,
        member(9),
        &Peer::default(),
        Bytes::new(),
        Duration::from_secs(1),
    )
    .await;
    assert!(other_directory.is_err());
    second.shutdown().await;
    third.shutdown().await;
}

/// Decides something that shows: the next number, and the offset from which it is there.
pub async fn count(controller: &Controller) -> Result<(i64, MetadataOffset), ProposeError> {
    let decided = controller.propose(|image, _| {
        let next = image.producer_ids.next + 1;
        let record = ProducerIdsRecord {
            next_producer_id: next,
            ..Default::default()
        };
        Outcome {
            records: vec![MetadataRecord::ProducerIds(record)],
            response: next,
        }
    });
    decided.await
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_was_cut_off_for_a_moment_decides_on_when_it_is_heard_again() {
    let board = Switchboard::default();
    let wire: Arc<dyn Wire> = Arc::new(board.clone());
    let first = ControllerOptions {
        wire: wire.clone(),
        ..options(&SimulatedDisk::new(), 1)
    };
    let first = board.plug_in(first).await;
    let mut others = Vec::new();
    for node in [2, 3] {
        let options = with_wire(&SimulatedDisk::new(), node, wire.clone());
        others.push(board.plug_in(options).await);
        first
            .add_learner(member(node), Peer::default())
            .await
            .unwrap();
    }
    first
        .set_voters([member(1), member(2), member(3)].into())
        .await
        .unwrap();
    for round in 0..20_u64 {
        for node in [2, 3] {
            board.unplug(node);
        }
        // Long enough for the leader's lease to run out, and shorter than an election where nobody hears of it.
        let cut_off = Duration::from_millis(130 * (round % 10));
        tokio::time::sleep(cut_off).await;
        let refused = count(&first);
        let refused = tokio::time::timeout(Duration::from_millis(100), refused).await;
        for (node, other) in [2, 3].into_iter().zip(&others) {
            board.0.lock().unwrap().insert(member(node), other.clone());
        }
        drop(refused);
        let all = [&first, &others[0], &others[1]];
        let created = async {
            loop {
                let leader = all[leader_among(&all).await];
                if let Ok(counted) = count(leader).await {
                    return counted;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let counted = tokio::time::timeout(Duration::from_secs(20), created).await;
        let (counted, offset) = counted.expect("decisions go on");
        let image = others[0].metadata().at_least(offset).await.unwrap();
        assert!(image.producer_ids.next >= counted);
    }
    for one in [&first, &others[0], &others[1]] {
        one.shutdown().await;
    }
}
