//! AlterUserScramCredentials (51): sets and removes SCRAM credentials (KIP-554).
//!
//! The salted password of the request does not get into the log: the caller says how stored and server key come from it, because this crate
//! does no cryptography. Each user is altered once or not at all. Source: `ScramControlManager`.

use super::refusal::Refusal;
use crate::image::{Image, METADATA_VERSION, METADATA_VERSION_SCRAM};
use crate::outcome::Outcome;
use ottla_protocol::messages::alter_user_scram_credentials::{
    AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse,
    AlterUserScramCredentialsResult, ScramCredentialDeletion, ScramCredentialUpsertion,
};
use ottla_protocol::records::metadata::{
    MetadataRecord, RemoveUserScramCredentialRecord, UserScramCredentialRecord,
};
use ottla_protocol::{Bytes, ErrorCode, Str};
use std::collections::BTreeMap;

/// The fewest iterations of a credential.
const ITERATIONS_MIN: i32 = 4096;
/// The most.
const ITERATIONS_MAX: i32 = 16384;

/// Stored key and server key of a mechanism's salted password; `None` for a mechanism that is not known.
pub type ScramKeys = fn(mechanism: i8, salted_password: &[u8]) -> Option<(Bytes, Bytes)>;

/// Decides a request.
pub fn alter_user_scram_credentials(
    image: &Image,
    request: &AlterUserScramCredentialsRequest,
    keys: ScramKeys,
) -> Outcome<AlterUserScramCredentialsResponse> {
    let mut decided: BTreeMap<Str, Result<MetadataRecord, Refusal>> = BTreeMap::new();
    let deletions = request.deletions.iter();
    let deletions = deletions.map(|one| (&one.name, delete(image, one)));
    let upsertions = request.upsertions.iter();
    let upsertions = upsertions.map(|one| (&one.name, upsert(one, keys)));
    for (user, decision) in deletions.chain(upsertions) {
        let decision = decision.and_then(|record| supported(image).map(|()| record));
        let twice = || {
            Err(Refusal::new(
                ErrorCode::DUPLICATE_RESOURCE,
                "A user credential cannot be altered twice in the same request",
            ))
        };
        decided
            .entry(user.clone())
            .and_modify(|first| {
                // The first thing that is wrong with a user stays.
                if first.is_ok() {
                    *first = twice();
                }
            })
            .or_insert(decision);
    }
    let mut records = Vec::new();
    let mut results = Vec::new();
    for (user, decision) in decided {
        let refusal = decision.map(|record| records.push(record)).err();
        results.push(AlterUserScramCredentialsResult {
            user,
            error_code: refusal.as_ref().map_or(ErrorCode::NONE, |one| one.code),
            error_message: refusal.and_then(|one| one.message),
            ..Default::default()
        });
    }
    let response = AlterUserScramCredentialsResponse {
        results,
        ..Default::default()
    };
    Outcome { records, response }
}

fn supported(image: &Image) -> Result<(), Refusal> {
    match image.features.level(METADATA_VERSION) >= METADATA_VERSION_SCRAM {
        true => Ok(()),
        false => Err(Refusal::new(
            ErrorCode::UNSUPPORTED_VERSION,
            "The current metadata.version does not support SCRAM",
        )),
    }
}

fn delete(image: &Image, deletion: &ScramCredentialDeletion) -> Result<MetadataRecord, Refusal> {
    check_user(&deletion.name)?;
    if !(1..=2).contains(&deletion.mechanism) {
        return Err(unknown_mechanism());
    }
    if image.scram.of(&deletion.name, deletion.mechanism).is_none() {
        return Err(Refusal::new(
            ErrorCode::RESOURCE_NOT_FOUND,
            "Attempt to delete a user credential that does not exist",
        ));
    }
    Ok(MetadataRecord::RemoveUserScramCredential(
        RemoveUserScramCredentialRecord {
            name: deletion.name.clone(),
            mechanism: deletion.mechanism,
            ..Default::default()
        },
    ))
}

fn upsert(
    upsertion: &ScramCredentialUpsertion,
    keys: ScramKeys,
) -> Result<MetadataRecord, Refusal> {
    check_user(&upsertion.name)?;
    let mechanism = upsertion.mechanism;
    let (stored_key, server_key) =
        keys(mechanism, &upsertion.salted_password).ok_or_else(unknown_mechanism)?;
    let unacceptable = |why| Err(Refusal::new(ErrorCode::UNACCEPTABLE_CREDENTIAL, why));
    if upsertion.iterations < ITERATIONS_MIN {
        return unacceptable("Too few iterations");
    }
    if upsertion.iterations > ITERATIONS_MAX {
        return unacceptable("Too many iterations");
    }
    Ok(MetadataRecord::UserScramCredential(
        UserScramCredentialRecord {
            name: upsertion.name.clone(),
            mechanism,
            salt: upsertion.salt.clone(),
            stored_key,
            server_key,
            iterations: upsertion.iterations,
            ..Default::default()
        },
    ))
}

fn check_user(name: &str) -> Result<(), Refusal> {
    match name.is_empty() {
        true => Err(Refusal::new(
            ErrorCode::UNACCEPTABLE_CREDENTIAL,
            "Username must not be empty",
        )),
        false => Ok(()),
    }
}

