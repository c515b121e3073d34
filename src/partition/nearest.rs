//! Which replica a consumer is sent to: one in its own rack (KIP-392, `RackAwareReplicaSelector`). The deciding part is pure.
//!
//! Only replicas in sync that hold the offset asked for: one that lags would be named again and again, and the consumer fall behind with it.

use std::cmp::Reverse;
use std::time::Duration;

use ottla_controller::ids::BrokerId;
use ottla_storage::offset::Offset;

use super::progress::FollowerProgress;
use super::replica::Partition;
use super::role::Role;

impl Partition {
    /// The replica that a consumer near `nearby` reads `offset` from, if that is not this leader itself.
    pub(super) fn nearest(&self, nearby: &[BrokerId], offset: Offset) -> Option<BrokerId> {
        if nearby.is_empty() {
            return None;
        }
        let now = self.directory().clock().elapsed();
        let leading = self.steps.lock();
        choose(&self.role(), leading.followers(), nearby, offset, now)
    }
}

fn choose(
    role: &Role,
    followers: &[FollowerProgress],
    nearby: &[BrokerId],
    offset: Offset,
    now: Duration,
) -> Option<BrokerId> {
    if !role.is_leader() || nearby.contains(&role.me) {
        return None;
    }
    let holds = |follower: &&FollowerProgress| {
        nearby.contains(&follower.broker)
            && role.isr.contains(&follower.broker)
            && (follower.log_start..=follower.end).contains(&offset)
    };
    let rank = |follower: &&FollowerProgress| {
        let lag = follower.lag(now).unwrap_or(Duration::MAX);
        (follower.end, Reverse(lag), follower.broker)
    };
    let best = followers.iter().filter(holds).max_by_key(rank);
    best.map(|follower| follower.broker)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partition::progress::{Fetched, LastFetch};

    fn follower(broker: i32, log_start: i64, end: i64, at: u64) -> FollowerProgress {
        let mut follower = FollowerProgress::unknown(BrokerId(broker), false, Duration::ZERO);
        let now = Duration::from_secs(at);
        follower.fetched(Fetched {
            offset: Offset(end),
            log_start: Offset(log_start),
            leader_end: Offset(end),
            broker_epoch: None,
            now,
            session: LastFetch::at(now),
        });
        follower
    }

    #[test]
    fn a_consumer_goes_to_the_furthest_replica_in_sync_of_its_rack_unless_the_leader_is_there() {
        let brokers = |ids: &[i32]| ids.iter().copied().map(BrokerId).collect::<Vec<_>>();
        let role = Role {
            leader: Some(BrokerId(1)),
            replicas: brokers(&[1, 2, 3, 4, 5]).into(),
            isr: brokers(&[1, 2, 3, 4]).into(),
            ..Role::none(BrokerId(1))
        };
        let followers = [
            follower(2, 0, 10, 5),
            follower(3, 0, 10, 9),
            follower(4, 5, 8, 9),
            follower(5, 0, 20, 9),
        ];
        // (nearby, offset, chosen)
        let cases: [(&[i32], i64, Option<i32>); 8] = [
            (&[], 7, None),
            (&[1, 2], 7, None),
            (&[2, 4], 7, Some(2)),
            (&[2, 3, 4], 7, Some(3)),
            (&[4], 8, Some(4)),
            (&[4], 4, None),
            (&[4], 9, None),
            (&[5, 9], 7, None),
        ];
        for (nearby, offset, chosen) in cases {
            let now = Duration::from_secs(10);
            assert_eq!(
                choose(&role, &followers, &brokers(nearby), Offset(offset), now),
                chosen.map(BrokerId),
                "{nearby:?} {offset}"
            );
        }
    }
}
