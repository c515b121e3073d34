//! StreamsGroupTopologyDescriptionUpdate (key 93, version 0): a member of a streams group pushes its topology's description (KIP-1331).

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 93, response = StreamsGroupTopologyDescriptionUpdateResponse, versions = "0", flexible = "0..")]
pub struct StreamsGroupTopologyDescriptionUpdateRequest {
    pub group_id: Str,
    pub member_id: Str,
    pub topology_epoch: i32,
    pub topology_description: TopologyDescription,
    pub unknown_tagged_fields: TaggedFields,
}

/// The value of [`StreamsGroupTopologyDescriptionUpdateRequest::topology_description`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopologyDescription {
    pub subtopologies: Vec<TopologyDescriptionSubtopology>,
    pub global_stores: Vec<TopologyDescriptionGlobalStore>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`TopologyDescription::subtopologies`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopologyDescriptionSubtopology {
    pub subtopology_id: Str,
    pub nodes: Vec<TopologyDescriptionNode>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`TopologyDescriptionSubtopology::nodes`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopologyDescriptionNode {
    pub name: Str,
    pub node_type: i8,
    pub source_topics: Vec<Str>,
    #[kafka(default = None)]
    pub sink_topic: Option<Str>,
    pub stores: Vec<Str>,
    pub successors: Vec<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`TopologyDescription::global_stores`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopologyDescriptionGlobalStore {
    pub source: TopologyDescriptionNode,
    pub processor: TopologyDescriptionNode,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct StreamsGroupTopologyDescriptionUpdateResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[kafka(default = None)]
    pub error_message: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}
