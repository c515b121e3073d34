//! The authorizer against tables of what Kafka's decides, and against its definition.

use super::model;
use super::*;
use ottla_controller::acl::{Acl, AclId, PatternType, Permission};
use ottla_controller::delta::Delta;
use ottla_controller::image::{Image, acl_record};
use ottla_protocol::Uuid;
use ottla_protocol::records::metadata::{MetadataRecord, RemoveAccessControlEntryRecord};
use proptest::prelude::*;

const HERE: &str = "10.0.0.1";

/// An entry as `Deny User:a READ of TOPIC ord* from 10.0.0.1` would say, in fewer words: a star after a prefix of more than none.
fn acl(permission: Permission, principal: &str, operation: Operation, topic: &str) -> Acl {
    let prefix = topic.strip_suffix('*').filter(|prefix| !prefix.is_empty());
    Acl {
        principal: principal.into(),
        resource_type: ResourceType::Topic,
        pattern_type: prefix.map_or(PatternType::Literal, |_| PatternType::Prefixed),
        resource_name: prefix.unwrap_or(topic).into(),
        host: "*".into(),
        operation,
        permission,
    }
}

fn allow(principal: &str, operation: Operation, topic: &str) -> Acl {
    acl(Permission::Allow, principal, operation, topic)
}

fn deny(principal: &str, operation: Operation, topic: &str) -> Acl {
    acl(Permission::Deny, principal, operation, topic)
}

fn from(host: &str, acl: Acl) -> Acl {
    Acl {
        host: host.into(),
        ..acl
    }
}

fn image_of(acls: &[Acl]) -> Image {
    let mut image = Image::default();
    for acl in acls {
        add(&mut image, acl);
    }
    image
}

fn add(image: &mut Image, acl: &Acl) {
    let number = u128::try_from(image.offset.0 + 2).expect("small");
    let record = acl_record(AclId(Uuid(number.to_be_bytes())), acl);
    let record = MetadataRecord::AccessControlEntry(record);
    image.apply(&record, &mut Delta::default()).expect("fits");
}

fn remove(image: &mut Image, id: AclId) {
    let record = MetadataRecord::RemoveAccessControlEntry(RemoveAccessControlEntryRecord {
        id: id.0,
        ..Default::default()
    });
    image.apply(&record, &mut Delta::default()).expect("fits");
}

fn authorizer(policy: Policy) -> Arc<Authorizer> {
    Arc::new(Authorizer::new(policy))
}

fn asker(acls: &[Acl], policy: Policy, principal: &str) -> Asker {
    let address = HERE.parse().expect("an address");
    authorizer(policy).asker(&image_of(acls).acls, principal, address)
}

fn may(acls: &[Acl], principal: &str, operation: Operation, topic: &str) -> bool {
    let asker = asker(acls, Policy::default(), principal);
    asker.may(operation, Resource::Topic(topic)).is_allowed
}

