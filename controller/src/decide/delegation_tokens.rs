//! CreateDelegationToken (38), RenewDelegationToken (39), ExpireDelegationToken (40), and the sweep that removes what has expired (KIP-48).
//!
//! Whether the peer may ask at all is the caller's business. A token's HMAC is a function of its id that the caller brings, because this
//! crate does no cryptography; it is never in the log. Source: `DelegationTokenControlManager`.

use crate::image::{DelegationToken, Image, METADATA_VERSION, METADATA_VERSION_TOKENS};
use crate::outcome::Outcome;
use ottla_protocol::messages::create_delegation_token::{
    CreateDelegationTokenRequest, CreateDelegationTokenResponse,
};
use ottla_protocol::messages::expire_delegation_token::{
    ExpireDelegationTokenRequest, ExpireDelegationTokenResponse,
};
use ottla_protocol::messages::renew_delegation_token::{
    RenewDelegationTokenRequest, RenewDelegationTokenResponse,
};
use ottla_protocol::records::metadata::{MetadataRecord, RemoveDelegationTokenRecord};
use ottla_protocol::{Bytes, ErrorCode, Str, Uuid};
use std::sync::Arc;

/// The only kind of principal that may renew.
const USER: &str = "User";
/// Tokens that one sweep removes; there is more to do when it removes as many.
const SWEPT_MAX: usize = 1000;

/// How a node makes tokens.
pub struct TokenMint<'a> {
    /// `delegation.token.max.lifetime.ms`.
    pub lifetime_max_ms: i64,
    /// `delegation.token.expiry.time.ms`.
    pub renewal_ms: i64,
    /// Of a token's id.
    pub hmac: &'a dyn Fn(&str) -> Bytes,
    /// Milliseconds since 1970.
    pub now_ms: i64,
    /// Who asks, as in `User:alice`.
    pub requester: (&'a str, &'a str),
}

impl TokenMint<'_> {
    fn requester(&self) -> String {
        format!("{}:{}", self.requester.0, self.requester.1)
    }

    /// The token of this HMAC.
    fn find<'i>(&self, image: &'i Image, hmac: &[u8]) -> Option<(&'i str, &'i DelegationToken)> {
        let mut tokens = image.tokens.iter();
        let found = tokens.find(|(id, _)| (self.hmac)(id) == hmac);
        found.map(|(id, token)| (&**id, &**token))
    }

    /// The token that the requester may renew and expire.
    fn own<'i>(
        &self,
        image: &'i Image,
        hmac: &[u8],
    ) -> Result<(&'i str, &'i DelegationToken), ErrorCode> {
        supported(image)?;
        let (id, token) = self
            .find(image, hmac)
            .ok_or(ErrorCode::DELEGATION_TOKEN_NOT_FOUND)?;
        let requester = self.requester();
        let is_own =
            *token.owner == *requester || token.renewers.iter().any(|one| **one == *requester);
        match is_own {
            true => Ok((id, token)),
            false => Err(ErrorCode::DELEGATION_TOKEN_OWNER_MISMATCH),
        }
    }
}

fn supported(image: &Image) -> Result<(), ErrorCode> {
    match image.features.level(METADATA_VERSION) >= METADATA_VERSION_TOKENS {
        true => Ok(()),
        false => Err(ErrorCode::UNSUPPORTED_VERSION),
    }
}

