//! `ottla cluster status`: who is there, who leads, and what is not as it should be.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::messages::describe_quorum::ReplicaState;

use super::survey::{Partition, Survey, is_cordoned};
use crate::cli::client::{Client, ClientError};
use crate::cli::json::Json;
use crate::cli::table::table;

/// Partitions named in each list; the rest is counted.
const NAMED_MAX: usize = 20;

/// A broker's share of the partitions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Share {
    leads: usize,
    replicas: usize,
    in_sync: usize,
}

/// What `status` shows.
pub struct Status {
    survey: Survey,
    cordoned: BTreeSet<i32>,
}

impl Status {
    /// # Errors
    /// See [`ClientError`].
    pub async fn of(client: &Client) -> Result<Self, ClientError> {
        let survey = Survey::of(client).await?;
        let mut cordoned = BTreeSet::new();
        for broker in survey.cluster.brokers.iter().filter(|one| !one.is_fenced) {
            if is_cordoned(client, broker.broker_id).await == Some(true) {
                cordoned.insert(broker.broker_id);
            }
        }
        Ok(Self { survey, cordoned })
    }

    /// Whether every partition is led and has all its replicas in sync, and no broker is fenced.
    pub fn is_healthy(&self) -> bool {
        let mut brokers = self.survey.cluster.brokers.iter();
        self.offline().is_empty()
            && self.under_replicated().is_empty()
            && !brokers.any(|broker| broker.is_fenced)
    }

    fn offline(&self) -> Vec<&Partition> {
        let partitions = self.survey.partitions.iter();
        partitions.filter(|one| one.leader < 0).collect()
    }

    fn under_replicated(&self) -> Vec<&Partition> {
        let lacks = |one: &&Partition| one.in_sync.len() < one.placed.replicas.len();
        let partitions = self.survey.partitions.iter();
        partitions
            .filter(|one| one.leader >= 0)
            .filter(lacks)
            .collect()
    }

    fn shares(&self) -> BTreeMap<i32, Share> {
        let mut shares: BTreeMap<i32, Share> = BTreeMap::new();
        for partition in &self.survey.partitions {
            for id in &partition.placed.replicas {
                shares.entry(*id).or_default().replicas += 1;
            }
            for id in &partition.in_sync {
                shares.entry(*id).or_default().in_sync += 1;
            }
            shares.entry(partition.leader).or_default().leads += 1;
        }
        shares
    }

