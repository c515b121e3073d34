//! AlterUserScramCredentials (key 51), version 0 (KIP-554): sets and removes SCRAM credentials.
//!
//! Decided by the controller, which keeps what a server needs to check a password, and not the salted password that the request carries.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType, Route};
use crate::auth::sasl::scram::Hash;
use ottla_controller::decide;
use ottla_protocol::messages::alter_user_scram_credentials::{
    AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse,
    AlterUserScramCredentialsResult,
};
use ottla_protocol::{Bytes, ErrorCode, Str};
use std::collections::BTreeSet;
use std::sync::Arc;

pub struct AlterUserScramCredentials;

impl Api for AlterUserScramCredentials {
    type Request = AlterUserScramCredentialsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const NEEDS: Needs = &[(Operation::Alter, ResourceType::Cluster)];
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: AlterUserScramCredentialsRequest,
    ) -> Reply<AlterUserScramCredentialsResponse> {
        let may = context
            .caller(&meta)
            .may(Operation::Alter, Resource::Cluster);
        if let Err(error) = may {
            return Reply::Now(refused(&request, error));
        }
        let request = Arc::new(request);
        let asked = request.clone();
        let decided = context
            .decide(move |image, _| decide::alter_user_scram_credentials(image, &asked, keys))
            .await;
        Reply::Now(decided.unwrap_or_else(|error| refused(&request, error)))
    }
}

fn keys(mechanism: i8, salted_password: &[u8]) -> Option<(Bytes, Bytes)> {
    Hash::from_wire(mechanism).map(|hash| hash.keys(salted_password))
}

/// Every user once.
fn refused(
    request: &AlterUserScramCredentialsRequest,
    error_code: ErrorCode,
) -> AlterUserScramCredentialsResponse {
    let deleted = request.deletions.iter().map(|one| &one.name);
    let set = request.upsertions.iter().map(|one| &one.name);
    let users: BTreeSet<&Str> = deleted.chain(set).collect();
    let results = users
        .into_iter()
        .map(|user| AlterUserScramCredentialsResult {
            user: user.clone(),
            error_code,
            error_message: Some(Str::from_static(error_code.message())),
            ..Default::default()
        });
    AlterUserScramCredentialsResponse {
        results: results.collect(),
        ..Default::default()
    }
}
