//! ListGroups on one shard.

use super::classic::existing;
use super::{GroupShard, Volatile, record::Durable};
use crate::coordinator::View;
use ottla_protocol::Str;
use ottla_protocol::messages::list_groups::{ListGroupsRequest, ListedGroup};

/// The type of every group here; the others are not built yet.
const CLASSIC: &str = "classic";

/// The committed groups that pass the filters; empty filters let everything pass (KIP-518, KIP-848).
pub fn list(view: &View<'_, GroupShard>, request: &ListGroupsRequest) -> Vec<ListedGroup> {
    let is_type = |wanted: &Str| wanted.eq_ignore_ascii_case(CLASSIC);
    if !request.types_filter.is_empty() && !request.types_filter.iter().any(is_type) {
        return Vec::new();
    }
    let (durable, volatile): (&Durable, &Volatile) = (view.durable, view.volatile);
    let groups = durable.groups.keys().filter_map(|id| {
        let group = existing(durable, volatile, id)?;
        let state = group.state.name();
        let is_wanted = |wanted: &Str| wanted.trim().eq_ignore_ascii_case(state);
        if !request.states_filter.is_empty() && !request.states_filter.iter().any(is_wanted) {
            return None;
        }
        Some(ListedGroup {
            group_id: Str::from(&**id),
            protocol_type: group.protocol_type.clone().unwrap_or_default(),
            group_state: Str::from_static(state),
            group_type: Str::from_static(CLASSIC),
            ..Default::default()
        })
    });
    groups.collect()
}
