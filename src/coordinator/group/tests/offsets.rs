//! Committing, fetching, deleting and expiring offsets.

use super::stage::{Client, GROUP, Stage, client};
use crate::coordinator::group::{Answer, GroupShard, Record, offsets};
use crate::coordinator::journal::batches;
use crate::coordinator::{Found, Shard};
use bytes::Bytes;
use ottla_protocol::messages::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
    OffsetDeleteResponse,
};
use ottla_protocol::messages::offset_fetch::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use ottla_protocol::{ErrorCode, Uuid};
use ottla_storage::batch::{Codec, check, records};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn fetched(stage: &Stage, topic: &str, topic_id: Uuid) -> i64 {
    let topic = OffsetFetchRequestTopics {
        name: topic.into(),
        topic_id,
        partition_indexes: vec![0],
        ..Default::default()
    };
    let request = OffsetFetchRequestGroup {
        group_id: GROUP.into(),
        topics: Some(vec![topic]),
        ..Default::default()
    };
    let answer = offsets::fetch(&stage.durable, &request);
    let partition = &answer.topics[0].partitions[0];
    assert_eq!(
        partition.error_code,
        ErrorCode::NONE,
        "no commit is no error"
    );
    partition.committed_offset
}

#[test]
fn who_may_commit() {
    use ErrorCode as E;
    // (in which state, as a member?, generation off by, version, expected)
    let stable = |stage: &mut Stage| {
        let (members, generation) = stage.settle(&[client("a")]);
        (members[0].member_id.to_string(), generation)
    };
    let mut stage = Stage::new();
    assert_eq!(
        stage.commit_with("t", "", 1, 8, -1, ""),
        E::ILLEGAL_GENERATION,
        "no group, and a generation"
    );
    assert_eq!(
        stage.commit_with("t", "", 1, 9, -1, ""),
        E::GROUP_ID_NOT_FOUND
    );
    assert_eq!(stage.commit("t", "", -1), E::NONE, "without membership");
    assert_eq!(stage.state(), "Empty");
    assert_eq!(stage.commit("t", "x", 1), E::UNKNOWN_MEMBER_ID);
    let mut stage = Stage::new();
    let (member, generation) = stable(&mut stage);
    assert_eq!(stage.commit("t", &member, generation), E::NONE);
    assert_eq!(
        stage.commit("t", &member, generation - 1),
        E::ILLEGAL_GENERATION
    );
    assert_eq!(stage.commit("t", "x", generation), E::UNKNOWN_MEMBER_ID);
    assert_eq!(
        stage.commit("t", "", -1),
        E::UNKNOWN_MEMBER_ID,
        "the group has members"
    );
    let (b, _) = stage.enter(&client("b"));
    assert_eq!(
        stage.commit("t", &member, generation),
        E::NONE,
        "also while the group prepares"
    );
    stage.join(&client("a").known_as(&member));
    assert_eq!(stage.state(), "CompletingRebalance");
    assert_eq!(
        stage.commit("t", &b.member_id, generation + 1),
        E::REBALANCE_IN_PROGRESS
    );
}

#[test]
fn a_commit_keeps_the_session() {
    let mut stage = Stage::new();
    let (members, generation) = stage.settle(&[client("a")]);
    for _ in 0..5 {
        stage.pass(6 * SECOND);
        assert_eq!(
            stage.commit("t", &members[0].member_id, generation),
            ErrorCode::NONE
        );
    }
    assert_eq!(stage.state(), "Stable");
}

#[test]
fn the_text_of_a_commit_has_a_limit_in_utf_16_units() {
    let mut stage = Stage::with(|values| values.offset_metadata_max = 4);
    for (text, expected) in [
        ("abcd", ErrorCode::NONE),
        ("abcde", ErrorCode::OFFSET_METADATA_TOO_LARGE),
        ("ßßßß", ErrorCode::NONE),
        ("😀😀", ErrorCode::NONE),
        ("😀😀😀", ErrorCode::OFFSET_METADATA_TOO_LARGE),
    ] {
        assert_eq!(
            stage.commit_with("t", "", -1, 9, -1, text),
            expected,
            "{text}"
        );
    }
}

#[test]
fn an_offset_of_an_earlier_topic_of_the_same_name_is_none() {
    let mut stage = Stage::new();
    stage.commit("t", "", -1);
    assert_eq!(fetched(&stage, "t", Uuid([1; 16])), 5);
    assert_eq!(fetched(&stage, "t", Uuid::ZERO), 5);
    assert_eq!(fetched(&stage, "t", Uuid([2; 16])), -1);
    assert_eq!(fetched(&stage, "u", Uuid::ZERO), -1);
    let all = OffsetFetchRequestGroup {
        group_id: GROUP.into(),
        topics: None,
        ..Default::default()
    };
    assert_eq!(offsets::fetch(&stage.durable, &all).topics.len(), 1);
    stage.act(|draft, _, _, _| {
        offsets::topics_deleted(
            draft,
            &[("t".into(), Uuid([2; 16])), ("u".into(), Uuid([1; 16]))],
        )
    });
    assert_eq!(
        fetched(&stage, "t", Uuid::ZERO),
        5,
        "another topic was deleted"
    );
    stage.act(|draft, _, _, _| offsets::topics_deleted(draft, &[("t".into(), Uuid([1; 16]))]));
    assert_eq!(fetched(&stage, "t", Uuid::ZERO), -1);
}

