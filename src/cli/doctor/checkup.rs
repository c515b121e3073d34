//! Everything that is looked at, one after the other; what may not be seen is a note.

use super::contact::{Answer, Contact, Speakers, Target, configuration};
use super::finding::{Check, Finding};
use super::{clock, disks, groups, listeners, nodes, partitions, quorum};
use crate::cli::catalog::Catalog;
use crate::cli::client::{Address, Client, ClientError};
use crate::cli::cluster::survey;
use crate::cli::group::described::{self, Group};
use crate::cli::reach::Reach;
use futures::stream::{self, StreamExt};
use ottla_protocol::messages::describe_cluster::{DescribeClusterBroker, DescribeClusterResponse};
use ottla_protocol::messages::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use ottla_protocol::messages::describe_log_dirs::DescribeLogDirsRequest;
use ottla_protocol::{ErrorCode, Str};
use std::collections::BTreeMap;
use std::time::Duration;

/// Addresses dialled at a time.
const AT_ONCE: usize = 16;
/// Between two looks at a group that rebalances.
const LOOK: Duration = Duration::from_millis(500);
/// Groups that are watched; others are as likely.
const WATCHED_MAX: usize = 50;
/// Topics whose configuration is asked for.
const TOPICS_MAX: usize = 2_000;
const TOPICS_PER_REQUEST: usize = 200;
const RESOURCE_TOPIC: i8 = 2;

/// What was found, and how much was looked at.
#[derive(Debug, Default)]
pub struct Checkup {
    pub findings: Vec<Finding>,
    /// Whether any server answered.
    pub reached: bool,
    pub brokers: usize,
    pub addresses: usize,
    pub partitions: usize,
    pub groups: usize,
}

impl Checkup {
    /// `watch`: how long groups that rebalance are looked at. `admins`: nodes that can be asked over HTTP.
    pub async fn of(client: &Client, admins: &[Address], watch: Duration) -> Self {
        let mut checkup = Self::default();
        let reach = Reach {
            servers: client.bootstrap.clone(),
            security: client.security.clone(),
            times: client.times,
        };
        let speakers = Speakers::new(&reach);
        let mut contacts = dial(&speakers, servers(client)).await;
        let described = client.describe_cluster().await;
        let mut readings = Vec::new();
        match &described {
            Ok(cluster) => {
                checkup.reached = true;
                checkup.brokers = cluster.brokers.len();
                let told = checkup.advertised(client, cluster).await;
                // A server that is a broker's own address is looked at as that.
                contacts.retain(|one| {
                    told.iter()
                        .all(|target| target.address != one.target.address)
                });
                contacts.extend(dial(&speakers, told).await);
                checkup
                    .findings
                    .extend(quorum::judge_brokers(&cluster.brokers));
                readings.extend(checkup.quorum(client, cluster).await);
                checkup.disks(client, &cluster.brokers).await;
                checkup.partitions(client, cluster).await;
                checkup.groups(client, &cluster.brokers, watch).await;
            }
            Err(error) => {
                // The contacts say more than that none answered.
                let is_said = contacts
                    .iter()
                    .any(|one| !matches!(one.answer, Answer::Right { .. }));
                if !is_said {
                    let says = format!("the cluster does not tell of its brokers: {error}");
                    let remedy = "look at the log of the broker that was asked";
                    checkup
                        .findings
                        .push(Finding::problem(Check::Brokers, says, remedy));
                }
            }
        }
        checkup.addresses = contacts.len();
        let cluster_id = described.as_ref().ok().map(|one| &*one.cluster_id);
        let now_ms = client.clock.wall_ms();
        let judged = listeners::judge(&contacts, cluster_id, &client.bootstrap, now_ms);
        checkup.findings.extend(judged);
        for admin in admins {
            let (found, reading) = nodes::look(admin, &client.clock, client.times.connect).await;
            checkup.findings.extend(found);
            readings.extend(reading);
        }
        checkup.findings.extend(clock::judge(&readings));
        checkup.findings.sort();
        checkup
    }