#[test]
fn entries_allow_and_deny_as_kafkas_do() {
    use Operation::{
        All, Alter, AlterConfigs, Create, Delete, Describe, DescribeConfigs, Read, Write,
    };
    let a = "User:a";
    for (acls, operation, topic, expected) in [
        (vec![], Read, "t", false),
        (vec![allow(a, Read, "t")], Read, "t", true),
        (vec![allow(a, Read, "t")], Write, "t", false),
        (vec![allow(a, Read, "t")], Read, "tt", false),
        (vec![allow("User:b", Read, "t")], Read, "t", false),
        (vec![allow("Group:a", Read, "t")], Read, "t", false),
        (vec![allow("User:*", Read, "t")], Read, "t", true),
        (vec![allow(a, Read, "*")], Read, "t", true),
        (vec![allow(a, Read, "t*")], Read, "tt", true),
        (vec![allow(a, Read, "t*")], Read, "t", true),
        (vec![allow(a, Read, "tt*")], Read, "t", false),
        (vec![allow(a, All, "t")], Alter, "t", true),
        // A denial wins, however general.
        (
            vec![allow(a, Read, "t"), deny("User:*", All, "*")],
            Read,
            "t",
            false,
        ),
        (
            vec![allow(a, Read, "t"), deny(a, Read, "t*")],
            Read,
            "tt",
            false,
        ),
        (
            vec![allow(a, Read, "*"), deny(a, Read, "t")],
            Read,
            "t",
            false,
        ),
        (
            vec![allow(a, Read, "*"), deny(a, Write, "t")],
            Read,
            "t",
            true,
        ),
        // What implies.
        (vec![allow(a, Read, "t")], Describe, "t", true),
        (vec![allow(a, Write, "t")], Describe, "t", true),
        (vec![allow(a, Delete, "t")], Describe, "t", true),
        (vec![allow(a, Alter, "t")], Describe, "t", true),
        (vec![allow(a, Create, "t")], Describe, "t", false),
        (
            vec![allow(a, AlterConfigs, "t")],
            DescribeConfigs,
            "t",
            true,
        ),
        (vec![allow(a, AlterConfigs, "t")], Describe, "t", false),
        (
            vec![allow(a, Describe, "t"), deny(a, Read, "t")],
            Describe,
            "t",
            true,
        ),
        // Hosts.
        (vec![from(HERE, allow(a, Read, "t"))], Read, "t", true),
        (
            vec![from("10.0.0.2", allow(a, Read, "t"))],
            Read,
            "t",
            false,
        ),
        (
            vec![from("10.0.0.0/24", allow(a, Read, "t"))],
            Read,
            "t",
            true,
        ),
        (
            vec![allow(a, Read, "t"), from("10.0.0.0/8", deny(a, All, "t"))],
            Read,
            "t",
            false,
        ),
    ] {
        assert_eq!(
            may(&acls, a, operation, topic),
            expected,
            "{acls:?} {operation} {topic}"
        );
    }
}

#[test]
fn a_super_user_may_do_what_is_denied() {
    let policy = Policy {
        super_users: BTreeSet::from(["User:root".to_owned()]),
        ..Policy::default()
    };
    let denied = [deny("User:*", Operation::All, "*")];
    let verdict = |principal: &str| {
        let asker = asker(&denied, policy.clone(), principal);
        asker.may(Operation::Alter, Resource::Topic("t")).is_allowed
    };
    assert!(verdict("User:root"));
    assert!(!verdict("User:roo") && !verdict("root"));
}

#[test]
fn what_no_entry_speaks_of_is_allowed_only_if_the_policy_says_so() {
    let policy = Policy {
        allows_if_no_acl: true,
        ..Policy::default()
    };
    let others = [
        allow("User:b", Operation::Read, "taken"),
        allow("User:b", Operation::Read, "ab*"),
    ];
    let asker = asker(&others, policy, "User:a");
    for (topic, expected) in [
        ("free", true),
        ("taken", false),
        ("abc", false),
        ("ab", false),
        ("a", true),
        ("ac", true),
    ] {
        let verdict = asker.may(Operation::Read, Resource::Topic(topic));
        assert_eq!(verdict.is_allowed, expected, "{topic}");
    }
    assert!(
        asker
            .may(Operation::Read, Resource::Group("taken"))
            .is_allowed
    );
}

#[test]
fn some_resource_is_allowed_if_a_denial_does_not_cover_it() {
    use Operation::{All, Write};
    for (acls, expected) in [
        (vec![], false),
        (vec![allow("User:a", Write, "t")], true),
        (vec![allow("User:*", All, "t")], true),
        (vec![allow("User:b", Write, "t")], false),
        (vec![allow("User:a", Operation::Read, "t")], false),
        (
            vec![allow("User:a", Write, "t"), deny("User:a", Write, "t")],
            false,
        ),
        (
            vec![allow("User:a", Write, "tt"), deny("User:a", Write, "t*")],
            false,
        ),
        (
            vec![allow("User:a", Write, "t*"), deny("User:a", Write, "tt")],
            true,
        ),
        (
            vec![allow("User:a", Write, "t*"), deny("User:*", Write, "t*")],
            false,
        ),
        (
            vec![allow("User:a", Write, "t"), deny("User:a", Write, "*")],
            false,
        ),
        (
            vec![allow("User:a", Write, "*"), deny("User:a", Write, "t")],
            true,
        ),
    ] {
        let asker = asker(&acls, Policy::default(), "User:a");
        assert_eq!(
            asker.may_to_some(Write, ResourceType::Topic),
            expected,
            "{acls:?}"
        );
    }
}

