//! `ottla cluster drain`: takes a broker out of service without anybody losing anything, step by step.
//!
//! ```text
//!   cordon ─▶ reassign its replicas, some at a time, leadership with them ─▶ leave the voters ─▶ uncordon, unregister ─▶ look once more
//! ```
//! Guarantees: each step begins with a look at the cluster, so that running it again after an interruption goes on where it was; a broker is
//! unregistered only when it has no replica. Does not stop the broker's process. A dead broker is drained as well: its replicas are
//! made anew from the others.

use std::collections::BTreeMap;
use std::time::Duration;

use ottla_protocol::messages::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, ReassignablePartition, ReassignableTopic,
};
use ottla_protocol::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use ottla_protocol::messages::remove_raft_voter::RemoveRaftVoterRequest;
use ottla_protocol::messages::unregister_broker::UnregisterBrokerRequest;
use ottla_protocol::{ErrorCode, Str};

use super::plan::{NoRoom, Placed, Taker, choose};
use super::survey::{Survey, is_cordoned, quorum};
use crate::cli::client::{Client, ClientError};
use crate::cli::progress::Progress;

/// Between two looks at the cluster.
const LOOK: Duration = Duration::from_millis(500);
/// What was decided is known to every broker after this long.
const PROPAGATION: Duration = Duration::from_secs(5);
/// How long a cluster that does not answer, or is between two controllers, is asked again.
const PATIENCE: Duration = Duration::from_secs(60);
const RESOURCE_BROKER: i8 = 4;
const SET: i8 = 0;
const DELETE: i8 = 1;
const CORDONED: &str = "cordoned.log.dirs";

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Drain {
    pub broker: i32,
    /// Partitions on their way at a time.
    pub at_once: usize,
    pub may_shrink: bool,
    /// For all of it.
    pub timeout: Option<Duration>,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    pub partitions: usize,
    pub was_voter: bool,
    /// It was not there at all.
    pub was_gone: bool,
}

/// Why it is not drained.
#[derive(Clone, Debug, PartialEq)]
pub enum DrainError {
    Client(ClientError),
    /// Nobody can take this partition's replica.
    NoRoom(Placed),
    /// The controller refused to move this partition.
    Refused(Placed, ErrorCode, String),
    TimedOut {
        left: usize,
    },
}

impl From<ClientError> for DrainError {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl From<NoRoom> for DrainError {
    fn from(NoRoom(partition): NoRoom) -> Self {
        Self::NoRoom(partition)
    }
}

impl std::fmt::Display for DrainError {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Client(error) => error.fmt(to),
            Self::NoRoom(partition) => write!(
                to,
                "no broker can take the replica of {}-{}, which is on {:?}: add a broker, or allow fewer replicas with --allow-fewer-replicas",
                partition.topic, partition.index, partition.replicas
            ),
            Self::Refused(partition, error, message) => write!(
                to,
                "moving {}-{} was refused: {error} {message}",
                partition.topic, partition.index
            ),
            Self::TimedOut { left } => {
                write!(
                    to,
                    "the time is over and {left} partitions are left: run it again to go on"
                )
            }
        }
    }
}

impl Drain {
    /// # Errors
    /// See [`DrainError`].
    pub async fn run(
        &self,
        client: &Client,
        progress: &mut Progress,
    ) -> Result<Drained, DrainError> {
        let mut drained = Drained::default();
        let survey = patiently(client, async || Survey::of(client).await).await?;
        let voters = &survey.quorum.partition.current_voters;
        let is_voter = voters.iter().any(|one| one.replica_id == self.broker);
        let has_replicas = survey.of_broker(self.broker).next().is_some();
        let Some(broker) = survey.broker(self.broker) else {
            if !is_voter && !has_replicas {
                drained.was_gone = true;
                return Ok(drained);
            }
            drained.partitions = self.move_away(client, progress).await?;
            drained.was_voter = self.leave_voters(client, progress).await?;
            return Ok(drained);
        };
        if broker.is_fenced {
            progress.say("it is fenced: its replicas are made anew elsewhere from the others");
        } else {
            self.cordon(client, progress, Some("*")).await;
        }
        drained.partitions = self.move_away(client, progress).await?;
        drained.was_voter = self.leave_voters(client, progress).await?;
        if !broker.is_fenced {
            self.cordon(client, progress, None).await;
        }
        self.unregister(client).await?;
        progress.say("unregistered");
        // What was created on it in the last moment.
        drained.partitions += self.move_away(client, progress).await?;
        Ok(drained)
    }