    fn unseen(&mut self, check: Check, what: &str, error: &ClientError) {
        self.findings.push(Finding::note(
            check,
            format!("{what} cannot be looked at: {error}"),
        ));
    }

    /// Every address that a living broker tells anybody of.
    async fn advertised(
        &mut self,
        client: &Client,
        cluster: &DescribeClusterResponse,
    ) -> Vec<Target> {
        let mut targets = Vec::new();
        let alive = cluster.brokers.iter().filter(|broker| !broker.is_fenced);
        for broker in alive {
            let Ok(port) = u16::try_from(broker.port) else {
                continue;
            };
            let own = Address {
                host: broker.host.to_string(),
                port,
            };
            let configs = self.configuration(client, broker.broker_id).await;
            let mut listeners = listeners::advertised(&configs);
            let ours = listeners.iter().position(|(_, _, address)| *address == own);
            let name = ours.map(|index| listeners.remove(index).0);
            targets.push(Target {
                broker: Some(broker.broker_id),
                listener: name,
                protocol: Some(client.security.protocol),
                address: own,
                is_ours: true,
            });
            targets.extend(
                listeners
                    .into_iter()
                    .map(|(name, protocol, address)| Target {
                        broker: Some(broker.broker_id),
                        listener: Some(name),
                        protocol,
                        address,
                        is_ours: false,
                    }),
            );
        }
        targets
    }

    /// A broker that is not reached is found by its contact; one that does not tell shows only the listener that was come through.
    async fn configuration(&mut self, client: &Client, broker: i32) -> BTreeMap<String, String> {
        let Some(address) = client.address_of(broker) else {
            return BTreeMap::new();
        };
        let asked = configuration(client, &address, broker).await;
        let Ok(result) = asked else {
            return BTreeMap::new();
        };
        if result.error_code == ErrorCode::CLUSTER_AUTHORIZATION_FAILED {
            let says = format!(
                "the other listeners of broker {broker} are not known: these credentials may not describe its configuration"
            );
            self.findings.push(Finding::note(Check::Listeners, says));
        }
        let configs = result.configs.into_iter();
        let pairs = configs.filter_map(|one| Some((one.name.to_string(), one.value?.to_string())));
        pairs.collect()
    }

    /// The quorum, and the clock of its leader.
    async fn quorum(
        &mut self,
        client: &Client,
        cluster: &DescribeClusterResponse,
    ) -> Option<clock::Reading> {
        let asked_ms = client.clock.wall_ms();
        let quorum = match survey::quorum(client).await {
            Ok(quorum) => quorum.partition,
            Err(error) => {
                self.unseen(Check::Quorum, "the metadata quorum", &error);
                return None;
            }
        };
        let answered_ms = client.clock.wall_ms();
        self.findings
            .extend(quorum::judge(&quorum, cluster.brokers.len()));
        let mut voters = quorum.current_voters.iter();
        let leader = voters.find(|one| one.replica_id == quorum.leader_id)?;
        Some(clock::Reading {
            whose: format!("the active controller, node {}", leader.replica_id),
            told_ms: Some(leader.last_fetch_timestamp).filter(|ms| *ms > 0)?,
            asked_ms,
            answered_ms,
            grain_ms: 0,
        })
    }

    async fn disks(&mut self, client: &Client, brokers: &[DescribeClusterBroker]) {
        let request = DescribeLogDirsRequest {
            topics: Some(Vec::new()),
            ..Default::default()
        };
        for broker in brokers.iter().filter(|broker| !broker.is_fenced) {
            let id = broker.broker_id;
            let answer = client.ask_broker(id, &request).await;
            let checked = answer.and_then(|response| {
                ClientError::check("describing log directories", response.error_code, None)?;
                Ok(response.results)
            });
            match checked {
                Ok(directories) => self.findings.extend(disks::judge(id, &directories)),
                // That it is not reached is said once.
                Err(ClientError::Unreachable { .. }) => {}
                Err(error) => {
                    let what = format!("the disks of broker {id}");
                    self.unseen(Check::Disks, &what, &error);
                }
            }
        }
    }