    fn state(&self, id: i32, is_fenced: bool) -> &'static str {
        match is_fenced {
            true => "fenced",
            false if self.cordoned.contains(&id) => "cordoned",
            false => "alive",
        }
    }

    /// Members of the quorum with what each is.
    fn members(&self) -> impl Iterator<Item = (&ReplicaState, &'static str)> {
        let partition = &self.survey.quorum.partition;
        let leader = partition.leader_id;
        let voter = move |one: &'_ ReplicaState| match one.replica_id == leader {
            true => "leader",
            false => "voter",
        };
        let observers = partition.observers.iter().map(|one| (one, "observer"));
        let voters = partition.current_voters.iter();
        voters.map(move |one| (one, voter(one))).chain(observers)
    }

    fn lag(&self, member: &ReplicaState) -> Option<i64> {
        let leader = self.survey.quorum.partition.leader_id;
        let voters = &self.survey.quorum.partition.current_voters;
        let end = voters.iter().find(|one| one.replica_id == leader)?;
        (member.log_end_offset >= 0).then(|| (end.log_end_offset - member.log_end_offset).max(0))
    }

    /// For people.
    pub fn text(&self) -> String {
        let survey = &self.survey;
        let shares = self.shares();
        let broker =
            |broker: &ottla_protocol::messages::describe_cluster::DescribeClusterBroker| {
                let share = shares.get(&broker.broker_id).copied().unwrap_or_default();
                vec![
                    broker.broker_id.to_string(),
                    format!("{}:{}", broker.host, broker.port),
                    broker.rack.as_deref().unwrap_or("-").to_owned(),
                    self.state(broker.broker_id, broker.is_fenced).to_owned(),
                    share.leads.to_string(),
                    share.replicas.to_string(),
                    share.in_sync.to_string(),
                ]
            };
        let brokers: Vec<_> = survey.cluster.brokers.iter().map(broker).collect();
        let member = |(member, role): (&ReplicaState, &str)| {
            let number = |number: Option<i64>| number.map_or("-".to_owned(), |n| n.to_string());
            vec![
                member.replica_id.to_string(),
                role.to_owned(),
                number(Some(member.log_end_offset).filter(|end| *end >= 0)),
                number(self.lag(member)),
                member.replica_directory_id.to_string(),
            ]
        };
        let members: Vec<_> = self.members().map(member).collect();
        let quorum = &survey.quorum.partition;
        let mut text = format!(
            "Cluster {}\n\n{}\n\nQuorum: leader {} in epoch {}\n\n{}\n\n",
            survey.cluster.cluster_id,
            table(
                &[
                    "BROKER", "ADDRESS", "RACK", "STATE", "LEADS", "REPLICAS", "IN SYNC"
                ],
                &brokers
            ),
            quorum.leader_id,
            quorum.leader_epoch,
            table(&["NODE", "ROLE", "LOG END", "LAG", "DIRECTORY"], &members),
        );
        let (offline, lacking) = (self.offline(), self.under_replicated());
        text.push_str(&format!(
            "Partitions: {}, {} without a leader, {} under-replicated, {} being reassigned",
            survey.partitions.len(),
            offline.len(),
            lacking.len(),
            survey.reassigning.len()
        ));
        for (what, partitions) in [("without a leader", offline), ("under-replicated", lacking)] {
            text.push_str(&named(what, &partitions));
        }
        text
    }

    /// For programs.
    pub fn json(&self) -> Json {
        let shares = self.shares();
        let survey = &self.survey;
        let brokers = survey.cluster.brokers.iter().map(|broker| {
            let share = shares.get(&broker.broker_id).copied().unwrap_or_default();
            Json::Object(vec![
                ("id", broker.broker_id.into()),
                ("host", (&*broker.host).into()),
                ("port", broker.port.into()),
                ("rack", broker.rack.as_deref().into()),
                (
                    "state",
                    self.state(broker.broker_id, broker.is_fenced).into(),
                ),
                ("leads", share.leads.into()),
                ("replicas", share.replicas.into()),
                ("in_sync", share.in_sync.into()),
            ])
        });
        let members = self.members().map(|(member, role)| {
            Json::Object(vec![
                ("id", member.replica_id.into()),
                (
                    "directory_id",
                    member.replica_directory_id.to_string().into(),
                ),
                ("role", role.into()),
                ("log_end", Json::Number(member.log_end_offset)),
                ("lag", self.lag(member).map_or(Json::Null, Json::Number)),
            ])
        });
        let partitions = |partitions: Vec<&Partition>| {
            Json::List(partitions.into_iter().map(partition).collect())
        };
        Json::Object(vec![
            ("cluster_id", (&*survey.cluster.cluster_id).into()),
            ("healthy", Json::Flag(self.is_healthy())),
            ("brokers", Json::List(brokers.collect())),
            (
                "quorum",
                Json::Object(vec![
                    ("leader", survey.quorum.partition.leader_id.into()),
                    ("epoch", survey.quorum.partition.leader_epoch.into()),
                    ("members", Json::List(members.collect())),
                ]),
            ),
            ("partitions", survey.partitions.len().into()),
            ("offline", partitions(self.offline())),
            ("under_replicated", partitions(self.under_replicated())),
            ("reassigning", survey.reassigning.len().into()),
        ])
    }
}

fn named(what: &str, partitions: &[&Partition]) -> String {
    let mut text = String::new();
    for (index, partition) in partitions.iter().enumerate() {
        if index == NAMED_MAX {
            text.push_str(&format!("\n  … and {} more", partitions.len() - NAMED_MAX));
            break;
        }
        let Partition {
            placed, in_sync, ..
        } = partition;
        text.push_str(&format!(
            "\n  {}-{}: {what}, replicas {:?}, in sync {:?}",
            placed.topic, placed.index, placed.replicas, in_sync
        ));
    }
    text
}

fn partition(partition: &Partition) -> Json {
    let ids = |ids: &[i32]| Json::List(ids.iter().map(|id| (*id).into()).collect());
    Json::Object(vec![
        ("topic", (&*partition.placed.topic).into()),
        ("partition", partition.placed.index.into()),
        ("leader", partition.leader.into()),
        ("replicas", ids(&partition.placed.replicas)),
        ("in_sync", ids(&partition.in_sync)),
    ])
}
