//! Bytes of every format that was ever released stay readable: they lie in `tests/fixtures/`, written by the version that
//! introduced them, and are never written again. While a format is unreleased its fixture may be replaced, by running these
//! tests with `OTTLA_WRITE_FIXTURES=1`.

use super::super::bytes::Reader;
use super::super::format::{
    put_entry, put_stored_membership, put_vote, read_entry, read_stored_membership, read_vote,
};
use super::super::rpc::{
    Answer, Request, SnapshotPart, read_answer, read_request, write_answer, write_request,
};
use super::super::snapshot::{SnapshotBytes, read_snapshot, write_snapshot};
use super::super::types::{
    Batch, Entry, LogId, Membership, Peer, PeerEndpoint, RaftId, SnapshotMeta, StoredMembership,
    Vote,
};
use crate::delta::Delta;
use crate::ids::{BrokerId, MetadataOffset};
use crate::image::{ConfigResource, Image, config_record, feature_record};
use bytes::{Bytes, BytesMut};
use openraft::EntryPayload;
use openraft::entry::RaftEntry;
use openraft::impls::leader_id_std::LeaderId;
use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse, VoteRequest, VoteResponse};
use openraft::vote::{RaftLeaderId, RaftVote};
use ottla_protocol::Uuid;
use ottla_protocol::records::metadata::{
    ClusterRecord, MetadataRecord, PartitionRecord, RegisterBrokerRecord, TopicRecord,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

fn member(node: i32) -> RaftId {
    RaftId {
        node: BrokerId(node),
        directory: Uuid([0xd0; 16]),
    }
}

fn log_id(term: u64, index: u64) -> LogId {
    LogId::new(
        LeaderId {
            term,
            voted_for: member(0),
        }
        .to_committed(),
        index,
    )
}

fn vote() -> Vote {
    Vote::from_leader_id(
        LeaderId {
            term: 7,
            voted_for: member(3),
        },
        true,
    )
}

fn membership() -> Membership {
    let endpoint = PeerEndpoint {
        listener: "CONTROLLER".to_owned(),
        host: "node-1.example".to_owned(),
        port: 9093,
    };
    let peer = |endpoints| Peer { endpoints };
    let nodes = BTreeMap::from([
        (member(1), peer(vec![endpoint])),
        (member(2), peer(vec![])),
        (member(9), peer(vec![])),
    ]);
    let both = [member(1), member(2)].into();
    Membership::new(vec![[member(1)].into(), both], nodes).unwrap()
}

fn records() -> Vec<MetadataRecord> {
    let topic_id = Uuid([0xa1; 16]);
    vec![
        ClusterRecord {
            cluster_id: "cluster".into(),
            ..Default::default()
        }
        .into(),
        feature_record("metadata.version", 30).into(),
        RegisterBrokerRecord {
            broker_id: 1,
            broker_epoch: 2,
            incarnation_id: Uuid([0xb2; 16]),
            rack: Some("rack".into()),
            log_dirs: vec![Uuid([0xd1; 16])],
            ..Default::default()
        }
        .into(),
        TopicRecord {
            name: "topic".into(),
            topic_id,
            ..Default::default()
        }
        .into(),
        PartitionRecord {
            partition_id: 0,
            topic_id,
            replicas: vec![1],
            isr: vec![1],
            leader: 1,
            leader_epoch: 0,
            partition_epoch: 0,
            directories: vec![Uuid([0xd1; 16])],
            ..Default::default()
        }
        .into(),
        config_record(
            &ConfigResource::topic("topic"),
            "retention.ms",
            Some("1000"),
        )
        .into(),
    ]
}

fn entries() -> [Entry; 3] {
    let batch = Batch {
        base_offset: MetadataOffset(0),
        records: records().into(),
    };
    [
        Entry::new(log_id(1, 4), EntryPayload::Blank),
        Entry::new(log_id(2, 5), EntryPayload::Normal(batch)),
        Entry::new(log_id(2, 6), EntryPayload::Membership(membership())),
    ]
}

fn image() -> Image {
    let mut image = Image::default();
    for record in records() {
        image.apply(&record, &mut Delta::default()).unwrap();
    }
    image
}

/// What lies in the fixture. With the environment variable set, writes it first.
fn fixture(name: &str, written_now: &[u8]) -> Bytes {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name);
    if std::env::var_os("OTTLA_WRITE_FIXTURES").is_some() {
        fs::write(&path, written_now).unwrap();
    }
    Bytes::from(fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn written(put: impl FnOnce(&mut BytesMut)) -> BytesMut {
    let mut to = BytesMut::new();
    put(&mut to);
    to
}

#[test]
fn entries_of_version_0_are_read() {
    for (name, entry) in ["entry-v0-blank", "entry-v0-records", "entry-v0-membership"]
        .iter()
        .zip(entries())
    {
        let now = written(|to| put_entry(to, &entry).unwrap());
        assert_eq!(read_entry(fixture(name, &now)).unwrap(), entry, "{name}");
    }
}

#[test]
fn votes_and_memberships_of_version_0_are_read() {
    let now = written(|to| put_vote(to, &vote()));
    assert_eq!(
        read_vote(&mut Reader::new(fixture("vote-v0", &now))).unwrap(),
        vote()
    );
    let stored = StoredMembership::new(Some(log_id(2, 6)), membership());
    let now = written(|to| put_stored_membership(to, &stored));
    assert_eq!(
        read_stored_membership(&mut Reader::new(fixture("membership-v0", &now))).unwrap(),
        stored
    );
}

#[test]
fn snapshots_of_version_0_are_read() {
    let last_membership = StoredMembership::new(Some(log_id(2, 6)), membership());
    let meta = SnapshotMeta {
        last_log_id: Some(log_id(2, 6)),
        last_membership,
    };
    let now = write_snapshot(&meta, &image()).unwrap();
    let read = read_snapshot(&SnapshotBytes(fixture("snapshot-v0", &now.0))).unwrap();
    assert_eq!(read, (meta, image()));
}

#[test]
fn a_snapshot_without_its_end_is_none() {
    let meta = SnapshotMeta::default();
    let whole = write_snapshot(&meta, &image()).unwrap();
    for length in 0..whole.0.len() {
        assert!(
            read_snapshot(&SnapshotBytes(whole.0.slice(..length))).is_err(),
            "{length}"
        );
    }
}

#[test]
fn requests_of_version_0_are_read() {
    let append = AppendEntriesRequest {
        vote: vote(),
        prev_log_id: Some(log_id(1, 3)),
        entries: entries().to_vec(),
        leader_commit: Some(log_id(1, 3)),
    };
    let part = SnapshotPart {
        vote: vote(),
        total_bytes: 9,
        position: 3,
        bytes: Bytes::from_static(b"part"),
    };
    let requests = [
        ("request-v0-append", Request::Append(append)),
        (
            "request-v0-vote",
            Request::Vote(VoteRequest::new(vote(), Some(log_id(2, 6)))),
        ),
        (
            "request-v0-pre-vote",
            Request::PreVote(VoteRequest::new(vote(), None)),
        ),
        ("request-v0-snapshot", Request::Snapshot(part)),
    ];
    for (name, request) in requests {
        let now = write_request(member(2), &request).unwrap();
        let (target, read) = read_request(fixture(name, &now)).unwrap();
        assert_eq!(
            (target, format!("{read:?}")),
            (member(2), format!("{request:?}")),
            "{name}"
        );
    }
}

#[test]
fn answers_of_version_0_are_read() {
    let answers = [
        (
            "answer-v0-append",
            Answer::Append(AppendEntriesResponse::PartialSuccess(Some(log_id(2, 5)))),
        ),
        (
            "answer-v0-higher-vote",
            Answer::Append(AppendEntriesResponse::HigherVote(vote())),
        ),
        (
            "answer-v0-vote",
            Answer::Vote(VoteResponse::new(vote(), Some(log_id(2, 5)), true)),
        ),
        ("answer-v0-go-on", Answer::SnapshotGoOn { position: 5 }),
        ("answer-v0-done", Answer::SnapshotDone { vote: vote() }),
        (
            "answer-v0-refused",
            Answer::Refused {
                reason: "why".to_owned(),
            },
        ),
    ];
    for (name, answer) in answers {
        let read = read_answer(fixture(name, &write_answer(&answer))).unwrap();
        assert_eq!(format!("{read:?}"), format!("{answer:?}"), "{name}");
    }
}

#[test]
fn a_newer_version_is_refused_and_not_misread() {
    let mut newer = written(|to| put_vote(to, &vote()));
    newer[0] = 1;
    assert!(read_vote(&mut Reader::new(newer.freeze())).is_err());
    let mut newer = written(|to| put_entry(to, &entries()[0]).unwrap());
    newer[0] = 1;
    assert!(read_entry(newer.freeze()).is_err());
}

#[test]
fn no_cut_of_a_request_is_taken_for_one() {
    let append = AppendEntriesRequest {
        vote: vote(),
        prev_log_id: None,
        entries: entries().to_vec(),
        leader_commit: None,
    };
    let whole = write_request(member(2), &Request::Append(append)).unwrap();
    for length in 0..whole.len() {
        assert!(read_request(whole.slice(..length)).is_err(), "{length}");
    }
}
