//! DescribeGroups on one shard.

use super::GroupShard;
use super::classic::{ClassicGroup, State, existing};
use crate::coordinator::View;
use ottla_protocol::messages::describe_groups::{DescribedGroup, DescribedGroupMember};
use ottla_protocol::{Bytes, ErrorCode, Str};

/// How older clients learn that there is no such group.
const DEAD: &str = "Dead";
/// From this version on it is an error (KIP-1043).
const NOT_FOUND_FROM: i16 = 6;

/// The group as far as it is committed.
pub fn describe(view: &View<'_, GroupShard>, id: &Str, version: i16) -> DescribedGroup {
    match existing(view.durable, view.volatile, id) {
        Some(group) => described(&group, id),
        None if version >= NOT_FOUND_FROM => DescribedGroup {
            error_code: ErrorCode::GROUP_ID_NOT_FOUND,
            error_message: Some(format!("Group {id} not found.").into()),
            group_id: id.clone(),
            group_state: Str::from_static(DEAD),
            ..Default::default()
        },
        None => DescribedGroup {
            group_id: id.clone(),
            group_state: Str::from_static(DEAD),
            ..Default::default()
        },
    }
}

/// What members offer is shown once the group has settled on a protocol.
fn described(group: &ClassicGroup, id: &Str) -> DescribedGroup {
    let protocol = group
        .protocol
        .clone()
        .filter(|_| group.state == State::Stable);
    let members = group.members().map(|member| DescribedGroupMember {
        member_id: member.id.clone(),
        group_instance_id: member.instance_id.clone(),
        client_id: member.client_id.clone(),
        client_host: member.client_host.clone(),
        member_metadata: protocol
            .as_ref()
            .map_or_else(Bytes::new, |protocol| member.metadata(protocol)),
        member_assignment: member.assignment.clone(),
        ..Default::default()
    });
    DescribedGroup {
        group_id: id.clone(),
        group_state: Str::from_static(group.state.name()),
        protocol_type: group.protocol_type.clone().unwrap_or_default(),
        protocol_data: protocol.clone().unwrap_or_default(),
        members: members.collect(),
        ..Default::default()
    }
}
