//! CreateDelegationToken (key 38, versions 1-3), RenewDelegationToken (39, 1-2), ExpireDelegationToken (40, 1-2) and DescribeDelegationToken
//! (41, 1-3): KIP-48, KIP-373.
//!
//! v2 flexible; v3 a token for somebody else. What they decide is in `ottla_controller::decide`. The broker that a client asks judges whether
//! the connection may ask at all (`KafkaApis.allowTokenRequests`): not in plain text without a name, and not by a token.

use super::{
    Api, Context, Meta, Needs, Operation, Principal, Reply, Resource, ResourceType, Route, forward,
};
use crate::auth::delegation::Mint;
use crate::auth::logins::Logins;
use crate::config::SecurityProtocol;
use ottla_controller::decide::{self, TokenMint};
use ottla_controller::image::{DelegationToken, Image};
use ottla_controller::{Outcome, Turn};
use ottla_protocol::messages::create_delegation_token::{
    CreateDelegationTokenRequest, CreateDelegationTokenResponse,
};
use ottla_protocol::messages::describe_delegation_token::{
    DescribeDelegationTokenRequest, DescribeDelegationTokenResponse, DescribedDelegationToken,
    DescribedDelegationTokenRenewer,
};
use ottla_protocol::messages::expire_delegation_token::{
    ExpireDelegationTokenRequest, ExpireDelegationTokenResponse,
};
use ottla_protocol::messages::renew_delegation_token::{
    RenewDelegationTokenRequest, RenewDelegationTokenResponse,
};
use ottla_protocol::{ErrorCode, Request, Str};
use std::ops::RangeInclusive;
use std::sync::Arc;

pub struct CreateDelegationToken;
pub struct RenewDelegationToken;
pub struct ExpireDelegationToken;
pub struct DescribeDelegationToken;

/// A request about tokens that the controller decides.
trait Minting: Request + 'static {
    fn decide(
        &self,
        image: &Image,
        mint: &TokenMint<'_>,
        turn: &mut Turn<'_>,
    ) -> Outcome<Self::Response>;

    fn refused(error_code: ErrorCode) -> Self::Response;

    /// For whom a token is asked, if it is somebody else.
    fn for_another(&self, _asks: &Principal) -> Option<String> {
        None
    }
}

macro_rules! api {
    ($api:ident, $request:ident, $response:ident, $versions:expr, [$($needed:ident),*], |$asked:ident, $image:ident, $mint:ident, $turn:ident| $decide:expr
    $(, |$of:ident, $asks:ident| $another:expr)?) => {
        impl Minting for $request {
            fn decide(
                &self,
                $image: &Image,
                $mint: &TokenMint<'_>,
                $turn: &mut Turn<'_>,
            ) -> Outcome<$response> {
                let $asked = self;
                $decide
            }

            fn refused(error_code: ErrorCode) -> $response {
                $response {
                    error_code,
                    ..Default::default()
                }
            }

            $(fn for_another(&self, $asks: &Principal) -> Option<String> {
                let $of = self;
                $another
            })?
        }

        impl Api for $api {
            type Request = $request;
            const VERSIONS: RangeInclusive<i16> = $versions;
            const NEEDS: Needs = &[$((Operation::$needed, ResourceType::User),)*];
            const ROUTE: Route = Route::Both;

            async fn handle(
                context: Arc<Context>,
                meta: Meta,
                request: $request,
            ) -> Reply<$response> {
                Reply::Now(answer(&context, &meta, request).await)
            }
        }
    };
}

api!(
    CreateDelegationToken,
    CreateDelegationTokenRequest,
    CreateDelegationTokenResponse,
    1..=3,
    [CreateTokens],
    |asked, image, mint, turn| decide::create_delegation_token(
        image,
        asked,
        mint,
        turn.dice.uuid()
    ),
    |asked, asks| another(asked, asks)
);
api!(
    RenewDelegationToken,
    RenewDelegationTokenRequest,
    RenewDelegationTokenResponse,
    1..=2,
    [],
    |asked, image, mint, _turn| decide::renew_delegation_token(image, asked, mint)
);
api!(
    ExpireDelegationToken,
    ExpireDelegationTokenRequest,
    ExpireDelegationTokenResponse,
    1..=2,
    [],
    |asked, image, mint, _turn| decide::expire_delegation_token(image, asked, mint)
);

async fn answer<R: Minting>(context: &Arc<Context>, meta: &Meta, request: R) -> R::Response {
    if let Err(error) = may_ask(&context.logins, meta) {
        return R::refused(error);
    }
    if let Some(owner) = request.for_another(&meta.principal) {
        let caller = context.caller(meta);
        if caller
            .may(Operation::CreateTokens, Resource::User(&owner))
            .is_err()
        {
            return R::refused(ErrorCode::DELEGATION_TOKEN_AUTHORIZATION_FAILED);
        }
    }
    let patience = forward::Patience::of(context);
    loop {
        if !meta.is_forwarded
            && forward::is_elsewhere(context)
            && let Some(response) = forward::ask_for(context, meta, &request, &patience).await
        {
            return response;
        }
        let decided = decide_here(context, meta, request.clone()).await;
        let is_not_controller = matches!(&decided, Err(ErrorCode::NOT_CONTROLLER));
        if meta.is_forwarded || !is_not_controller || !patience.another().await {
            return decided.unwrap_or_else(R::refused);
        }
    }
}

