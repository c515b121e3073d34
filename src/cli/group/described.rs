//! Groups as their coordinators describe them, of both protocols (KIP-848's and the classic one) in the same words.

use crate::cli::catalog::Key;
use crate::cli::client::{Address, Client, ClientError};
use ottla_protocol::messages::consumer_group_describe::{
    Assignment, ConsumerGroupDescribeRequest, DescribedGroup as Consumer, Member as ConsumerMember,
};
use ottla_protocol::messages::describe_groups::{
    DescribeGroupsRequest, DescribedGroup as Classic, DescribedGroupMember,
};
use ottla_protocol::messages::find_coordinator::FindCoordinatorRequest;
use ottla_protocol::messages::list_groups::ListGroupsRequest;
use ottla_protocol::records::consumer_protocol::ConsumerProtocolAssignment;
use ottla_protocol::records::prefixed;
use ottla_protocol::{Bytes, ErrorCode, Str};
use std::collections::BTreeSet;

const KEY_TYPE_GROUP: i8 = 0;
const DESCRIBING: &str = "describing the group";

/// One of a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    pub name: String,
    /// As in `Consumer` or `Classic`; empty where the broker does not tell.
    pub kind: String,
    pub state: String,
    /// `consumer` for consumers of the classic protocol.
    pub protocol: String,
    /// The broker that says so.
    pub coordinator: i32,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: String,
    pub instance: Option<String>,
    pub client_id: String,
    pub host: String,
    pub has: BTreeSet<Key>,
    /// What it is to have, where the protocol tells.
    pub shall_have: Option<BTreeSet<Key>>,
    /// Of KIP-848: the epoch that it has reached.
    pub epoch: Option<i32>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    pub kind: &'static str,
    pub state: String,
    pub coordinator: i32,
    /// Of KIP-848: the epoch that its members are to reach.
    pub epoch: Option<i32>,
    pub assignor: String,
    pub members: Vec<Member>,
}

/// All groups of a cluster, of brokers that are alive; and the brokers that do not tell theirs now.
///
/// # Errors
/// See [`ClientError`].
pub async fn list(
    client: &Client,
    brokers: &[i32],
) -> Result<(Vec<Listed>, Vec<(i32, ClientError)>), ClientError> {
    let (mut found, mut silent) = (Vec::new(), Vec::new());
    for broker in brokers {
        let asked = client
            .ask_broker(*broker, &ListGroupsRequest::default())
            .await;
        let checked = asked.and_then(|response| {
            ClientError::check("listing groups", response.error_code, None)?;
            Ok(response.groups)
        });
        let groups = match checked {
            Ok(groups) => groups,
            Err(error) => {
                silent.push((*broker, error));
                continue;
            }
        };
        found.extend(groups.into_iter().map(|group| Listed {
            name: group.group_id.to_string(),
            kind: group.group_type.to_string(),
            state: group.group_state.to_string(),
            protocol: group.protocol_type.to_string(),
            coordinator: *broker,
        }));
    }
    found.sort();
    match (found.is_empty(), silent.len() == brokers.len()) {
        (true, true) => match silent.pop() {
            Some((_, error)) => Err(error),
            None => Ok((found, silent)),
        },
        _ => Ok((found, silent)),
    }
}

/// Where a group's coordinator is.
///
/// # Errors
/// See [`ClientError`].
pub async fn coordinator(client: &Client, group: &str) -> Result<(i32, Address), ClientError> {
    let request = FindCoordinatorRequest {
        key_type: KEY_TYPE_GROUP,
        coordinator_keys: vec![Str::from(group)],
        ..Default::default()
    };
    let what = "finding the group's coordinator";
    let response = client.ask(&request).await?;
    ClientError::check(what, response.error_code, response.error_message.as_ref())?;
    let found = response.coordinators.into_iter().next().unwrap_or_default();
    ClientError::check(what, found.error_code, found.error_message.as_ref())?;
    let address = Address {
        host: found.host.to_string(),
        port: u16::try_from(found.port).unwrap_or_default(),
    };
    Ok((found.node_id, address))
}

