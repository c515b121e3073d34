//! Nodes become one cluster, stay one when they lose a leader or a disk, and never become two.

use crate::host::Cluster;
use crate::wire::create;
use ottla_protocol::messages::add_raft_voter::{AddRaftVoterRequest, Listener};
use ottla_protocol::messages::metadata::MetadataRequest;
use ottla_protocol::messages::remove_raft_voter::RemoveRaftVoterRequest;
use ottla_protocol::{ErrorCode, Uuid};
use std::time::Duration;
use tokio::time::Instant;

/// Two seconds are promised, and kept on a machine that is not shared with a whole test suite.
const FAILOVER_MAX: Duration = Duration::from_secs(6);

/// The names of all topics as a node shows them.
async fn topics(cluster: &Cluster, node: i32) -> Option<Vec<String>> {
    let request = MetadataRequest {
        topics: None,
        ..Default::default()
    };
    let response = cluster.node(node).ask(9, &request).await?;
    let names = response
        .topics
        .iter()
        .filter_map(|topic| topic.name.as_ref());
    Some(names.map(ToString::to_string).collect())
}

async fn create_on(cluster: &Cluster, node: i32, topic: &str) -> Option<ErrorCode> {
    let response = cluster.node(node).ask(5, &create(topic, 1, &[])).await?;
    Some(response.topics[0].error_code)
}

async fn voters(cluster: &Cluster) -> Option<Vec<i32>> {
    let quorum = cluster.quorum().await?;
    let mut ids: Vec<i32> = quorum
        .current_voters
        .iter()
        .map(|voter| voter.replica_id)
        .collect();
    ids.sort_unstable();
    Some(ids)
}

