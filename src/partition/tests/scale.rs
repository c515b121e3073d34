//! Many partitions cost little each.

use super::*;

#[tokio::test]
async fn a_thousand_partitions_open_again_with_their_ends() {
    let mut node = Node::new();
    node.create("many", 1_000, &[]).await;
    for index in [0, 500, 999] {
        let partition = node.partition("many", index);
        partition
            .append(batch(&["value"]), &options(Acks::All))
            .acknowledged()
            .await
            .unwrap();
    }
    node.table.shutdown(1).await;
    let node = node.restarted(&["/logs"]).await;
    assert_eq!(node.table.hosted().partitions().count(), 1_000);
    let ends: i64 = node
        .table
        .hosted()
        .partitions()
        .map(|partition| partition.offsets().end.0)
        .sum();
    assert_eq!(ends, 3);
}
