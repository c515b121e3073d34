//! What a decision costs with ten thousand entries, against the gate of issue 5: below a microsecond at the median. Prints a table, and fails
//! where the gate is missed; `cargo bench --bench authorizer`.
//!
//! A decision here is all that a request pays: looking its sender up, and asking about one topic. The last rows are the price of a changed
//! entry, which the next request pays.

use ottla::auth::{Authorizer, Resource};
use ottla::config::AuthorizationPolicy;
use ottla_controller::Image;
use ottla_controller::acl::{Acl, AclId, Operation, PatternType, Permission, ResourceType};
use ottla_controller::delta::Delta;
use ottla_controller::image::{Acls, acl_record};
use ottla_protocol::Uuid;
use ottla_protocol::records::metadata::MetadataRecord;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

const ENTRIES: usize = 10_000;
const DECISIONS: usize = 100_000;
const GATE: Duration = Duration::from_micros(1);
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

/// A shape that ten thousand entries may have.
struct Shape {
    name: &'static str,
    entry: fn(usize) -> Acl,
    /// Who asks about which topic, the nth time.
    question: fn(usize) -> (String, String),
}

const SHAPES: &[Shape] = &[
    Shape {
        name: "10,000 users, a topic each",
        entry: |number| {
            entry(
                &format!("User:u{number}"),
                &format!("topic-{number}"),
                false,
            )
        },
        question: |number| (format!("User:u{number}"), format!("topic-{number}")),
    },
    Shape {
        name: "a user, 10,000 topics",
        entry: |number| entry("User:u", &format!("topic-{number}"), false),
        question: |number| ("User:u".into(), format!("topic-{number}")),
    },
    Shape {
        name: "a user, 10,000 prefixes",
        entry: |number| entry("User:u", &format!("topic-{number}"), true),
        question: |number| ("User:u".into(), format!("topic-{number}-of-it")),
    },
    Shape {
        name: "100 users, 100 prefixes within each other",
        entry: |number| {
            let prefix = "p".repeat(1 + number % 100);
            entry(&format!("User:u{}", number / 100), &prefix, true)
        },
        question: |number| {
            (
                format!("User:u{}", number / 100),
                "p".repeat(1 + number % 100),
            )
        },
    },
    Shape {
        name: "10,000 users, one topic",
        entry: |number| entry(&format!("User:u{number}"), "topic", false),
        question: |number| (format!("User:u{number}"), "topic".into()),
    },
    Shape {
        name: "10,000 users, nobody's topic",
        entry: |number| {
            entry(
                &format!("User:u{number}"),
                &format!("topic-{number}"),
                false,
            )
        },
        question: |number| (format!("User:u{number}"), "other".into()),
    },
];

fn entry(principal: &str, topic: &str, is_prefix: bool) -> Acl {
    Acl {
        principal: principal.into(),
        resource_type: ResourceType::Topic,
        pattern_type: match is_prefix {
            true => PatternType::Prefixed,
            false => PatternType::Literal,
        },
        resource_name: topic.into(),
        host: "*".into(),
        operation: Operation::Read,
        permission: Permission::Allow,
    }
}

fn main() {
    let missed: Vec<&str> = SHAPES
        .iter()
        .filter(|shape| !measure(shape))
        .map(|shape| shape.name)
        .collect();
    assert!(
        missed.is_empty(),
        "above {GATE:?} at the median: {missed:?}"
    );
}

/// Whether it keeps the gate.
fn measure(shape: &Shape) -> bool {
    let mut image = Image::default();
    (0..ENTRIES).for_each(|number| add(&mut image, number, &(shape.entry)(number)));
    let authorizer = Arc::new(Authorizer::new(AuthorizationPolicy::default()));
    let indexed = timed(|| decide(&authorizer, &image.acls, "User:x", "t"));
    // In no order that a cache would know.
    let questions = (0..DECISIONS).map(|number| (shape.question)(number * 7919 % ENTRIES));
    let questions: Vec<_> = questions.collect();
    let took = questions
        .iter()
        .map(|(principal, topic)| timed(|| decide(&authorizer, &image.acls, principal, topic)));
    let mut took: Vec<Duration> = took.collect();
    took.sort_unstable();
    let (median, rare) = (took[DECISIONS / 2], took[DECISIONS * 99 / 100]);
    add(&mut image, ENTRIES, &entry("User:new", "new", false));
    let changed = timed(|| decide(&authorizer, &image.acls, "User:x", "t"));
    println!(
        "{:<44} median {median:>9?}  p99 {rare:>9?}  first {indexed:>9.2?}  after a change {changed:>9.2?}",
        shape.name
    );
    // Unoptimised code says nothing.
    median < GATE || cfg!(debug_assertions)
}

fn decide(authorizer: &Arc<Authorizer>, acls: &Acls, principal: &str, topic: &str) -> bool {
    let asker = authorizer.asker(acls, principal, HERE);
    asker
        .may(Operation::Read, Resource::Topic(topic))
        .is_allowed
}

fn timed<R>(work: impl FnOnce() -> R) -> Duration {
    let began = Instant::now();
    black_box(work());
    began.elapsed()
}

fn add(image: &mut Image, number: usize, acl: &Acl) {
    let id = AclId(Uuid((1 + number as u128).to_be_bytes()));
    let record = MetadataRecord::AccessControlEntry(acl_record(id, acl));
    image.apply(&record, &mut Delta::default()).expect("fits");
}
