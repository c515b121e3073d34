//! What may happen to a cluster of brokers 1 to 4 with topics "t0" and "t1".

use proptest::prelude::*;

/// A partition by the number of its topic and its own; many exist only sometimes.
pub type Place = (u8, i32);

#[derive(Clone, Debug)]
pub enum Step {
    /// The broker's process starts anew: after a clean stop or a crash, with its directory or an empty one.
    Restart {
        broker: i32,
        clean: bool,
        wiped: bool,
    },
    /// It asks to serve.
    Serve {
        broker: i32,
    },
    Fence {
        broker: i32,
    },
    ShutDown {
        broker: i32,
    },
    /// It is not heard until its session ends.
    Silence {
        broker: i32,
    },
    Unregister {
        broker: i32,
    },
    /// One of its two directories fails, the lower or the higher.
    LoseDirectory {
        broker: i32,
        higher: bool,
    },
    /// It tells in which directory its replica is.
    Assign {
        broker: i32,
        place: Place,
        higher: bool,
    },
    Create {
        topic: u8,
        partitions: usize,
        replicas: i16,
    },
    Delete {
        topic: u8,
    },
    /// The leader appends a record, which is committed if enough are in sync.
    Write {
        place: Place,
    },
    /// The leader proposes those of its replicas whose bit is set; some may be unfit.
    AlterIsr {
        place: Place,
        members: u8,
    },
    Elect {
        place: Option<Place>,
        unclean: bool,
    },
    Reassign {
        place: Place,
        first: i32,
        count: i32,
    },
    Cancel {
        place: Place,
    },
    Minimum {
        topic: Option<u8>,
        replicas: u8,
    },
    Unclean {
        topic: u8,
        allowed: bool,
    },
    Balance,
    Leaderless,
}

pub fn step() -> impl Strategy<Value = Step> {
    let broker = || 1..5i32;
    let place = || (0..2u8, 0..2i32);
    prop_oneof![
        2 => (broker(), any::<bool>(), proptest::bool::weighted(0.2))
            .prop_map(|(broker, clean, wiped)| Step::Restart { broker, clean, wiped }),
        6 => broker().prop_map(|broker| Step::Serve { broker }),
        2 => broker().prop_map(|broker| Step::Fence { broker }),
        1 => broker().prop_map(|broker| Step::ShutDown { broker }),
        1 => broker().prop_map(|broker| Step::Silence { broker }),
        1 => broker().prop_map(|broker| Step::Unregister { broker }),
        1 => (broker(), any::<bool>()).prop_map(|(broker, higher)| Step::LoseDirectory { broker, higher }),
        1 => (broker(), place(), any::<bool>())
            .prop_map(|(broker, place, higher)| Step::Assign { broker, place, higher }),
        2 => (0..2u8, 1..3usize, 1..4i16)
            .prop_map(|(topic, partitions, replicas)| Step::Create { topic, partitions, replicas }),
        1 => (0..2u8).prop_map(|topic| Step::Delete { topic }),
        8 => place().prop_map(|place| Step::Write { place }),
        8 => (place(), any::<u8>()).prop_map(|(place, members)| Step::AlterIsr { place, members }),
        2 => (proptest::option::weighted(0.7, place()), proptest::bool::weighted(0.3))
            .prop_map(|(place, unclean)| Step::Elect { place, unclean }),
        3 => (place(), broker(), 1..4i32)
            .prop_map(|(place, first, count)| Step::Reassign { place, first, count }),
        1 => place().prop_map(|place| Step::Cancel { place }),
        2 => (proptest::option::of(0..2u8), 1..4u8)
            .prop_map(|(topic, replicas)| Step::Minimum { topic, replicas }),
        1 => (0..2u8, any::<bool>()).prop_map(|(topic, allowed)| Step::Unclean { topic, allowed }),
        1 => Just(Step::Balance),
        1 => Just(Step::Leaderless),
    ]
}