#[test]
fn an_entry_that_was_removed_no_longer_counts() {
    let authorizer = authorizer(Policy::default());
    let address = HERE.parse().expect("an address");
    let mut image = image_of(&[allow("User:a", Operation::Read, "t")]);
    let may = |image: &Image| {
        let asker = authorizer.asker(&image.acls, "User:a", address);
        asker.may(Operation::Read, Resource::Topic("t")).is_allowed
    };
    assert!(may(&image));
    let before = image.clone();
    let id = image.acls.iter().next().expect("one").1;
    remove(&mut image, id);
    assert!(!may(&image));
    assert!(may(&before), "an older image is decided by its own entries");
}

fn one_of<T: Clone + std::fmt::Debug + 'static>(these: &'static [T]) -> impl Strategy<Value = T> {
    proptest::sample::select(these)
}

const NAMES: &[&str] = &["*", "a", "ab", "abc", "abd", "ac", "b", "ba", "é", "éa"];
const HOSTS: &[&str] = &["*", HERE, "10.0.0.2", "10.0.0.0/24", "host"];
const PRINCIPALS: &[&str] = &["User:*", "User:a", "User:b", "Group:a"];

fn some_acl() -> impl Strategy<Value = Acl> {
    let pattern = (one_of(PatternType::ALL), one_of(NAMES));
    let rest = (
        one_of(HOSTS),
        one_of(Operation::ALL),
        proptest::bool::weighted(0.3),
    );
    (
        one_of(PRINCIPALS),
        proptest::bool::weighted(0.8),
        pattern,
        rest,
    )
        .prop_map(
            |(principal, is_topic, (pattern_type, name), (host, operation, denies))| Acl {
                principal: principal.into(),
                resource_type: if is_topic {
                    ResourceType::Topic
                } else {
                    ResourceType::Group
                },
                pattern_type,
                resource_name: name.into(),
                host: host.into(),
                operation,
                permission: if denies {
                    Permission::Deny
                } else {
                    Permission::Allow
                },
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Entries come and go, one by one; after each step the index decides as the definition does.
    #[test]
    fn the_index_decides_as_the_definition_reads(
        steps in proptest::collection::vec((some_acl(), any::<bool>()), 1..25),
        allows_if_no_acl: bool,
        extra in one_of(NAMES),
    ) {
        let policy = Policy { allows_if_no_acl, ..Policy::default() };
        let authorizer = authorizer(policy.clone());
        let address: IpAddr = HERE.parse().expect("an address");
        let mut image = Image::default();
        for (acl, removes) in steps {
            let known = image.acls.iter().find(|(own, _)| ***own == acl).map(|(_, id)| id);
            match known {
                Some(id) if removes => remove(&mut image, id),
                Some(_) => {}
                None => add(&mut image, &acl),
            }
            let all: Vec<Acl> = image.acls.iter().map(|(acl, _)| (**acl).clone()).collect();
            let asker = authorizer.asker(&image.acls, "User:a", address);
            for operation in Operation::ALL.iter().copied().filter(|one| *one != Operation::All) {
                for name in NAMES.iter().copied().chain([&*format!("{extra}x")]) {
                    let resource = Resource::Topic(name);
                    let expected = model::may(&all, &policy, ("User:a", address), operation, resource);
                    prop_assert_eq!(asker.may(operation, resource).is_allowed, expected, "{} {} {:?}", operation, name, all);
                }
            }
            if !allows_if_no_acl {
                let may = |name: &str| model::may(&all, &policy, ("User:a", address), Operation::Write, Resource::Topic(name));
                let expected = model::may_to_some(&all, may);
                prop_assert_eq!(asker.may_to_some(Operation::Write, ResourceType::Topic), expected, "{:?}", all);
            }
        }
    }
}