/// Decides a request; `id` was never drawn before.
pub fn create_delegation_token(
    image: &Image,
    request: &CreateDelegationTokenRequest,
    mint: &TokenMint<'_>,
    id: Uuid,
) -> Outcome<CreateDelegationTokenResponse> {
    let (kind, name) = mint.requester;
    let owner_name = request.owner_principal_name.as_deref().unwrap_or_default();
    let (owner_kind, owner_name) = match owner_name {
        "" => (kind, name),
        named => (
            request.owner_principal_type.as_deref().unwrap_or(USER),
            named,
        ),
    };
    let response = CreateDelegationTokenResponse {
        principal_type: owner_kind.into(),
        principal_name: owner_name.into(),
        token_requester_principal_type: kind.into(),
        token_requester_principal_name: name.into(),
        ..Default::default()
    };
    let is_user = request
        .renewers
        .iter()
        .all(|one| &*one.principal_type == USER);
    let refusal = match (supported(image), is_user) {
        (Err(error_code), _) => Some(error_code),
        (Ok(()), false) => Some(ErrorCode::INVALID_PRINCIPAL_TYPE),
        (Ok(()), true) => None,
    };
    if let Some(error_code) = refusal {
        return Outcome::unchanged(CreateDelegationTokenResponse {
            error_code,
            ..response
        });
    }
    let lifetime_ms = match request.max_lifetime_ms {
        asked @ 1.. => asked.min(mint.lifetime_max_ms),
        _ => mint.lifetime_max_ms,
    };
    let max_ms = mint.now_ms.saturating_add(lifetime_ms);
    let renewers = request.renewers.iter();
    let renewers = renewers.map(|one| format!("{}:{}", one.principal_type, one.principal_name));
    let token = DelegationToken {
        owner: format!("{owner_kind}:{owner_name}").into(),
        requester: mint.requester().into(),
        renewers: renewers.map(Arc::from).collect(),
        issued_ms: mint.now_ms,
        max_ms,
        expires_ms: max_ms.min(mint.now_ms.saturating_add(mint.renewal_ms)),
    };
    let id = id.to_string();
    let response = CreateDelegationTokenResponse {
        issue_timestamp_ms: token.issued_ms,
        expiry_timestamp_ms: token.expires_ms,
        max_timestamp_ms: token.max_ms,
        hmac: (mint.hmac)(&id),
        token_id: Str::from(id.as_str()),
        ..response
    };
    Outcome {
        records: vec![MetadataRecord::DelegationToken(token.to_record(&id))],
        response,
    }
}

/// Decides a request.
pub fn renew_delegation_token(
    image: &Image,
    request: &RenewDelegationTokenRequest,
    mint: &TokenMint<'_>,
) -> Outcome<RenewDelegationTokenResponse> {
    let answered = |error_code, expiry_timestamp_ms| RenewDelegationTokenResponse {
        error_code,
        expiry_timestamp_ms,
        ..Default::default()
    };
    let (id, token) = match mint.own(image, &request.hmac) {
        Ok(found) => found,
        Err(error) => return Outcome::unchanged(answered(error, 0)),
    };
    if token.is_expired(mint.now_ms) {
        return Outcome::unchanged(answered(ErrorCode::DELEGATION_TOKEN_EXPIRED, 0));
    }
    let period_ms = match request.renew_period_ms {
        asked @ 1.. => asked.min(mint.renewal_ms),
        _ => mint.renewal_ms,
    };
    let expires_ms = token.max_ms.min(mint.now_ms.saturating_add(period_ms));
    expiring(id, token, expires_ms).map(|()| answered(ErrorCode::NONE, expires_ms))
}

/// Decides a request; a negative period removes the token.
pub fn expire_delegation_token(
    image: &Image,
    request: &ExpireDelegationTokenRequest,
    mint: &TokenMint<'_>,
) -> Outcome<ExpireDelegationTokenResponse> {
    let answered = |error_code, expiry_timestamp_ms| ExpireDelegationTokenResponse {
        error_code,
        expiry_timestamp_ms,
        ..Default::default()
    };
    let (id, token) = match mint.own(image, &request.hmac) {
        Ok(found) => found,
        Err(error) => return Outcome::unchanged(answered(error, 0)),
    };
    if request.expiry_time_period_ms < 0 {
        return Outcome {
            records: vec![removal(id)],
            response: answered(ErrorCode::NONE, mint.now_ms),
        };
    }
    if token.is_expired(mint.now_ms) {
        return Outcome::unchanged(answered(ErrorCode::DELEGATION_TOKEN_EXPIRED, 0));
    }
    let asked_ms = mint.now_ms.saturating_add(request.expiry_time_period_ms);
    let expires_ms = token.max_ms.min(asked_ms);
    expiring(id, token, expires_ms).map(|()| answered(ErrorCode::NONE, expires_ms))
}

