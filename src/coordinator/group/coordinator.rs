//! Requests to the group coordinator: which shard, which operation, and what Kafka calls what can go wrong.
//!
//! Every method decides the request's place in its shard's order before it returns; the future only waits.
//! Source: `GroupCoordinatorService`.

use super::classic::{self, Joining};
use super::metrics::Tally;
use super::offsets::{self, Commit};
use super::{Answer, GroupDraft, GroupShard, delete, describe, list, partition_of};
use crate::config::{BrokerValues, GroupValues};
use crate::coordinator::{Runtime, Ticket, Turn};
use crate::metadata::internal_topics::CONSUMER_OFFSETS;
use crate::metrics::CoordinatorMetrics;
use crate::world::{Clock, Quiet, Rng};
use arc_swap::ArcSwap;
use futures::future::{BoxFuture, FutureExt, join_all, ready};
use ottla_controller::Metadata;
use ottla_protocol::messages::{
    delete_groups::DeletableGroupResult,
    describe_groups::DescribedGroup,
    heartbeat::{HeartbeatRequest, HeartbeatResponse},
    join_group::{JoinGroupRequest, JoinGroupResponse},
    leave_group::{LeaveGroupRequest, LeaveGroupResponse},
    list_groups::{ListGroupsRequest, ListGroupsResponse},
    offset_commit::{OffsetCommitRequest, OffsetCommitResponse},
    offset_delete::{OffsetDeleteRequest, OffsetDeleteResponse},
    offset_fetch::{OffsetFetchRequestGroup, OffsetFetchResponseGroup},
    sync_group::{SyncGroupRequest, SyncGroupResponse},
};
use ottla_protocol::{ErrorCode, Str, Uuid};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The groups of this node.
pub struct Groups {
    pub runtime: Arc<Runtime<GroupShard>>,
    values: Arc<ArcSwap<BrokerValues>>,
    metadata: Metadata,
    rng: Rng,
    /// As of the last scrape.
    pub(super) tally: Mutex<Tally>,
}

/// What the coordinator wants to know of who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub version: i16,
    pub client_id: Str,
    /// As Java prints an address: `/127.0.0.1`.
    pub client_host: Str,
}

impl Groups {
    pub fn new(
        values: Arc<ArcSwap<BrokerValues>>,
        metadata: Metadata,
        clock: Clock,
        rng: Rng,
        metrics: &CoordinatorMetrics,
    ) -> Arc<Self> {
        let piece_bytes = values.load().groups.load_buffer_bytes;
        let shard = GroupShard {
            values: values.clone(),
            rebalances: metrics.rebalances.clone(),
            losses: Quiet::default(),
        };
        let shards = metrics.shards(CONSUMER_OFFSETS);
        let runtime = Runtime::new(shard, clock, CONSUMER_OFFSETS, piece_bytes, shards);
        Arc::new(Self {
            runtime,
            values,
            metadata,
            rng,
            tally: Mutex::default(),
        })
    }

    /// The partition of `__consumer_offsets` that has the group.
    pub fn partition(&self, group: &str) -> i32 {
        let image = self.metadata.image();
        let topic = image.topics.by_name(CONSUMER_OFFSETS);
        let count = topic.map_or(self.values.load().groups.offsets_partitions, |topic| {
            topic.partition_count()
        });
        partition_of(group, count)
    }

