//! DescribeUserScramCredentials (50): who has SCRAM credentials, without their secrets (KIP-554). Source: `ScramImage.describe`.

use crate::image::Image;
use ottla_protocol::messages::describe_user_scram_credentials::{
    CredentialInfo, DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse,
    DescribeUserScramCredentialsResult,
};
use ottla_protocol::{ErrorCode, Str};
use std::collections::{BTreeMap, BTreeSet};

/// Everybody if no user is named.
pub fn describe_user_scram_credentials(
    image: &Image,
    request: &DescribeUserScramCredentialsRequest,
) -> DescribeUserScramCredentialsResponse {
    let named = request.users.as_deref().unwrap_or_default();
    let mut times: BTreeMap<Str, usize> = BTreeMap::new();
    for user in named {
        *times.entry(user.name.clone()).or_default() += 1;
    }
    if named.is_empty() {
        let users: BTreeSet<&str> = image.scram.iter().map(|((user, _), _)| &**user).collect();
        times.extend(users.into_iter().map(|user| (Str::from(user), 1)));
    }
    let results = times
        .into_iter()
        .map(|(user, times)| describe(image, user, times));
    DescribeUserScramCredentialsResponse {
        results: results.collect(),
        ..Default::default()
    }
}

fn describe(image: &Image, user: Str, times: usize) -> DescribeUserScramCredentialsResult {
    let refused = |user: Str, error_code, message: String| DescribeUserScramCredentialsResult {
        user,
        error_code,
        error_message: Some(Str::from(message)),
        ..Default::default()
    };
    if times > 1 {
        let why = format!(
            "Cannot describe SCRAM credentials for the same user twice in a single request: {user}"
        );
        return refused(user, ErrorCode::DUPLICATE_RESOURCE, why);
    }
    let credentials = image.scram.of_user(&user);
    let credential_infos: Vec<_> = credentials
        .map(|(mechanism, credential)| CredentialInfo {
            mechanism,
            iterations: credential.iterations,
            ..Default::default()
        })
        .collect();
    if credential_infos.is_empty() {
        let why = format!("Attempt to describe a user credential that does not exist: {user}");
        return refused(user, ErrorCode::RESOURCE_NOT_FOUND, why);
    }
    DescribeUserScramCredentialsResult {
        user,
        credential_infos,
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::Delta;
    use ottla_protocol::messages::describe_user_scram_credentials::UserName;
    use ottla_protocol::records::metadata::{MetadataRecord, UserScramCredentialRecord};

    fn described(users: Option<&[&str]>) -> Vec<(String, ErrorCode, Vec<i8>)> {
        let mut image = Image::default();
        for (name, mechanism) in [("b", 2), ("a", 1), ("a", 2)] {
            let record = MetadataRecord::UserScramCredential(UserScramCredentialRecord {
                name: name.into(),
                mechanism,
                iterations: 4096,
                ..Default::default()
            });
            image.apply(&record, &mut Delta::default()).unwrap();
        }
        let named = |users: &[&str]| {
            let users = users.iter().map(|name| UserName {
                name: (*name).into(),
                ..Default::default()
            });
            users.collect()
        };
        let request = DescribeUserScramCredentialsRequest {
            users: users.map(named),
            ..Default::default()
        };
        let results = describe_user_scram_credentials(&image, &request).results;
        let shown = results.into_iter().map(|one| {
            let mechanisms = one.credential_infos.iter().map(|one| one.mechanism);
            (one.user.to_string(), one.error_code, mechanisms.collect())
        });
        shown.collect()
    }

    #[test]
    fn everybody_is_described_if_nobody_is_named() {
        let all = [
            ("a".to_owned(), ErrorCode::NONE, vec![1, 2]),
            ("b".to_owned(), ErrorCode::NONE, vec![2]),
        ];
        assert_eq!(described(None), all);
        assert_eq!(described(Some(&[])), all);
        assert_eq!(described(Some(&["b"])), all[1..]);
    }

    #[test]
    fn a_user_without_credentials_and_one_named_twice_are_errors_of_their_own() {
        assert_eq!(
            described(Some(&["b", "c", "a", "a"])),
            [
                ("a".to_owned(), ErrorCode::DUPLICATE_RESOURCE, vec![]),
                ("b".to_owned(), ErrorCode::NONE, vec![2]),
                ("c".to_owned(), ErrorCode::RESOURCE_NOT_FOUND, vec![]),
            ]
        );
    }
}