#[test]
fn offsets_of_topics_that_members_read_are_not_deleted() {
    let delete = |stage: &mut Stage| -> OffsetDeleteResponse {
        let topics = ["read", "other"].map(|name| OffsetDeleteRequestTopic {
            name: name.into(),
            partitions: vec![OffsetDeleteRequestPartition { partition_index: 0 }],
        });
        let request = OffsetDeleteRequest {
            group_id: GROUP.into(),
            topics: topics.to_vec(),
        };
        let ticket = stage.act(move |draft, _, _, ticket| {
            let response = offsets::delete(draft, &request);
            draft.answer(ticket, Answer::DeleteOffsets(response));
        });
        match stage.answers.remove(&ticket) {
            Some(Answer::DeleteOffsets(response)) => response,
            other => panic!("not an OffsetDelete: {other:?}"),
        }
    };
    let mut stage = Stage::new();
    assert_eq!(delete(&mut stage).error_code, ErrorCode::GROUP_ID_NOT_FOUND);
    let (members, generation) = stage.settle(&[client("a").reading(&["read"])]);
    for topic in ["read", "other"] {
        stage.commit(topic, &members[0].member_id, generation);
    }
    let answer = delete(&mut stage);
    let errors: Vec<_> = answer
        .topics
        .iter()
        .map(|topic| topic.partitions[0].error_code)
        .collect();
    assert_eq!(
        errors,
        [ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC, ErrorCode::NONE]
    );
    assert_eq!(
        (
            fetched(&stage, "read", Uuid::ZERO),
            fetched(&stage, "other", Uuid::ZERO)
        ),
        (5, -1)
    );
    let mut stage = Stage::new();
    stage.settle(&[client("a")]);
    assert_eq!(
        delete(&mut stage).error_code,
        ErrorCode::NON_EMPTY_GROUP,
        "nobody knows what it reads"
    );
}

#[test]
fn offsets_expire_by_what_their_group_is() {
    let look = Duration::from_secs(600);
    let patient = |client: Client| Client {
        session_timeout_ms: i32::MAX,
        ..client
    };
    let begin = || {
        let mut stage = Stage::new();
        stage.restart();
        stage
    };
    let mut simple = begin();
    simple.commit("t", "", -1);
    simple.pass(6 * DAY);
    assert_eq!(fetched(&simple, "t", Uuid::ZERO), 5);
    simple.pass(DAY + look);
    assert_eq!(
        fetched(&simple, "t", Uuid::ZERO),
        -1,
        "counted from the commit"
    );
    assert_eq!(simple.state(), "Dead", "and the group with them");

    let mut emptied = begin();
    let (members, generation) = emptied.settle(&[patient(client("a"))]);
    emptied.commit("t", &members[0].member_id, generation);
    emptied.pass(8 * DAY);
    assert_eq!(
        fetched(&emptied, "t", Uuid::ZERO),
        5,
        "a group of its own protocol keeps them while it has members"
    );
    emptied.leave(&[(&members[0].member_id, None)]);
    emptied.pass(6 * DAY);
    assert_eq!(fetched(&emptied, "t", Uuid::ZERO), 5);
    emptied.pass(DAY + look);
    assert_eq!(
        (fetched(&emptied, "t", Uuid::ZERO), emptied.state()),
        (-1, "Dead"),
        "counted from its end"
    );

    let mut reading = begin();
    let (members, generation) = reading.settle(&[patient(client("a").reading(&["read"]))]);
    for topic in ["read", "other"] {
        reading.commit(topic, &members[0].member_id, generation);
    }
    reading.pass(8 * DAY);
    assert_eq!(
        (
            fetched(&reading, "read", Uuid::ZERO),
            fetched(&reading, "other", Uuid::ZERO)
        ),
        (5, -1)
    );
}

#[test]
fn a_retention_that_the_client_asks_for_counts() {
    let mut stage = Stage::new();
    stage.restart();
    stage.commit_with("t", "", -1, 4, 3_600_000, "");
    stage.pass(Duration::from_secs(3500));
    assert_eq!(fetched(&stage, "t", Uuid::ZERO), 5);
    stage.pass(Duration::from_secs(800));
    assert_eq!(fetched(&stage, "t", Uuid::ZERO), -1);
}

#[test]
fn batches_of_the_offsets_topic_are_compressed_as_configured() {
    for codec in Codec::ALL {
        let mut stage = Stage::with(|values| values.offsets_codec = codec.id());
        for topic in ["t", "u", "v"] {
            stage.commit(topic, "", -1);
        }
        let built = batches(&stage.shard, &stage.log, 0, 1 << 20).expect("encodes");
        let batch = check(built[0].clone()).expect("a batch");
        assert_eq!(batch.header.attributes.codec(), Some(codec));
        let plain = batch.plain(1 << 20).expect("decompresses");
        let read: Vec<_> = records(&plain, batch.header.record_count)
            .map(|record| {
                let record = record.expect("whole");
                let bytes = |part: &[u8]| Bytes::copy_from_slice(part);
                let key = bytes(record.key.expect("has one"));
                let value = record.value.map(bytes);
                let found = Found {
                    key,
                    value,
                    transaction: None,
                };
                GroupShard::decode(found).expect("decodes").expect("known")
            })
            .collect::<Vec<Record>>();
        assert_eq!(read, stage.log);
    }
}