async fn decide_here<R: Minting>(
    context: &Arc<Context>,
    meta: &Meta,
    request: R,
) -> Result<R::Response, ErrorCode> {
    let logins = context.logins.clone();
    let (principal, now_ms) = (meta.principal.clone(), context.clock.wall_ms());
    context
        .decide(move |image, turn| match logins.mint() {
            Some(own) => {
                let hmac = |id: &str| own.hmac(id);
                let mint = TokenMint {
                    lifetime_max_ms: own.lifetime_max_ms,
                    renewal_ms: own.renewal_ms,
                    hmac: &hmac,
                    now_ms,
                    requester: (&principal.kind, &principal.name),
                };
                request.decide(image, &mint, turn)
            }
            None => Outcome::unchanged(R::refused(ErrorCode::DELEGATION_TOKEN_AUTH_DISABLED)),
        })
        .await
}

/// The owner that a token is asked for, as in `User:alice`, unless it is who asks.
fn another(request: &CreateDelegationTokenRequest, asks: &Principal) -> Option<String> {
    let name = request.owner_principal_name.as_deref();
    let name = name.filter(|name| !name.is_empty())?;
    let kind = request.owner_principal_type.as_deref().unwrap_or("User");
    let owner = format!("{kind}:{name}");
    (owner != asks.to_string()).then_some(owner)
}

fn may_ask<'a>(logins: &'a Logins, meta: &Meta) -> Result<&'a Mint, ErrorCode> {
    let is_anonymous = &*meta.principal.name == "ANONYMOUS";
    let is_known = match meta.peer.listener.protocol {
        _ if meta.is_forwarded => true,
        SecurityProtocol::Plaintext => false,
        SecurityProtocol::Ssl => !is_anonymous,
        SecurityProtocol::SaslPlaintext | SecurityProtocol::SaslSsl => true,
    };
    if !is_known || meta.is_by_token {
        return Err(ErrorCode::DELEGATION_TOKEN_REQUEST_NOT_ALLOWED);
    }
    logins
        .mint()
        .ok_or(ErrorCode::DELEGATION_TOKEN_AUTH_DISABLED)
}

impl Api for DescribeDelegationToken {
    type Request = DescribeDelegationTokenRequest;
    const VERSIONS: RangeInclusive<i16> = 1..=3;
    const NEEDS: Needs = &[
        (Operation::Describe, ResourceType::DelegationToken),
        (Operation::DescribeTokens, ResourceType::User),
    ];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: DescribeDelegationTokenRequest,
    ) -> Reply<DescribeDelegationTokenResponse> {
        let mint = match may_ask(&context.logins, &meta) {
            Ok(mint) => mint,
            Err(error_code) => {
                return Reply::Now(DescribeDelegationTokenResponse {
                    error_code,
                    ..Default::default()
                });
            }
        };
        let wanted = request.owners.map(|owners| {
            let names = owners.iter();
            let names = names.map(|one| format!("{}:{}", one.principal_type, one.principal_name));
            names.collect::<Vec<_>>()
        });
        let image = context.metadata.image();
        let tokens = image.tokens.iter().filter(|(_, token)| {
            let is_owned = |owners: &Vec<String>| owners.iter().any(|one| **one == *token.owner);
            wanted.as_ref().is_none_or(is_owned)
        });
        let (caller, me) = (context.caller(&meta), meta.principal.to_string());
        // One's own, those one may renew, and those that an entry allows to describe (KIP-48, KIP-373).
        let tokens = tokens.filter(|(id, token)| {
            *token.owner == *me
                || token.renewers.iter().any(|one| **one == *me)
                || caller.could(Operation::Describe, Resource::DelegationToken(id))
                || caller.could(Operation::DescribeTokens, Resource::User(&token.owner))
        });
        Reply::Now(DescribeDelegationTokenResponse {
            tokens: tokens
                .map(|(id, token)| described(id, token, mint))
                .collect(),
            ..Default::default()
        })
    }
}

fn described(id: &str, token: &DelegationToken, mint: &Mint) -> DescribedDelegationToken {
    let parts = |principal: &str| {
        let (kind, name) = principal.split_once(':').unwrap_or(("User", principal));
        (Str::from(kind), Str::from(name))
    };
    let (principal_type, principal_name) = parts(&token.owner);
    let (token_requester_principal_type, token_requester_principal_name) = parts(&token.requester);
    let renewers = token.renewers.iter().map(|one| {
        let (principal_type, principal_name) = parts(one);
        DescribedDelegationTokenRenewer {
            principal_type,
            principal_name,
            ..Default::default()
        }
    });
    DescribedDelegationToken {
        principal_type,
        principal_name,
        token_requester_principal_type,
        token_requester_principal_name,
        issue_timestamp: token.issued_ms,
        expiry_timestamp: token.expires_ms,
        max_timestamp: token.max_ms,
        token_id: id.into(),
        hmac: mint.hmac(id),
        renewers: renewers.collect(),
        ..Default::default()
    }
}
