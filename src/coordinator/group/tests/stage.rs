//! A shard on a stage: operations run at once, time moves when told, and after every step the log replays to the live state.

use crate::config::{BrokerValues, GroupValues, Layers, Unset};
use crate::coordinator::group::classic::{self, ClassicGroup, Joining, Protocol};
use crate::coordinator::group::offsets::{self, Commit};
use crate::coordinator::group::{
    Answer, Durable, GroupDraft, GroupShard, Record, Timer, Volatile, delete,
};
use crate::coordinator::timers::Timers;
use crate::coordinator::{Draft, Found, Shard, Ticket, Turn, View};
use arc_swap::ArcSwap;
use bytes::Bytes;
use ottla_protocol::messages::{
    delete_groups::DeletableGroupResult,
    heartbeat::HeartbeatRequest,
    join_group::JoinGroupResponse,
    leave_group::{LeaveGroupRequest, LeaveGroupResponse, MemberIdentity},
    offset_commit::{OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic},
    sync_group::{SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse},
};
use ottla_protocol::{ErrorCode, Str, Uuid};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub const GROUP: &str = "g";
/// The wall clock when the stage opens.
pub const START_MS: i64 = 1_000_000;

pub struct Stage {
    pub shard: GroupShard,
    pub durable: Durable,
    pub volatile: Volatile,
    pub timers: Timers<Timer>,
    pub now: Duration,
    pub answers: BTreeMap<u64, Answer>,
    pub log: Vec<Record>,
    tickets: u64,
}

/// A member as tests speak of it.
#[derive(Clone, Debug)]
pub struct Client {
    pub name: &'static str,
    pub version: i16,
    pub member_id: Str,
    pub instance_id: Option<Str>,
    pub protocols: Vec<(&'static str, Bytes)>,
    pub protocol_type: &'static str,
    pub session_timeout_ms: i32,
    pub rebalance_timeout_ms: i32,
}

pub fn client(name: &'static str) -> Client {
    Client {
        name,
        version: 9,
        member_id: Str::default(),
        instance_id: None,
        protocols: vec![("range", Bytes::from_static(b"m"))],
        protocol_type: "connect",
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 60_000,
    }
}

impl Client {
    pub fn at_version(self, version: i16) -> Self {
        Self { version, ..self }
    }
    pub fn of_instance(self, instance: &str) -> Self {
        Self {
            instance_id: Some(instance.into()),
            ..self
        }
    }
    pub fn offering(self, protocols: &[(&'static str, &'static str)]) -> Self {
        let protocols = protocols
            .iter()
            .map(|(name, metadata)| (*name, Bytes::from_static(metadata.as_bytes())));
        Self {
            protocols: protocols.collect(),
            ..self
        }
    }
    pub fn known_as(self, member_id: &str) -> Self {
        Self {
            member_id: member_id.into(),
            ..self
        }
    }
    /// A consumer that reads these topics.
    pub fn reading(self, topics: &[&str]) -> Self {
        let mut bytes = vec![0, 0];
        bytes.extend(i32::try_from(topics.len()).expect("few").to_be_bytes());
        for topic in topics {
            bytes.extend(i16::try_from(topic.len()).expect("short").to_be_bytes());
            bytes.extend(topic.as_bytes());
        }
        bytes.extend((-1_i32).to_be_bytes());
        Self {
            protocol_type: "consumer",
            protocols: vec![("range", bytes.into())],
            ..self
        }
    }
}

impl Stage {
    pub fn new() -> Self {
        Self::with(|_| ())
    }

    pub fn with(change: impl FnOnce(&mut GroupValues)) -> Self {
        let unset = Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &Unset,
        };
        let mut values = BrokerValues::resolve(&unset);
        change(&mut values.groups);
        Self {
            shard: GroupShard {
                values: Arc::new(ArcSwap::from_pointee(values)),
                rebalances: prometheus::IntCounter::new("detached", "-").unwrap(),
                losses: Default::default(),
            },
            durable: Durable::default(),
            volatile: Volatile::default(),
            timers: Timers::default(),
            now: Duration::ZERO,
            answers: BTreeMap::new(),
            log: Vec::new(),
            tickets: 0,
        }
    }

    pub fn turn(&self) -> Turn {
        Turn {
            now: self.now,
            wall_ms: START_MS + self.now.as_millis() as i64,
        }
    }

    /// Runs an operation; the ticket is where its answer will be.
    pub fn act(
        &mut self,
        operation: impl FnOnce(&mut GroupDraft, &Turn, &GroupValues, Ticket),
    ) -> u64 {
        self.tickets += 1;
        let mut draft = Draft::new(&self.durable, &self.volatile);
        operation(
            &mut draft,
            &self.turn(),
            &self.shard.values(),
            Ticket(self.tickets),
        );
        self.install(draft);
        self.tickets
    }

