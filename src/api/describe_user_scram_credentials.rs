//! DescribeUserScramCredentials (key 50), version 0 (KIP-554): who has SCRAM credentials.
//!
//! A broker answers from its own image. On a listener for controllers the active one decides, so that a broker which asks there about a user
//! it does not know learns of everything that is committed.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType, Scope, errors};
use ottla_controller::{Outcome, decide};
use ottla_protocol::messages::describe_user_scram_credentials::{
    DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse,
};
use ottla_protocol::{ErrorCode, Str};
use std::sync::Arc;

pub struct DescribeUserScramCredentials;

impl Api for DescribeUserScramCredentials {
    type Request = DescribeUserScramCredentialsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const NEEDS: Needs = &[
        (Operation::Describe, ResourceType::Cluster),
        (Operation::ClusterAction, ResourceType::Cluster),
    ];
    const SCOPE: Scope = Scope::Everywhere;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: DescribeUserScramCredentialsRequest,
    ) -> Reply<DescribeUserScramCredentialsResponse> {
        let caller = context.caller(&meta);
        // A broker that looks for a user acts for the cluster; anybody else must be allowed to describe it.
        let acts = caller.could(Operation::ClusterAction, Resource::Cluster);
        if let (false, Err(error_code)) = (acts, caller.may(Operation::Describe, Resource::Cluster))
        {
            return Reply::Now(refused(error_code));
        }
        let serves = meta.peer.listener.serves;
        let is_active = context.controller.active() == Some(context.node_id);
        if !serves.controllers || (serves.clients && !is_active) {
            let image = context.metadata.image();
            return Reply::Now(decide::describe_user_scram_credentials(&image, &request));
        }
        let decided = context.controller.propose(move |image, _| {
            Outcome::unchanged(decide::describe_user_scram_credentials(image, &request))
        });
        Reply::Now(match decided.await {
            Ok((response, _)) => response,
            Err(error) => refused(errors::not_decided(&error)),
        })
    }
}

fn refused(error_code: ErrorCode) -> DescribeUserScramCredentialsResponse {
    DescribeUserScramCredentialsResponse {
        error_code,
        error_message: Some(Str::from_static(error_code.message())),
        ..Default::default()
    }
}
