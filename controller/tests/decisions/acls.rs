//! CreateAcls and DeleteAcls.

use ottla_controller::acl::{Acl, AclFilter, PatternFilter, PatternType};
use ottla_controller::delta::Delta;
use ottla_controller::{Dice, Image, Outcome, decide};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::create_acls::{AclCreation, CreateAclsRequest};
use ottla_protocol::messages::delete_acls::{DeleteAclsFilter, DeleteAclsRequest};

const READ: i8 = 3;
const WRITE: i8 = 4;

/// Allows `User:alice` to read the topic "t" from anywhere.
fn creation() -> AclCreation {
    AclCreation {
        resource_type: 2,
        resource_name: "t".into(),
        resource_pattern_type: 3,
        principal: "User:alice".into(),
        host: "*".into(),
        operation: READ,
        permission_type: 3,
        ..Default::default()
    }
}

fn with(change: impl FnOnce(&mut AclCreation)) -> AclCreation {
    let mut creation = creation();
    change(&mut creation);
    creation
}

/// Means every entry.
fn filter() -> DeleteAclsFilter {
    DeleteAclsFilter {
        resource_type_filter: 1,
        resource_name_filter: None,
        pattern_type_filter: 1,
        principal_filter: None,
        host_filter: None,
        operation: 1,
        permission_type: 1,
        ..Default::default()
    }
}

struct Lists {
    image: Image,
    dice: Dice,
}

impl Lists {
    fn new() -> Self {
        Self {
            image: Image::default(),
            dice: Dice::new(1),
        }
    }

    fn take<R>(&mut self, outcome: Outcome<R>) -> (usize, R) {
        for record in &outcome.records {
            self.image.apply(record, &mut Delta::default()).unwrap();
        }
        (outcome.records.len(), outcome.response)
    }

    /// How many records it wrote, and the answers.
    fn create(&mut self, creations: &[AclCreation]) -> (usize, Vec<ErrorCode>) {
        let request = CreateAclsRequest {
            creations: creations.to_vec(),
            ..Default::default()
        };
        let outcome = decide::create_acls(&self.image, &request, &mut self.dice);
        let (records, response) = self.take(outcome);
        let codes = response.results.iter().map(|result| result.error_code);
        (records, codes.collect())
    }

    /// How many records it wrote, and how many entries each answer names.
    fn delete(&mut self, filters: &[DeleteAclsFilter]) -> (usize, Vec<Result<usize, ErrorCode>>) {
        let request = DeleteAclsRequest {
            filters: filters.to_vec(),
            ..Default::default()
        };
        let outcome = decide::delete_acls(&self.image, &request);
        let (records, response) = self.take(outcome);
        let results = response.filter_results.iter();
        let results = results.map(|result| match result.error_code {
            ErrorCode::NONE => Ok(result.matching_acls.len()),
            error => Err(error),
        });
        (records, results.collect())
    }

    fn names(&self) -> Vec<&str> {
        self.image
            .acls
            .iter()
            .map(|(acl, _)| &*acl.resource_name)
            .collect()
    }
}

#[test]
fn an_entry_is_added_once_however_often_it_is_asked_for() {
    let mut lists = Lists::new();
    let ok = ErrorCode::NONE;
    assert_eq!(lists.create(&[creation(), creation()]), (1, vec![ok, ok]));
    assert_eq!(lists.create(&[creation()]), (0, vec![ok]));
    let other = with(|creation| creation.operation = WRITE);
    assert_eq!(lists.create(&[other]), (1, vec![ok]));
    assert_eq!(lists.image.acls.len(), 2);
    assert_eq!(lists.image.acls.of("User:alice").count(), 2);
    assert_eq!(lists.image.acls.of("User:al").count(), 0);
}

#[test]
fn an_entry_that_makes_no_sense_is_refused_and_the_others_are_added() {
    let mut lists = Lists::new();
    let senseless = [
        with(|one| one.resource_type = 1),
        with(|one| one.resource_type = 0),
        with(|one| one.resource_type = 8),
        with(|one| one.resource_pattern_type = 1),
        with(|one| one.resource_pattern_type = 2),
        with(|one| one.operation = 0),
        with(|one| one.operation = 1),
        with(|one| one.permission_type = 1),
        with(|one| one.resource_name = "".into()),
        with(|one| one.principal = "alice".into()),
        with(|one| one.host = "10.0.0.0/40".into()),
        with(|one| one.resource_type = 4),
    ];
    for one in senseless {
        let (records, codes) = lists.create(&[one.clone(), creation()]);
        assert_eq!(
            codes,
            [ErrorCode::INVALID_REQUEST, ErrorCode::NONE],
            "{one:?}"
        );
        assert!(records <= 1);
    }
    assert_eq!(lists.image.acls.len(), 1);
    let cluster = with(|one| {
        one.resource_type = 4;
        one.resource_name = "kafka-cluster".into();
        one.host = "10.0.0.0/8".into();
    });
    assert_eq!(lists.create(&[cluster]), (1, vec![ErrorCode::NONE]));
}

#[test]
fn a_request_for_too_many_entries_adds_none() {
    let named = |number: usize| with(|one| one.resource_name = format!("t{number}").into());
    let creations: Vec<_> = (0..=10_000).map(named).collect();
    let mut lists = Lists::new();
    let (records, codes) = lists.create(&creations);
    assert_eq!((records, codes[0]), (0, ErrorCode::POLICY_VIOLATION));
    assert_eq!(lists.create(&creations[1..]).0, 10_000);
    let (records, results) = lists.delete(&[filter()]);
    assert_eq!((records, &results[..]), (10_000, &[Ok(10_000)][..]));
}

#[test]
fn entries_are_removed_by_what_filters_mean() {
    let mut lists = Lists::new();
    let named = |name: &str, pattern: i8| {
        with(|one| {
            one.resource_name = name.into();
            one.resource_pattern_type = pattern;
        })
    };
    lists.create(&[
        named("orders", 3),
        named("ord", 4),
        named("*", 3),
        named("x", 3),
    ]);
    let means_orders = DeleteAclsFilter {
        resource_name_filter: Some("orders".into()),
        pattern_type_filter: 2,
        ..filter()
    };
    let unknown = DeleteAclsFilter {
        operation: 0,
        ..filter()
    };
    let nobodys = DeleteAclsFilter {
        principal_filter: Some("User:bob".into()),
        ..filter()
    };
    let (records, results) = lists.delete(&[means_orders.clone(), means_orders, unknown, nobodys]);
    assert_eq!(records, 3);
    assert_eq!(
        results,
        [Ok(3), Ok(3), Err(ErrorCode::INVALID_REQUEST), Ok(0)]
    );
    assert_eq!(lists.names(), ["x"]);
}

#[test]
fn a_removed_entry_can_be_added_again() {
    let mut lists = Lists::new();
    lists.create(&[creation()]);
    let acl: Acl = (**lists.image.acls.iter().next().unwrap().0).clone();
    let only = AclFilter {
        pattern: PatternFilter::Only(PatternType::Literal),
        resource_name: Some("t"),
        ..AclFilter::OPEN
    };
    assert!(only.matches(&acl));
    assert_eq!(lists.delete(&[filter()]).0, 1);
    assert!(lists.image.acls.is_empty() && !lists.image.acls.contains(&acl));
    assert_eq!(lists.create(&[creation()]).0, 1);
}