    fn install(&mut self, draft: GroupDraft) {
        let outcome = draft.finish();
        self.durable = outcome.durable;
        self.volatile = outcome.volatile;
        for (timer, at) in outcome.timers {
            self.timers.set(timer, at);
        }
        for (ticket, answer) in outcome.answers {
            assert_eq!(
                self.answers.insert(ticket.0, answer),
                None,
                "one answer per request"
            );
        }
        self.log.extend(outcome.records);
        assert_eq!(self.replayed(), self.durable, "replay(log) == live.durable");
    }

    /// What the log says, read back from its bytes.
    pub fn replayed(&self) -> Durable {
        let mut durable = Durable::default();
        for record in &self.log {
            let encoded = record.encode().expect("encodes");
            let found = Found {
                key: encoded.key,
                value: encoded.value,
                transaction: None,
            };
            GroupShard::apply(
                &mut durable,
                &Record::decode(found).expect("decodes").expect("known"),
            );
        }
        durable
    }

    /// Time passes; timers fire when they are due.
    pub fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.timers.next().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            let timer = self.timers.pop_due(self.now).expect("due");
            let mut draft = Draft::new(&self.durable, &self.volatile);
            self.shard.expire(&mut draft, &timer, &self.turn());
            self.install(draft);
        }
        self.now = until;
    }

    /// The broker restarts.
    pub fn restart(&mut self) {
        self.durable = self.replayed();
        self.volatile = Volatile::default();
        self.timers = Timers::default();
        let mut draft = Draft::new(&self.durable, &self.volatile);
        self.shard.loaded(&mut draft, &self.turn());
        self.install(draft);
    }

    pub fn view<R>(&self, read: impl FnOnce(View<'_, GroupShard>) -> R) -> R {
        read(View {
            durable: &self.durable,
            volatile: &self.volatile,
        })
    }

    pub fn group(&self) -> Option<Arc<ClassicGroup>> {
        classic::existing(&self.durable, &self.volatile, GROUP)
    }

    pub fn state(&self) -> &'static str {
        self.group().map_or("Dead", |group| group.state.name())
    }

    pub fn join(&mut self, client: &Client) -> u64 {
        let prefix = client.instance_id.as_deref().unwrap_or(client.name);
        let protocols = client.protocols.iter();
        let joining = Joining {
            version: client.version,
            member_id: client.member_id.clone(),
            new_member_id: Str::from(format!("{prefix}-{}", self.tickets + 1)),
            instance_id: client.instance_id.clone(),
            client_id: client.name.into(),
            client_host: "/127.0.0.1".into(),
            session_timeout_ms: client.session_timeout_ms,
            rebalance_timeout_ms: client.rebalance_timeout_ms,
            protocol_type: client.protocol_type.into(),
            protocols: protocols
                .map(|(name, metadata)| Protocol {
                    name: (*name).into(),
                    metadata: metadata.clone(),
                })
                .collect(),
        };
        self.act(move |draft, turn, values, ticket| {
            classic::join(draft, turn, values, GROUP, &joining, ticket)
        })
    }

    pub fn joined(&self, ticket: u64) -> Option<JoinGroupResponse> {
        self.answers.get(&ticket).map(|answer| match answer {
            Answer::Join(response) => response.clone(),
            other => panic!("not a JoinGroup: {other:?}"),
        })
    }

    /// Joins and takes the id it is given (two rounds from version 4 on).
    pub fn enter(&mut self, client: &Client) -> (Client, u64) {
        let ticket = self.join(client);
        match self.joined(ticket) {
            Some(answer) if answer.error_code == ErrorCode::MEMBER_ID_REQUIRED => {
                let client = client.clone().known_as(&answer.member_id);
                let ticket = self.join(&client);
                (client, ticket)
            }
            _ => (client.clone(), ticket),
        }
    }

    pub fn sync(
        &mut self,
        member: &str,
        generation: i32,
        assignments: &[(&str, &'static str)],
    ) -> u64 {
        self.sync_as(member, None, generation, assignments)
    }

    pub fn sync_as(
        &mut self,
        member: &str,
        instance: Option<&str>,
        generation: i32,
        assignments: &[(&str, &'static str)],
    ) -> u64 {
        let assignments =
            assignments
                .iter()
                .map(|(member, assignment)| SyncGroupRequestAssignment {
                    member_id: (*member).into(),
                    assignment: Bytes::from_static(assignment.as_bytes()),
                    ..Default::default()
                });
        let request = SyncGroupRequest {
            group_id: GROUP.into(),
            generation_id: generation,
            member_id: member.into(),
            group_instance_id: instance.map(Str::from),
            assignments: assignments.collect(),
            ..Default::default()
        };
        self.act(move |draft, turn, values, ticket| {
            classic::sync(draft, turn, values, &request, ticket)
        })
    }

    pub fn synced(&self, ticket: u64) -> Option<SyncGroupResponse> {
        self.answers.get(&ticket).map(|answer| match answer {
            Answer::Sync(response) => response.clone(),
            other => panic!("not a SyncGroup: {other:?}"),
        })
    }

    /// All of them join, the leader assigns each its own id. Returns them with their ids, and the generation.
    pub fn settle(&mut self, clients: &[Client]) -> (Vec<Client>, i32) {
        let entered: Vec<_> = clients.iter().map(|client| self.enter(client)).collect();
        // The initial delay, prolonged once if more than one came.
        self.pass(Duration::from_secs(if clients.len() > 1 { 6 } else { 3 }));
        let answers: Vec<_> = entered
            .iter()
            .map(|(_, ticket)| self.joined(*ticket).expect("the rebalance is over"))
            .collect();
        let generation = answers[0].generation_id;
        let members: Vec<Client> = entered
            .iter()
            .zip(&answers)
            .map(|((client, _), answer)| client.clone().known_as(&answer.member_id))
            .collect();
        for member in &members {
            let id = member.member_id.clone();
            let assignments = match id == answers[0].leader {
                true => members
                    .iter()
                    .map(|member| (member.member_id.as_str(), "a"))
                    .collect(),
                false => Vec::new(),
            };
            self.sync_as(&id, member.instance_id.as_deref(), generation, &assignments);
        }
        assert_eq!(self.state(), "Stable");
        (members, generation)
    }

    pub fn beat(&mut self, member: &str, generation: i32) -> ErrorCode {
        let request = HeartbeatRequest {
            group_id: GROUP.into(),
            generation_id: generation,
            member_id: member.into(),
            ..Default::default()
        };
        let ticket = self.act(move |draft, turn, _, ticket| {
            let error = classic::heartbeat(draft, turn, &request);
            draft.answer(ticket, Answer::Heartbeat(error));
        });
        match self.answers[&ticket] {
            Answer::Heartbeat(error) => error,
            ref other => panic!("not a Heartbeat: {other:?}"),
        }
    }

    /// By member id and instance id.
    pub fn leave(&mut self, members: &[(&str, Option<&str>)]) -> LeaveGroupResponse {
        let members = members.iter().map(|(member, instance)| MemberIdentity {
            member_id: (*member).into(),
            group_instance_id: instance.map(Str::from),
            ..Default::default()
        });
        let request = LeaveGroupRequest {
            group_id: GROUP.into(),
            members: members.collect(),
            ..Default::default()
        };
        let ticket = self.act(move |draft, turn, values, ticket| {
            let response = classic::leave(draft, turn, values, &request);
            draft.answer(ticket, Answer::Leave(response));
        });
        match &self.answers[&ticket] {
            Answer::Leave(response) => response.clone(),
            other => panic!("not a LeaveGroup: {other:?}"),
        }
    }

    /// Commits offset 5 of partition 0; returns the error of the whole, or of the partition.
    pub fn commit(&mut self, topic: &str, member: &str, generation: i32) -> ErrorCode {
        self.commit_with(topic, member, generation, 9, -1, "")
    }

    pub fn commit_with(
        &mut self,
        topic: &str,
        member: &str,
        generation: i32,
        version: i16,
        retention_time_ms: i64,
        metadata: &str,
    ) -> ErrorCode {
        let partition = OffsetCommitRequestPartition {
            committed_offset: 5,
            committed_metadata: Some(metadata.into()),
            ..Default::default()
        };
        let topic = OffsetCommitRequestTopic {
            name: topic.into(),
            topic_id: Uuid([1; 16]),
            partitions: vec![partition],
            ..Default::default()
        };
        let request = OffsetCommitRequest {
            group_id: GROUP.into(),
            generation_id_or_member_epoch: generation,
            member_id: member.into(),
            retention_time_ms,
            topics: vec![topic],
            ..Default::default()
        };
        let commit = Commit { version, request };
        let ticket = self.act(move |draft, turn, values, ticket| {
            let response = offsets::commit(draft, turn, values, &commit);
            draft.answer(ticket, Answer::Commit(response));
        });
        match &self.answers[&ticket] {
            Answer::Commit(Ok(response)) => response.topics[0].partitions[0].error_code,
            Answer::Commit(Err(error)) => *error,
            other => panic!("not an OffsetCommit: {other:?}"),
        }
    }

    pub fn delete_group(&mut self) -> ErrorCode {
        let ticket = self.act(|draft, _, _, ticket| {
            let results: Vec<DeletableGroupResult> = delete::delete(draft, &[GROUP.into()]);
            draft.answer(ticket, Answer::DeleteGroups(results));
        });
        match &self.answers[&ticket] {
            Answer::DeleteGroups(results) => results[0].error_code,
            other => panic!("not a DeleteGroups: {other:?}"),
        }
    }
}