#[tokio::test]
async fn three_nodes_form_one_cluster_and_survive_its_controller() {
    let cluster = Cluster::of(3).await;
    let active = cluster.until("a controller", Cluster::active).await;
    assert_eq!(voters(&cluster).await, Some(vec![1, 2, 3]));
    for node in [1, 2, 3] {
        let topic = format!("by-{node}");
        assert_eq!(
            create_on(&cluster, node, &topic).await,
            Some(ErrorCode::NONE)
        );
        let shown = topics(&cluster, node).await.unwrap();
        assert!(
            shown.contains(&topic),
            "answered when it is shown: {shown:?}"
        );
    }
    cluster.node(active).kill();
    let killed = Instant::now();
    let another = cluster
        .until("another controller", async |cluster| {
            cluster.active().await.filter(|node| *node != active)
        })
        .await;
    let took = killed.elapsed();
    assert!(took < FAILOVER_MAX, "another controller after {took:?}");
    let shown = topics(&cluster, another).await.unwrap();
    assert_eq!(
        shown,
        ["by-1", "by-2", "by-3"],
        "nothing acknowledged is lost"
    );
    cluster.node(active).restart().await;
    cluster
        .until("it follows again", async |cluster| {
            let shown = topics(cluster, active).await?;
            (shown.len() == 3).then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_controller_that_stands_still_is_replaced_and_follows_when_it_goes_on() {
    let cluster = Cluster::of(3).await;
    let active = cluster.until("a controller", Cluster::active).await;
    cluster.node(active).pause();
    let others: Vec<i32> = [1, 2, 3].into_iter().filter(|id| *id != active).collect();
    let paused = Instant::now();
    cluster
        .until("another controller", async |cluster| {
            let leader = cluster.node(others[0]).quorum().await?.leader_id;
            others.contains(&leader).then_some(())
        })
        .await;
    let took = paused.elapsed();
    assert!(took < FAILOVER_MAX, "another controller after {took:?}");
    let created = create_on(&cluster, others[1], "meanwhile").await;
    assert_eq!(created, Some(ErrorCode::NONE));
    cluster.node(active).resume();
    cluster
        .until("it follows", async |cluster| {
            let shown = topics(cluster, active).await?;
            (shown == ["meanwhile"]).then_some(())
        })
        .await;
    cluster.until("one controller", Cluster::active).await;
}

#[tokio::test]
async fn a_wiped_voter_returns_as_a_new_member_and_founds_nothing() {
    let cluster = Cluster::of(3).await;
    assert_eq!(create_on(&cluster, 1, "kept").await, Some(ErrorCode::NONE));
    let directory_of = async |cluster: &Cluster, node: i32| {
        let quorum = cluster.quorum().await?;
        let voter = quorum
            .current_voters
            .iter()
            .find(|voter| voter.replica_id == node)?;
        Some(voter.replica_directory_id)
    };
    for wiped in [1, 2, 3] {
        let before = cluster
            .until("it votes", async |cluster| {
                directory_of(cluster, wiped).await
            })
            .await;
        cluster.node(wiped).kill();
        cluster.node(wiped).wipe();
        cluster.node(wiped).restart().await;
        let after = cluster
            .until("it votes again", async |cluster| {
                directory_of(cluster, wiped)
                    .await
                    .filter(|after| *after != before)
            })
            .await;
        assert_ne!(before, after);
        assert_eq!(voters(&cluster).await, Some(vec![1, 2, 3]));
        let shown = topics(&cluster, wiped).await.unwrap();
        assert_eq!(shown, ["kept"], "the same cluster");
    }
}

#[tokio::test]
async fn a_node_becomes_a_voter_when_asked_and_follows_on_when_it_votes_no_more() {
    let mut cluster = Cluster::of(1).await;
    let server = format!("127.0.0.1:{}", cluster.node(1).controller_port);
    cluster.add(
        2,
        &[("controller.quorum.bootstrap.servers", server.as_str())],
    );
    cluster.node(2).restart().await;
    let observer = cluster
        .until("an observer", async |cluster| {
            let observers = cluster.quorum().await?.observers;
            observers.into_iter().find(|one| one.replica_id == 2)
        })
        .await;
    let add = AddRaftVoterRequest {
        cluster_id: None,
        timeout_ms: 10_000,
        voter_id: 2,
        voter_directory_id: observer.replica_directory_id,
        listeners: vec![Listener {
            name: "CONTROLLER".into(),
            host: "127.0.0.1".into(),
            port: cluster.node(2).controller_port,
            ..Default::default()
        }],
        ..Default::default()
    };
    let added = cluster.node(1).ask(0, &add).await.expect("an answer");
    assert_eq!(
        added.error_code,
        ErrorCode::NONE,
        "{:?}",
        added.error_message
    );
    assert_eq!(voters(&cluster).await, Some(vec![1, 2]));
    let remove = RemoveRaftVoterRequest {
        cluster_id: None,
        voter_id: 2,
        voter_directory_id: observer.replica_directory_id,
        ..Default::default()
    };
    let removed = cluster.node(1).ask(0, &remove).await.expect("an answer");
    assert_eq!(
        removed.error_code,
        ErrorCode::NONE,
        "{:?}",
        removed.error_message
    );
    cluster
        .until("one voter", async |cluster| {
            (voters(cluster).await? == [1]).then_some(())
        })
        .await;
    assert_eq!(create_on(&cluster, 1, "after").await, Some(ErrorCode::NONE));
    cluster
        .until("it follows", async |cluster| {
            (topics(cluster, 2).await? == ["after"]).then_some(())
        })
        .await;
}

#[tokio::test]
async fn voters_that_the_configuration_names_are_not_changed_by_requests() {
    let cluster = Cluster::of(3).await;
    let voter = cluster.quorum().await.expect("a quorum").current_voters[2].clone();
    let remove = RemoveRaftVoterRequest {
        cluster_id: None,
        voter_id: voter.replica_id,
        voter_directory_id: voter.replica_directory_id,
        ..Default::default()
    };
    let refused = cluster.node(1).ask(0, &remove).await.expect("an answer");
    assert_eq!(refused.error_code, ErrorCode::UNSUPPORTED_VERSION);
    assert_eq!(voters(&cluster).await, Some(vec![1, 2, 3]));
}

#[tokio::test]
async fn nothing_is_founded_while_a_voter_is_missing_and_the_reason_is_said() {
    let cluster = Cluster::named(3);
    cluster.node(1).start();
    cluster.node(2).start();
    let reason = "every node of controller.quorum.voters must be there, and node 3 at";
    cluster
        .until("the reason", async |cluster| {
            cluster.node(1).output().contains(reason).then_some(())
        })
        .await;
    assert!(!cluster.node(1).output().contains("founding"));
    cluster.node(3).start();
    for node in [1, 2, 3] {
        cluster.node(node).ready().await;
    }
}

#[tokio::test]
async fn a_node_of_another_cluster_is_refused() {
    let mut cluster = Cluster::of(1).await;
    let server = format!("127.0.0.1:{}", cluster.node(1).controller_port);
    let alone = cluster.add(2, &[]).id;
    cluster.node(alone).start();
    cluster.node(alone).ready().await;
    cluster.node(alone).stop();
    cluster
        .node_mut(alone)
        .set("controller.quorum.bootstrap.servers", &server);
    cluster.node(alone).start();
    cluster
        .until("it ends", async |cluster| {
            (!cluster.node(alone).runs()).then_some(())
        })
        .await;
    let output = cluster.node(alone).output();
    assert!(output.contains("belongs to another cluster"), "{output}");
    assert!(!cluster.node(alone).ended());
}

#[tokio::test]
async fn a_cluster_grows_from_one_node_and_a_broker_follows_as_a_learner() {
    let mut cluster = Cluster::of(1).await;
    assert_eq!(create_on(&cluster, 1, "first").await, Some(ErrorCode::NONE));
    let server = format!("127.0.0.1:{}", cluster.node(1).controller_port);
    let servers = ("controller.quorum.bootstrap.servers", server.as_str());
    for id in [2, 3] {
        cluster.add(
            id,
            &[servers, ("controller.quorum.auto.join.enable", "true")],
        );
        cluster.node(id).restart().await;
    }
    cluster
        .until("three voters", async |cluster| {
            (voters(cluster).await? == [1, 2, 3]).then_some(())
        })
        .await;
    cluster.add(4, &[servers, ("process.roles", "broker")]);
    let listener = format!("PLAINTEXT://127.0.0.1:{}", cluster.node(4).port);
    cluster.node_mut(4).set("listeners", &listener);
    cluster.node(4).restart().await;
    assert_eq!(topics(&cluster, 4).await.unwrap(), ["first"]);
    let quorum = cluster.quorum().await.unwrap();
    let observers: Vec<i32> = quorum.observers.iter().map(|one| one.replica_id).collect();
    assert_eq!(observers, [4]);
    // Its founder is gone, and the cluster is not.
    cluster.node(1).kill();
    cluster
        .until("another controller", async |cluster| {
            let leader = cluster.node(2).quorum().await?.leader_id;
            (leader > 1).then_some(())
        })
        .await;
    assert_eq!(
        create_on(&cluster, 4, "second").await,
        Some(ErrorCode::NONE)
    );
}

/// The directory of a voter, once it is one.
async fn voting_directory(cluster: &Cluster, node: i32) -> Option<Uuid> {
    let quorum = cluster.quorum().await?;
    let mut voters = quorum.current_voters.iter();
    let voter = voters.find(|voter| voter.replica_id == node)?;
    Some(voter.replica_directory_id)
}

#[tokio::test]
async fn every_voter_of_a_grown_cluster_may_lose_its_disk_and_the_leader_die_while_it_catches_up() {
    let mut cluster = Cluster::of(1).await;
    assert_eq!(create_on(&cluster, 1, "kept").await, Some(ErrorCode::NONE));
    for id in [2, 3] {
        cluster.add(id, &[]);
    }
    let at = |node: &crate::host::Node| format!("127.0.0.1:{}", node.controller_port);
    let servers: Vec<String> = cluster.nodes.iter().map(at).collect();
    for id in [1, 2, 3] {
        let node = cluster.node_mut(id);
        node.settings.remove("controller.quorum.voters");
        node.set("controller.quorum.bootstrap.servers", &servers.join(","));
        node.set("controller.quorum.auto.join.enable", "true");
    }
    for id in [2, 3] {
        cluster.node(id).restart().await;
    }
    let whole = async |cluster: &Cluster| (voters(cluster).await? == [1, 2, 3]).then_some(());
    cluster.until("three voters", whole).await;
    for wiped in [1, 2, 3] {
        let before = voting_directory(&cluster, wiped).await;
        cluster.node(wiped).kill();
        cluster.node(wiped).wipe();
        let active = cluster.until("a controller", Cluster::active).await;
        cluster.node(wiped).start();
        cluster.node(active).kill();
        cluster.node(active).start();
        cluster
            .until("it votes again", async |cluster| {
                let after = voting_directory(cluster, wiped).await?;
                (Some(after) != before).then_some(())
            })
            .await;
        cluster.until("three voters", whole).await;
        for node in [1, 2, 3] {
            cluster.node(node).ready().await;
        }
        assert_eq!(topics(&cluster, wiped).await.unwrap(), ["kept"]);
    }
}