    pub fn join(
        &self,
        asked: &Asked,
        request: &JoinGroupRequest,
    ) -> BoxFuture<'static, JoinGroupResponse> {
        let member_id = request.member_id.clone();
        let refused = move |error_code| JoinGroupResponse {
            error_code,
            member_id,
            ..Default::default()
        };
        if let Some(error) = unacceptable(request, &self.values.load().groups) {
            return ready(refused(error)).boxed();
        }
        let unique = random_id(&self.rng);
        let joining = Joining::new(
            request,
            asked.version,
            &asked.client_id,
            &asked.client_host,
            &unique,
        );
        let group = request.group_id.detached();
        let answer = self.write(&request.group_id, move |draft, turn, values, ticket| {
            classic::join(draft, turn, values, &group, &joining, ticket);
        });
        async move {
            match answer.await {
                Ok(Answer::Join(response)) => response,
                other => refused(error_of(other)),
            }
        }
        .boxed()
    }

    pub fn sync(&self, request: SyncGroupRequest) -> BoxFuture<'static, SyncGroupResponse> {
        let refused = |error_code| SyncGroupResponse {
            error_code,
            ..Default::default()
        };
        if request.group_id.is_empty() {
            return ready(refused(ErrorCode::INVALID_GROUP_ID)).boxed();
        }
        let answer = self.write(
            &request.group_id.clone(),
            move |draft, turn, values, ticket| {
                classic::sync(draft, turn, values, &request, ticket);
            },
        );
        async move {
            match answer.await {
                Ok(Answer::Sync(response)) => response,
                other => refused(error_of(other)),
            }
        }
        .boxed()
    }

    pub fn heartbeat(&self, request: HeartbeatRequest) -> BoxFuture<'static, HeartbeatResponse> {
        let response = |error_code| HeartbeatResponse {
            error_code,
            ..Default::default()
        };
        if request.group_id.is_empty() {
            return ready(response(ErrorCode::INVALID_GROUP_ID)).boxed();
        }
        let answer = self.write(&request.group_id.clone(), move |draft, turn, _, ticket| {
            let error = classic::heartbeat(draft, turn, &request);
            draft.answer(ticket, Answer::Heartbeat(error));
        });
        async move {
            response(match answer.await {
                Ok(Answer::Heartbeat(error)) => error,
                // The member is as good as heard: sessions begin anew after loading.
                Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS) => ErrorCode::NONE,
                other => error_of(other),
            })
        }
        .boxed()
    }

    pub fn leave(&self, request: LeaveGroupRequest) -> BoxFuture<'static, LeaveGroupResponse> {
        let refused = |error_code| LeaveGroupResponse {
            error_code,
            ..Default::default()
        };
        if request.group_id.is_empty() {
            return ready(refused(ErrorCode::INVALID_GROUP_ID)).boxed();
        }
        let answer = self.write(
            &request.group_id.clone(),
            move |draft, turn, values, ticket| {
                let response = classic::leave(draft, turn, values, &request);
                draft.answer(ticket, Answer::Leave(response));
            },
        );
        async move {
            match answer.await {
                Ok(Answer::Leave(response)) => response,
                other => refused(error_of(other)),
            }
        }
        .boxed()
    }

    /// The topics have names and ids, and exist.
    ///
    /// # Errors
    /// What every partition is answered.
    pub fn commit(
        &self,
        version: i16,
        request: OffsetCommitRequest,
    ) -> BoxFuture<'static, Result<OffsetCommitResponse, ErrorCode>> {
        let commit = Commit { version, request };
        let answer = self.write(
            &commit.request.group_id.clone(),
            move |draft, turn, values, ticket| {
                let response = offsets::commit(draft, turn, values, &commit);
                draft.answer(ticket, Answer::Commit(response));
            },
        );
        async move {
            match answer.await {
                Ok(Answer::Commit(response)) => response,
                other => Err(error_of(other)),
            }
        }
        .boxed()
    }

    /// `require_stable` waits for what is being committed (KIP-447).
    ///
    /// # Errors
    /// What the group is answered.
    pub fn fetch(
        &self,
        request: OffsetFetchRequestGroup,
        require_stable: bool,
    ) -> BoxFuture<'static, Result<OffsetFetchResponseGroup, ErrorCode>> {
        let group = request.group_id.clone();
        let answer = match require_stable {
            true => self.write(&group, move |draft, _, _, ticket| {
                let response = offsets::fetch(draft.durable(), &request);
                draft.answer(ticket, Answer::Fetch(response));
            }),
            false => {
                let read = self.runtime.read(self.partition(&group), move |view| {
                    offsets::fetch(view.durable, &request)
                });
                async move { read.await.map(Answer::Fetch) }.boxed()
            }
        };
        async move {
            match answer.await {
                Ok(Answer::Fetch(response)) => Ok(response),
                // Consumers before 3.9 look for the coordinator anew on this one only (`handleOffsetFetchException`).
                Err(
                    ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
                    | ErrorCode::NOT_ENOUGH_REPLICAS
                    | ErrorCode::REQUEST_TIMED_OUT,
                ) => Err(ErrorCode::NOT_COORDINATOR),
                other => Err(error_of(other)),
            }
        }
        .boxed()
    }

    pub fn delete_offsets(
        &self,
        request: OffsetDeleteRequest,
    ) -> BoxFuture<'static, OffsetDeleteResponse> {
        let refused = |error_code| OffsetDeleteResponse {
            error_code,
            ..Default::default()
        };
        if request.group_id.is_empty() {
            return ready(refused(ErrorCode::INVALID_GROUP_ID)).boxed();
        }
        let answer = self.write(&request.group_id.clone(), move |draft, _, _, ticket| {
            let response = offsets::delete(draft, &request);
            draft.answer(ticket, Answer::DeleteOffsets(response));
        });
        async move {
            match answer.await {
                Ok(Answer::DeleteOffsets(response)) => response,
                other => refused(error_of(other)),
            }
        }
        .boxed()
    }

    pub fn delete_groups(&self, ids: Vec<Str>) -> BoxFuture<'static, Vec<DeletableGroupResult>> {
        let per_partition = self.by_partition(ids).into_iter().map(|(partition, ids)| {
            let asked = ids.clone();
            let answer = self.runtime.write(partition, move |_, draft, ticket, _| {
                let results = delete::delete(draft, &asked);
                draft.answer(ticket, Answer::DeleteGroups(results));
            });
            async move {
                match answer.await {
                    Ok(Answer::DeleteGroups(results)) => results,
                    other => {
                        let error_code = error_of(other);
                        let refused = |group_id| DeletableGroupResult {
                            group_id,
                            error_code,
                            ..Default::default()
                        };
                        ids.into_iter().map(refused).collect()
                    }
                }
            }
        });
        let all = join_all(per_partition.collect::<Vec<_>>());
        all.map(|results| results.concat()).boxed()
    }

    pub fn describe(&self, version: i16, ids: Vec<Str>) -> BoxFuture<'static, Vec<DescribedGroup>> {
        let per_partition = self.by_partition(ids).into_iter().map(|(partition, ids)| {
            let asked = ids.clone();
            let read = self.runtime.read(partition, move |view| {
                asked
                    .iter()
                    .map(|id| describe::describe(&view, id, version))
                    .collect::<Vec<_>>()
            });
            async move {
                read.await.unwrap_or_else(|error| {
                    let error_code = coordinator_error(error);
                    let refused = |group_id| DescribedGroup {
                        error_code,
                        group_id,
                        ..Default::default()
                    };
                    ids.into_iter().map(refused).collect()
                })
            }
        });
        let all = join_all(per_partition.collect::<Vec<_>>());
        all.map(|described| described.concat()).boxed()
    }

    /// All groups coordinated here. While some are not loaded yet, nobody can tell: COORDINATOR_LOAD_IN_PROGRESS.
    pub fn list(&self, request: &ListGroupsRequest) -> BoxFuture<'static, ListGroupsResponse> {
        let per_partition = self.runtime.led().into_iter().map(|partition| {
            let request = request.clone();
            self.runtime
                .read(partition, move |view| list::list(&view, &request))
        });
        let all = join_all(per_partition.collect::<Vec<_>>());
        async move {
            let mut groups = Vec::new();
            for listed in all.await {
                match listed {
                    Ok(listed) => groups.extend(listed),
                    Err(ErrorCode::NOT_COORDINATOR) => {}
                    Err(error) => {
                        let error_code = coordinator_error(error);
                        return ListGroupsResponse {
                            error_code,
                            ..Default::default()
                        };
                    }
                }
            }
            ListGroupsResponse {
                groups,
                ..Default::default()
            }
        }
        .boxed()
    }

    /// Deletes the offsets of topics that are gone.
    pub fn topics_deleted(&self, topics: Vec<(Arc<str>, Uuid)>) -> BoxFuture<'static, ()> {
        let topics = Arc::new(topics);
        let per_partition = self.runtime.led().into_iter().map(|partition| {
            let topics = topics.clone();
            self.runtime.write(partition, move |_, draft, ticket, _| {
                offsets::topics_deleted(draft, &topics);
                draft.answer(ticket, Answer::Done);
            })
        });
        join_all(per_partition.collect::<Vec<_>>())
            .map(drop)
            .boxed()
    }

    fn write(
        &self,
        group: &str,
        operation: impl FnOnce(&mut GroupDraft, &Turn, &GroupValues, Ticket) + Send + 'static,
    ) -> BoxFuture<'static, Result<Answer, ErrorCode>> {
        let partition = self.partition(group);
        self.runtime
            .write(partition, move |shard, draft, ticket, turn| {
                operation(draft, turn, &shard.values(), ticket);
            })
            .boxed()
    }

    fn by_partition(&self, ids: Vec<Str>) -> BTreeMap<i32, Vec<Str>> {
        let mut by_partition: BTreeMap<i32, Vec<Str>> = BTreeMap::new();
        for id in ids {
            by_partition
                .entry(self.partition(&id))
                .or_default()
                .push(id);
        }
        by_partition
    }
}