/// # Errors
/// See [`ClientError`]; GROUP_ID_NOT_FOUND for one that is not there.
pub async fn describe(client: &Client, name: &str) -> Result<Group, ClientError> {
    let (id, address) = coordinator(client, name).await?;
    let request = ConsumerGroupDescribeRequest {
        group_ids: vec![Str::from(name)],
        ..Default::default()
    };
    match client.ask_at(&address, &request).await {
        Ok(response) => {
            let group = response.groups.into_iter().next().unwrap_or_default();
            match group.error_code {
                // It may be a classic one.
                ErrorCode::GROUP_ID_NOT_FOUND | ErrorCode::UNSUPPORTED_VERSION => {}
                error => {
                    ClientError::check(DESCRIBING, error, group.error_message.as_ref())?;
                    return Ok(of_consumers(id, group));
                }
            }
        }
        Err(ClientError::Unsupported { .. }) => {}
        Err(error) => return Err(error),
    }
    let request = DescribeGroupsRequest {
        groups: vec![Str::from(name)],
        ..Default::default()
    };
    let response = client.ask_at(&address, &request).await?;
    let group = response.groups.into_iter().next().unwrap_or_default();
    ClientError::check(DESCRIBING, group.error_code, group.error_message.as_ref())?;
    if &*group.group_state == "Dead" {
        ClientError::check(DESCRIBING, ErrorCode::GROUP_ID_NOT_FOUND, None)?;
    }
    Ok(of_classic(id, group))
}

fn of_consumers(coordinator: i32, group: Consumer) -> Group {
    let keys = |assignment: &Assignment| -> BTreeSet<Key> {
        let topics = assignment.topic_partitions.iter();
        let keys = topics.flat_map(|topic| {
            let name = topic.topic_name.to_string();
            let partitions = topic.partitions.iter();
            partitions.map(move |index| (name.clone(), *index))
        });
        keys.collect()
    };
    let member = |member: &ConsumerMember| Member {
        id: member.member_id.to_string(),
        instance: member.instance_id.as_ref().map(ToString::to_string),
        client_id: member.client_id.to_string(),
        host: host(&member.client_host),
        has: keys(&member.assignment),
        shall_have: Some(keys(&member.target_assignment)),
        epoch: Some(member.member_epoch),
    };
    Group {
        name: group.group_id.to_string(),
        kind: "consumer",
        state: group.group_state.to_string(),
        coordinator,
        epoch: Some(group.assignment_epoch),
        assignor: group.assignor_name.to_string(),
        members: group.members.iter().map(member).collect(),
    }
}

fn of_classic(coordinator: i32, group: Classic) -> Group {
    let member = |member: &DescribedGroupMember| Member {
        id: member.member_id.to_string(),
        instance: member.group_instance_id.as_ref().map(ToString::to_string),
        client_id: member.client_id.to_string(),
        host: host(&member.client_host),
        has: assigned(&member.member_assignment),
        shall_have: None,
        epoch: None,
    };
    Group {
        name: group.group_id.to_string(),
        kind: "classic",
        state: group.group_state.to_string(),
        coordinator,
        epoch: None,
        assignor: group.protocol_data.to_string(),
        members: group.members.iter().map(member).collect(),
    }
}

/// Kafka writes a slash before it.
fn host(told: &str) -> String {
    told.trim_start_matches('/').to_owned()
}

/// What a leader of consumers has given a member. Other kinds of groups say it in their own way, and it stays unknown.
fn assigned(assignment: &Bytes) -> BTreeSet<Key> {
    if assignment.is_empty() {
        return BTreeSet::new();
    }
    let Ok((read, _)) = prefixed::decode::<ConsumerProtocolAssignment>(assignment.clone()) else {
        return BTreeSet::new();
    };
    let topics = read.assigned_partitions.into_iter();
    let keys = topics.flat_map(|topic| {
        let name = topic.topic.to_string();
        let partitions = topic.partitions.into_iter();
        partitions.map(move |index| (name.clone(), index))
    });
    keys.collect()
}