    async fn partitions(&mut self, client: &Client, cluster: &DescribeClusterResponse) {
        let catalog = match Catalog::of(client, None).await {
            Ok(catalog) => catalog,
            Err(error) => return self.unseen(Check::Partitions, "partitions", &error),
        };
        self.partitions = catalog.keys().count();
        let mut least = BTreeMap::new();
        let names: Vec<&str> = catalog
            .topics
            .iter()
            .map(|topic| topic.name.as_str())
            .collect();
        for names in names[..names.len().min(TOPICS_MAX)].chunks(TOPICS_PER_REQUEST) {
            match min_in_sync(client, names).await {
                Ok(found) => least.extend(found),
                Err(error) => {
                    self.unseen(Check::Partitions, "min.insync.replicas of topics", &error)
                }
            }
        }
        let alive = cluster.brokers.iter().filter(|broker| !broker.is_fenced);
        self.findings
            .extend(partitions::judge(&catalog, &least, alive.count()));
    }

    async fn groups(
        &mut self,
        client: &Client,
        brokers: &[DescribeClusterBroker],
        watch: Duration,
    ) {
        let alive = brokers.iter().filter(|broker| !broker.is_fenced);
        let alive: Vec<i32> = alive.map(|broker| broker.broker_id).collect();
        let listed = match described::list(client, &alive).await {
            Ok((listed, _)) => listed,
            Err(error) => return self.unseen(Check::Groups, "groups", &error),
        };
        self.groups = listed.len();
        let restless = listed
            .iter()
            .filter(|group| groups::is_rebalancing(&group.state));
        let mut looks: BTreeMap<String, Vec<Group>> = BTreeMap::new();
        looks.extend(
            restless
                .take(WATCHED_MAX)
                .map(|group| (group.name.clone(), Vec::new())),
        );
        if looks.is_empty() {
            return;
        }
        let began = client.clock.elapsed();
        loop {
            for (name, looks) in &mut looks {
                looks.extend(described::describe(client, name).await.ok());
            }
            if client.clock.elapsed() - began >= watch {
                break;
            }
            tokio::time::sleep(LOOK.min(watch)).await;
        }
        let watched = client.clock.elapsed() - began;
        let found = looks
            .values()
            .filter_map(|looks| groups::judge(looks, watched));
        self.findings.extend(found);
    }
}

async fn dial(speakers: &Speakers, targets: Vec<Target>) -> Vec<Contact> {
    let contacts = targets.into_iter().map(|target| speakers.contact(target));
    stream::iter(contacts).buffered(AT_ONCE).collect().await
}

fn servers(client: &Client) -> Vec<Target> {
    let target = |address: &Address| Target {
        broker: None,
        listener: None,
        protocol: Some(client.security.protocol),
        address: address.clone(),
        is_ours: true,
    };
    client.bootstrap.iter().map(target).collect()
}

async fn min_in_sync(
    client: &Client,
    topics: &[&str],
) -> Result<BTreeMap<String, usize>, ClientError> {
    let resource = |name: &&str| DescribeConfigsResource {
        resource_type: RESOURCE_TOPIC,
        resource_name: Str::from(*name),
        configuration_keys: Some(vec![Str::from_static("min.insync.replicas")]),
        ..Default::default()
    };
    let request = DescribeConfigsRequest {
        resources: topics.iter().map(resource).collect(),
        ..Default::default()
    };
    let response = client.ask(&request).await?;
    let known = response.results.into_iter().filter_map(|result| {
        let value = result.configs.into_iter().next()?.value?;
        Some((result.resource_name.to_string(), value.parse().ok()?))
    });
    Ok(known.collect())
}