/// Why a JoinGroup does not even reach its group.
fn unacceptable(request: &JoinGroupRequest, values: &GroupValues) -> Option<ErrorCode> {
    let session_timeouts = values.min_session_timeout_ms..=values.max_session_timeout_ms;
    if request.group_id.is_empty() {
        Some(ErrorCode::INVALID_GROUP_ID)
    } else if !session_timeouts.contains(&request.session_timeout_ms) {
        Some(ErrorCode::INVALID_SESSION_TIMEOUT)
    } else {
        None
    }
}

/// What a client is told of an operation that came to nothing.
fn error_of(outcome: Result<Answer, ErrorCode>) -> ErrorCode {
    match outcome {
        Err(error) => coordinator_error(error),
        // Each operation answers in its own kind.
        Ok(_) => ErrorCode::UNKNOWN_SERVER_ERROR,
    }
}

/// Errors of the log, as clients of a coordinator know them (`CoordinatorOperationExceptionHelper`).
fn coordinator_error(error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        | ErrorCode::NOT_ENOUGH_REPLICAS
        | ErrorCode::REQUEST_TIMED_OUT => ErrorCode::COORDINATOR_NOT_AVAILABLE,
        ErrorCode::NOT_LEADER_OR_FOLLOWER | ErrorCode::KAFKA_STORAGE_ERROR => {
            ErrorCode::NOT_COORDINATOR
        }
        ErrorCode::MESSAGE_TOO_LARGE
        | ErrorCode::RECORD_LIST_TOO_LARGE
        | ErrorCode::INVALID_FETCH_SIZE => ErrorCode::UNKNOWN_SERVER_ERROR,
        other => other,
    }
}

/// As `UUID.randomUUID()` prints one.
fn random_id(rng: &Rng) -> String {
    let hex: Vec<String> = rng
        .uuid()
        .0
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    [&hex[..4], &hex[4..6], &hex[6..8], &hex[8..10], &hex[10..]]
        .map(<[String]>::concat)
        .join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Layers, Unset};

    #[test]
    fn session_timeouts_have_bounds() {
        let unset = Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &Unset,
        };
        let values = BrokerValues::resolve(&unset).groups;
        let refused = Some(ErrorCode::INVALID_SESSION_TIMEOUT);
        for (group, session_timeout_ms, expected) in [
            ("g", 5_999, refused),
            ("g", 6_000, None),
            ("g", 1_800_000, None),
            ("g", 1_800_001, refused),
            ("", 6_000, Some(ErrorCode::INVALID_GROUP_ID)),
        ] {
            let request = JoinGroupRequest {
                group_id: group.into(),
                session_timeout_ms,
                ..Default::default()
            };
            assert_eq!(
                unacceptable(&request, &values),
                expected,
                "{group} {session_timeout_ms}"
            );
        }
    }

    #[test]
    fn a_random_id_looks_like_javas() {
        let id = random_id(&Rng::seeded(1));
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
    }
}
