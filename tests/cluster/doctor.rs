//! `ottla doctor` on a cluster that lost a broker.

use crate::host::Cluster;
use crate::wire::create;
use ottla_protocol::ErrorCode;
use std::process::Command;

/// What it prints, and its exit code.
async fn doctor(cluster: &Cluster) -> (String, Option<i32>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ottla"));
    let server = format!("127.0.0.1:{}", cluster.node(1).port);
    command.args(["doctor", "--bootstrap-server", &server]);
    let ran = tokio::task::spawn_blocking(move || command.output());
    let output = ran.await.expect("no panic").expect("it runs");
    let both = [&*output.stdout, &*output.stderr].concat();
    (
        String::from_utf8_lossy(&both).into_owned(),
        output.status.code(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lost_broker_takes_with_it_is_found_and_gone_when_it_is_back() {
    let cluster = Cluster::of(3).await;
    let mut request = create("kept", 2, &[("min.insync.replicas", "3")]);
    request.topics[0].replication_factor = 3;
    let mut other = create("loose", 2, &[]);
    other.topics[0].replication_factor = 3;
    for request in [request, other] {
        cluster
            .until("a topic", async |cluster| {
                let created = cluster.node(1).ask(5, &request).await?;
                let is_there = [ErrorCode::NONE, ErrorCode::TOPIC_ALREADY_EXISTS];
                is_there
                    .contains(&created.topics[0].error_code)
                    .then_some(())
            })
            .await;
    }
    let is_well = |text: &str| {
        [
            "listeners:",
            "quorum:",
            "brokers:",
            "partitions: 2 partitions",
            "clock:",
        ]
        .iter()
        .all(|part| !text.contains(part))
    };
    cluster
        .until("all is well", async |cluster| {
            let (text, _) = doctor(cluster).await;
            is_well(&text).then_some(())
        })
        .await;
    cluster.node(3).kill();
    cluster
        .until("everything that broker 3 took with it", async |cluster| {
            let (text, code) = doctor(cluster).await;
            let all = [
                "brokers 3 are registered and not there (fenced)",
                "2 partitions have fewer replicas in sync than min.insync.replicas, and refuse what is produced with acks=all: kept-0, kept-1",
                "2 partitions are under-replicated: loose-0 (without 3), loose-1 (without 3)",
                "voters 3 of the metadata quorum have not asked its leader",
            ];
            (code == Some(3) && all.iter().all(|part| text.contains(part))).then_some(())
        })
        .await;
    cluster.node(3).restart().await;
    cluster
        .until("all is well again", async |cluster| {
            let (text, _) = doctor(cluster).await;
            is_well(&text).then_some(())
        })
        .await;
}