    /// Keeps new partitions out. A broker that does not know how is drained all the same.
    async fn cordon(&self, client: &Client, progress: &mut Progress, paths: Option<&str>) {
        let config = AlterableConfig {
            name: Str::from_static(CORDONED),
            config_operation: if paths.is_some() { SET } else { DELETE },
            value: paths.map(Str::from),
            ..Default::default()
        };
        let request = IncrementalAlterConfigsRequest {
            resources: vec![AlterConfigsResource {
                resource_type: RESOURCE_BROKER,
                resource_name: Str::from(self.broker.to_string()),
                configs: vec![config],
                ..Default::default()
            }],
            ..Default::default()
        };
        let cordoned = patiently(client, async || {
            let response = client.ask_broker(self.broker, &request).await?;
            response.responses.iter().try_for_each(|one| {
                ClientError::check("cordoning", one.error_code, one.error_message.as_ref())
            })
        });
        match (cordoned.await, paths) {
            (Ok(()), Some(_)) => progress.say("cordoned: new partitions go elsewhere"),
            (Ok(()), None) => {}
            (Err(error), _) => {
                progress.say(&format!(
                    "it cannot be cordoned, and is drained all the same: {error}"
                ));
            }
        }
    }

    /// Reassigns until the broker has no replica. Answers how many partitions moved.
    async fn move_away(
        &self,
        client: &Client,
        progress: &mut Progress,
    ) -> Result<usize, DrainError> {
        let mut total = 0;
        let mut known = Settled::default();
        loop {
            let survey = patiently(client, async || Survey::of(client).await).await?;
            let all: Vec<&Placed> = survey
                .of_broker(self.broker)
                .map(|one| &one.placed)
                .collect();
            total = total.max(all.len());
            let (moving, left): (Vec<&Placed>, Vec<&Placed>) = all
                .iter()
                .partition(|placed| survey.is_leaving(placed, self.broker));
            let what = format!("partitions moved, {} on their way", moving.len());
            progress.show(total - all.len(), total, &what);
            if all.is_empty() {
                return Ok(total);
            }
            let elapsed = client.clock.elapsed();
            if self.timeout.is_some_and(|timeout| elapsed > timeout) {
                return Err(DrainError::TimedOut { left: all.len() });
            }
            let room = self.at_once.saturating_sub(moving.len());
            let next = known.choose(&left, room, elapsed);
            if !next.is_empty() {
                self.reassign(client, &survey, &next).await?;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn reassign(
        &self,
        client: &Client,
        survey: &Survey,
        partitions: &[Placed],
    ) -> Result<(), DrainError> {
        // Only where they are to be: those that are on their way elsewhere are left out.
        let settled = |placed: &Placed| {
            let key = (placed.topic.clone(), placed.index);
            let removing = survey.reassigning.get(&key);
            let is_removed =
                |id: &i32| removing.is_some_and(|one| one.removing_replicas.contains(id));
            let replicas = placed.replicas.iter().copied();
            Placed {
                replicas: replicas.filter(|id| !is_removed(id)).collect(),
                ..placed.clone()
            }
        };
        let partitions: Vec<Placed> = partitions.iter().map(settled).collect();
        let mut takers = self.takers(client, survey).await;
        let racks: BTreeMap<i32, String> = survey
            .cluster
            .brokers
            .iter()
            .filter_map(|one| Some((one.broker_id, one.rack.as_ref()?.to_string())))
            .collect();
        let planned = choose(
            &partitions,
            self.broker,
            &mut takers,
            &racks,
            self.may_shrink,
        )?;
        let request = request(&planned);
        let response = patiently(client, async || {
            let response = client.ask(&request).await?;
            ClientError::check(
                "reassigning",
                response.error_code,
                response.error_message.as_ref(),
            )?;
            Ok(response)
        });
        for topic in response.await?.responses {
            for answer in topic.partitions {
                // Deleted, or its controller changed, meanwhile: the next look tells.
                let is_void = matches!(
                    answer.error_code,
                    ErrorCode::NONE | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
                ) || is_passing(answer.error_code);
                if !is_void {
                    let is_it = |one: &&Placed| {
                        one.topic == *topic.name && one.index == answer.partition_index
                    };
                    let placed = planned.iter().find(is_it).cloned();
                    let message = answer.error_message.map(|message| message.to_string());
                    return Err(DrainError::Refused(
                        placed.expect("only what was asked for is answered"),
                        answer.error_code,
                        message.unwrap_or_default(),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Brokers that are alive and not cordoned; without cordoned ones nobody might be left, and then they are taken too.
    async fn takers(&self, client: &Client, survey: &Survey) -> Vec<Taker> {
        let mut takers = Vec::new();
        for broker in &survey.cluster.brokers {
            let id = broker.broker_id;
            if id == self.broker || broker.is_fenced || is_cordoned(client, id).await == Some(true)
            {
                continue;
            }
            takers.push(Taker {
                id,
                rack: broker.rack.as_ref().map(ToString::to_string),
                replicas: survey.of_broker(id).count(),
            });
        }
        takers
    }

    /// Answers whether it was a voter and is none any more.
    async fn leave_voters(
        &self,
        client: &Client,
        progress: &mut Progress,
    ) -> Result<bool, DrainError> {
        let quorum = patiently(client, async || quorum(client).await).await?;
        let voters = &quorum.partition.current_voters;
        let own: Vec<_> = voters
            .iter()
            .filter(|voter| voter.replica_id == self.broker)
            .collect();
        if own.is_empty() {
            return Ok(false);
        }
        for voter in own {
            let request = RemoveRaftVoterRequest {
                cluster_id: None,
                voter_id: voter.replica_id,
                voter_directory_id: voter.replica_directory_id,
                ..Default::default()
            };
            let removed = patiently(client, async || {
                let response = client.ask(&request).await?;
                let error = response.error_code;
                match error == ErrorCode::VOTER_NOT_FOUND {
                    // By an earlier attempt whose answer was lost.
                    true => Ok(()),
                    false => ClientError::check(
                        "leaving the voters",
                        error,
                        response.error_message.as_ref(),
                    ),
                }
            });
            match removed.await {
                Ok(()) => progress.say("it votes no longer in the metadata quorum"),
                Err(error) if error.code() == Some(ErrorCode::UNSUPPORTED_VERSION) => {
                    progress.say(&format!(
                        "it stays a voter: {error}; take it out of controller.quorum.voters on every node"
                    ));
                    return Ok(false);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    async fn unregister(&self, client: &Client) -> Result<(), DrainError> {
        let request = UnregisterBrokerRequest {
            broker_id: self.broker,
            ..Default::default()
        };
        let unregistered = patiently(client, async || {
            let response = client.ask(&request).await?;
            match response.error_code == ErrorCode::BROKER_ID_NOT_REGISTERED {
                true => Ok(()),
                false => ClientError::check(
                    "unregistering",
                    response.error_code,
                    response.error_message.as_ref(),
                ),
            }
        });
        Ok(unregistered.await?)
    }
}

/// Which partitions may be planned for. Brokers tell of replicas and of reassignments at different times: one whose reassignment has just ended may
/// still show the replicas that it had on the way, and planned on those it would end with more than it had.
#[derive(Default)]
struct Settled {
    before: Vec<Placed>,
    asked: BTreeMap<(String, i32), Duration>,
}

impl Settled {
    /// Up to `max` of those that are at rest, as they were at the last look, and were not asked for lately.
    fn choose(&mut self, resting: &[&Placed], max: usize, now: Duration) -> Vec<Placed> {
        let key = |placed: &Placed| (placed.topic.clone(), placed.index);
        let is_lately = |at: &Duration| now.saturating_sub(*at) < PROPAGATION;
        let was_so = resting.iter().filter(|one| self.before.contains(one));
        let chosen: Vec<Placed> = was_so
            .filter(|one| !self.asked.get(&key(one)).is_some_and(is_lately))
            .take(max)
            .map(|one| (*one).clone())
            .collect();
        self.asked.extend(chosen.iter().map(|one| (key(one), now)));
        self.before = resting.iter().map(|one| (*one).clone()).collect();
        chosen
    }
}

fn request(planned: &[Placed]) -> AlterPartitionReassignmentsRequest {
    let mut topics: BTreeMap<&str, Vec<ReassignablePartition>> = BTreeMap::new();
    for placed in planned {
        let partition = ReassignablePartition {
            partition_index: placed.index,
            replicas: Some(placed.replicas.clone()),
            ..Default::default()
        };
        topics.entry(&placed.topic).or_default().push(partition);
    }
    let topic = |(name, partitions): (&str, _)| ReassignableTopic {
        name: Str::from(name),
        partitions,
        ..Default::default()
    };
    AlterPartitionReassignmentsRequest {
        topics: topics.into_iter().map(topic).collect(),
        ..Default::default()
    }
}

/// What goes away by itself: an election, a connection, a change that is under way.
fn is_passing(error: ErrorCode) -> bool {
    matches!(
        error,
        ErrorCode::NOT_CONTROLLER
            | ErrorCode::REQUEST_TIMED_OUT
            | ErrorCode::COORDINATOR_NOT_AVAILABLE
            | ErrorCode::NETWORK_EXCEPTION
            | ErrorCode::NOT_LEADER_OR_FOLLOWER
            | ErrorCode::BROKER_NOT_AVAILABLE
    )
}

/// Asks again for a while what failed in passing.
async fn patiently<T>(
    client: &Client,
    ask: impl AsyncFn() -> Result<T, ClientError>,
) -> Result<T, ClientError> {
    let began = client.clock.elapsed();
    loop {
        let error = match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let may_pass = match &error {
            ClientError::Unreachable { .. } => true,
            ClientError::Refused { error, .. } => is_passing(*error),
            ClientError::Unsupported { .. }
            | ClientError::UnknownBroker(_)
            | ClientError::UnknownTopic(_) => false,
        };
        if !may_pass || client.clock.elapsed() - began > PATIENCE {
            return Err(error);
        }
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_planned_for_only_when_it_stood_still_and_was_not_asked_for_lately() {
        let placed = |replicas: &[i32]| Placed {
            topic: "t".to_owned(),
            index: 0,
            replicas: replicas.to_vec(),
        };
        let (on_the_way, before) = (placed(&[1, 2, 3, 4]), placed(&[1, 2, 4]));
        let mut settled = Settled::default();
        let second = Duration::from_secs;
        assert!(
            settled.choose(&[&before], 9, second(1)).is_empty(),
            "seen once"
        );
        assert_eq!(
            settled.choose(&[&before], 9, second(2)),
            std::slice::from_ref(&before)
        );
        // Its reassignment has ended by now, and this broker does not know.
        assert!(settled.choose(&[&on_the_way], 9, second(3)).is_empty());
        assert!(settled.choose(&[&on_the_way], 9, second(4)).is_empty());
        assert!(settled.choose(&[&before], 9, second(8)).is_empty());
        assert_eq!(settled.choose(&[&before], 9, second(9)), [before]);
    }
}