fn unknown_mechanism() -> Refusal {
    Refusal::new(
        ErrorCode::UNSUPPORTED_SASL_MECHANISM,
        "Unknown SCRAM mechanism",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::Delta;
    use crate::image::feature_record;

    fn keys(mechanism: i8, salted: &[u8]) -> Option<(Bytes, Bytes)> {
        let key = |prefix: &[u8]| Bytes::from([prefix, salted].concat());
        (1..=2)
            .contains(&mechanism)
            .then(|| (key(b"stored-"), key(b"server-")))
    }

    fn image() -> Image {
        let mut image = Image::default();
        let feature = feature_record(METADATA_VERSION, METADATA_VERSION_SCRAM);
        let feature = MetadataRecord::FeatureLevel(feature);
        image.apply(&feature, &mut Delta::default()).unwrap();
        image
    }

    fn set(name: &str, mechanism: i8, iterations: i32) -> ScramCredentialUpsertion {
        ScramCredentialUpsertion {
            name: name.into(),
            mechanism,
            iterations,
            salt: Bytes::from_static(b"salt"),
            salted_password: Bytes::from_static(b"pw"),
            ..Default::default()
        }
    }

    fn remove(name: &str, mechanism: i8) -> ScramCredentialDeletion {
        ScramCredentialDeletion {
            name: name.into(),
            mechanism,
            ..Default::default()
        }
    }

    /// The codes by user, and the image afterwards.
    fn alter(
        image: &Image,
        deletions: Vec<ScramCredentialDeletion>,
        upsertions: Vec<ScramCredentialUpsertion>,
    ) -> (Vec<(String, ErrorCode)>, Image) {
        let request = AlterUserScramCredentialsRequest {
            deletions,
            upsertions,
            ..Default::default()
        };
        let outcome = alter_user_scram_credentials(image, &request, keys);
        let mut image = image.clone();
        for record in &outcome.records {
            image.apply(record, &mut Delta::default()).unwrap();
        }
        let results = outcome.response.results.into_iter();
        let codes = results.map(|one| (one.user.to_string(), one.error_code));
        (codes.collect(), image)
    }

    fn one(name: &str, code: ErrorCode) -> Vec<(String, ErrorCode)> {
        vec![(name.to_owned(), code)]
    }

    #[test]
    fn a_credential_is_set_replaced_and_removed_and_its_password_is_not_kept() {
        let (codes, image) = alter(&image(), vec![], vec![set("alice", 1, 4096)]);
        assert_eq!(codes, one("alice", ErrorCode::NONE));
        let credential = image.scram.of("alice", 1).unwrap();
        assert_eq!(&credential.stored_key[..], b"stored-pw");
        assert_eq!(&credential.server_key[..], b"server-pw");
        assert!(image.scram.of("alice", 2).is_none());
        let (_, image) = alter(&image, vec![], vec![set("alice", 1, 8192)]);
        assert_eq!(image.scram.of("alice", 1).unwrap().iterations, 8192);
        let (codes, image) = alter(&image, vec![remove("alice", 1)], vec![]);
        assert_eq!(codes, one("alice", ErrorCode::NONE));
        assert_eq!(image.scram.iter().count(), 0);
    }

    #[test]
    fn what_is_no_credential_is_refused() {
        for (upsertion, code) in [
            (set("", 1, 4096), ErrorCode::UNACCEPTABLE_CREDENTIAL),
            (set("a", 0, 4096), ErrorCode::UNSUPPORTED_SASL_MECHANISM),
            (set("a", 3, 4096), ErrorCode::UNSUPPORTED_SASL_MECHANISM),
            (set("a", 1, 4095), ErrorCode::UNACCEPTABLE_CREDENTIAL),
            (set("a", 1, 16385), ErrorCode::UNACCEPTABLE_CREDENTIAL),
            (set("a", 2, 16384), ErrorCode::NONE),
        ] {
            let name = upsertion.name.to_string();
            let (codes, _) = alter(&image(), vec![], vec![upsertion]);
            assert_eq!(codes, one(&name, code));
        }
        let (codes, _) = alter(&image(), vec![remove("a", 1)], vec![]);
        assert_eq!(codes, one("a", ErrorCode::RESOURCE_NOT_FOUND));
        let (codes, _) = alter(&image(), vec![remove("a", 9)], vec![]);
        assert_eq!(codes, one("a", ErrorCode::UNSUPPORTED_SASL_MECHANISM));
    }

    #[test]
    fn a_user_who_stands_twice_is_not_altered_and_others_are() {
        let twice = vec![set("a", 1, 4096), set("a", 2, 4096), set("b", 1, 4096)];
        let (codes, image) = alter(&image(), vec![], twice);
        assert_eq!(
            codes,
            [
                ("a".to_owned(), ErrorCode::DUPLICATE_RESOURCE),
                ("b".to_owned(), ErrorCode::NONE)
            ]
        );
        assert_eq!(image.scram.iter().count(), 1);
        let (codes, _) = alter(&image, vec![remove("b", 1)], vec![set("b", 1, 4096)]);
        assert_eq!(codes, one("b", ErrorCode::DUPLICATE_RESOURCE));
    }

    #[test]
    fn an_old_metadata_version_knows_no_scram() {
        let (codes, _) = alter(&Image::default(), vec![], vec![set("a", 1, 4096)]);
        assert_eq!(codes, one("a", ErrorCode::UNSUPPORTED_VERSION));
    }
}