/// Removes tokens that have expired; the answer is whether there may be more.
pub fn sweep_delegation_tokens(image: &Image, now_ms: i64) -> Outcome<bool> {
    let expired = image
        .tokens
        .iter()
        .filter(|(_, token)| token.is_expired(now_ms));
    let records: Vec<_> = expired.take(SWEPT_MAX).map(|(id, _)| removal(id)).collect();
    Outcome {
        response: records.len() == SWEPT_MAX,
        records,
    }
}

fn expiring(id: &str, token: &DelegationToken, expires_ms: i64) -> Outcome<()> {
    let token = DelegationToken {
        expires_ms,
        ..token.clone()
    };
    Outcome {
        records: vec![MetadataRecord::DelegationToken(token.to_record(id))],
        response: (),
    }
}

fn removal(id: &str) -> MetadataRecord {
    MetadataRecord::RemoveDelegationToken(RemoveDelegationTokenRecord {
        token_id: id.into(),
        ..Default::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::Delta;
    use crate::image::feature_record;
    use ottla_protocol::messages::create_delegation_token::CreatableRenewers;

    const DAY_MS: i64 = 86_400_000;

    fn hmac(id: &str) -> Bytes {
        Bytes::from(format!("hmac of {id}"))
    }

    fn mint(requester: &'static str, now_ms: i64) -> TokenMint<'static> {
        TokenMint {
            lifetime_max_ms: 7 * DAY_MS,
            renewal_ms: DAY_MS,
            hmac: &hmac,
            now_ms,
            requester: (USER, requester),
        }
    }

    fn apply(image: &mut Image, records: &[MetadataRecord]) {
        for record in records {
            image.apply(record, &mut Delta::default()).unwrap();
        }
    }

    /// A token of alice's, that bob may renew, made at 0.
    fn image() -> (Image, Bytes) {
        let mut image = Image::default();
        let feature = feature_record(METADATA_VERSION, METADATA_VERSION_TOKENS);
        apply(&mut image, &[MetadataRecord::FeatureLevel(feature)]);
        let outcome = create_delegation_token(&image, &request("User"), &mint("alice", 0), ID);
        let hmac = outcome.response.hmac.clone();
        assert_eq!(outcome.response.error_code, ErrorCode::NONE);
        apply(&mut image, &outcome.records);
        (image, hmac)
    }

    const ID: Uuid = Uuid([7; 16]);

    fn request(kind_of_renewer: &str) -> CreateDelegationTokenRequest {
        CreateDelegationTokenRequest {
            renewers: vec![CreatableRenewers {
                principal_type: kind_of_renewer.into(),
                principal_name: "bob".into(),
                ..Default::default()
            }],
            max_lifetime_ms: -1,
            ..Default::default()
        }
    }

    fn renew(
        image: &Image,
        hmac: &Bytes,
        who: &'static str,
        now_ms: i64,
        period_ms: i64,
    ) -> Outcome<(ErrorCode, i64)> {
        let request = RenewDelegationTokenRequest {
            hmac: hmac.clone(),
            renew_period_ms: period_ms,
            ..Default::default()
        };
        renew_delegation_token(image, &request, &mint(who, now_ms))
            .map(|answer| (answer.error_code, answer.expiry_timestamp_ms))
    }

    fn expire(
        image: &Image,
        hmac: &Bytes,
        who: &'static str,
        now_ms: i64,
        period_ms: i64,
    ) -> Outcome<(ErrorCode, i64)> {
        let request = ExpireDelegationTokenRequest {
            hmac: hmac.clone(),
            expiry_time_period_ms: period_ms,
            ..Default::default()
        };
        expire_delegation_token(image, &request, &mint(who, now_ms))
            .map(|answer| (answer.error_code, answer.expiry_timestamp_ms))
    }

    #[test]
    fn a_token_expires_after_a_day_and_is_never_older_than_its_lifetime() {
        let (image, _) = image();
        let token = image.tokens.of(&ID.to_string()).unwrap();
        assert_eq!(
            (&*token.owner, &*token.requester),
            ("User:alice", "User:alice")
        );
        assert_eq!((token.expires_ms, token.max_ms), (DAY_MS, 7 * DAY_MS));
        assert!(!token.is_expired(DAY_MS) && token.is_expired(DAY_MS + 1));
        let short = CreateDelegationTokenRequest {
            max_lifetime_ms: 1000,
            ..request("User")
        };
        let made = create_delegation_token(&image, &short, &mint("alice", 5), ID).response;
        assert_eq!(
            (made.expiry_timestamp_ms, made.max_timestamp_ms),
            (1005, 1005)
        );
    }

    #[test]
    fn a_token_may_be_made_for_somebody_else_and_names_who_asked() {
        let (image, _) = image();
        let for_carol = CreateDelegationTokenRequest {
            owner_principal_type: Some("User".into()),
            owner_principal_name: Some("carol".into()),
            ..request("User")
        };
        let made = create_delegation_token(&image, &for_carol, &mint("alice", 0), ID).response;
        assert_eq!(
            (&*made.principal_name, &*made.token_requester_principal_name),
            ("carol", "alice")
        );
    }

    #[test]
    fn only_users_may_renew() {
        let (image, _) = image();
        let outcome = create_delegation_token(&image, &request("Group"), &mint("alice", 0), ID);
        assert_eq!(
            outcome.response.error_code,
            ErrorCode::INVALID_PRINCIPAL_TYPE
        );
        assert_eq!(outcome.records, []);
    }

    #[test]
    fn owner_and_renewers_renew_up_to_the_end_of_its_life() {
        let (mut image, hmac) = image();
        let renewed = renew(&image, &hmac, "bob", 1000, -1);
        assert_eq!(renewed.response, (ErrorCode::NONE, DAY_MS + 1000));
        apply(&mut image, &renewed.records);
        assert_eq!(renew(&image, &hmac, "alice", 2000, 500).response.1, 2500);
        let late = renew(&image, &hmac, "alice", DAY_MS + 1001, -1);
        assert_eq!(late.response.0, ErrorCode::DELEGATION_TOKEN_EXPIRED);
        let stranger = renew(&image, &hmac, "mallory", 2000, -1);
        assert_eq!(
            stranger.response.0,
            ErrorCode::DELEGATION_TOKEN_OWNER_MISMATCH
        );
        let unknown = renew(&image, &Bytes::from_static(b"x"), "alice", 2000, -1);
        assert_eq!(unknown.response.0, ErrorCode::DELEGATION_TOKEN_NOT_FOUND);
        for refused in [late, stranger, unknown] {
            assert_eq!(refused.records, []);
        }
    }

    #[test]
    fn a_token_is_expired_at_once_or_later_by_those_who_may() {
        let (mut image, hmac) = image();
        let later = expire(&image, &hmac, "alice", 1000, 500);
        assert_eq!(later.response, (ErrorCode::NONE, 1500));
        let stranger = expire(&image, &hmac, "mallory", 1000, -1);
        assert_eq!(
            stranger.response.0,
            ErrorCode::DELEGATION_TOKEN_OWNER_MISMATCH
        );
        let too_late = expire(&image, &hmac, "alice", 2 * DAY_MS, 5);
        assert_eq!(too_late.response.0, ErrorCode::DELEGATION_TOKEN_EXPIRED);
        let at_once = expire(&image, &hmac, "bob", 1000, -1);
        assert_eq!(at_once.response, (ErrorCode::NONE, 1000));
        apply(&mut image, &at_once.records);
        assert_eq!(image.tokens.iter().count(), 0);
    }

    #[test]
    fn what_has_expired_is_swept_and_nothing_else() {
        let (mut image, _) = image();
        assert_eq!(sweep_delegation_tokens(&image, DAY_MS).records, []);
        let swept = sweep_delegation_tokens(&image, DAY_MS + 1);
        assert!(!swept.response);
        apply(&mut image, &swept.records);
        assert_eq!(image.tokens.iter().count(), 0);
    }

    #[test]
    fn an_old_metadata_version_knows_no_tokens() {
        let none = create_delegation_token(&Image::default(), &request("User"), &mint("a", 0), ID);
        assert_eq!(none.response.error_code, ErrorCode::UNSUPPORTED_VERSION);
        let hmac = Bytes::new();
        assert_eq!(
            renew(&Image::default(), &hmac, "a", 0, 0).response.0,
            ErrorCode::UNSUPPORTED_VERSION
        );
    }
}
