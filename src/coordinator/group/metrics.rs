//! What the groups of this node show of themselves at a scrape: counted by each shard in its turn, just before.

use super::classic::State;
use super::record::Durable;
use super::{Groups, Volatile};
use crate::metrics::definitions::{COORDINATOR_SHARDS, GROUP_MEMBERS, GROUP_OFFSETS, GROUPS};
use crate::metrics::{Definition, Samples, Source};
use futures::future::{BoxFuture, FutureExt, join_all};
use std::ops::Add;

/// What one shard holds, or all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    empty: usize,
    preparing: usize,
    completing: usize,
    stable: usize,
    members: usize,
    offsets: usize,
}

impl Tally {
    pub fn of(durable: &Durable, volatile: &Volatile) -> Self {
        let topics = durable.offsets.values().flat_map(|topics| topics.values());
        let mut tally = Self {
            empty: durable.groups.len(),
            offsets: topics.map(|offsets| offsets.len()).sum(),
            ..Self::default()
        };
        // A group that is more than its record may not have one yet: it is listed from then on.
        let live = volatile.live.values();
        for group in live.filter(|group| durable.groups.contains_key(&group.id)) {
            tally.members += group.len();
            let count = match group.state {
                State::Empty => continue,
                State::PreparingRebalance => &mut tally.preparing,
                State::CompletingRebalance => &mut tally.completing,
                State::Stable => &mut tally.stable,
            };
            *count += 1;
            tally.empty -= 1;
        }
        tally
    }
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            empty: self.empty + other.empty,
            preparing: self.preparing + other.preparing,
            completing: self.completing + other.completing,
            stable: self.stable + other.stable,
            members: self.members + other.members,
            offsets: self.offsets + other.offsets,
        }
    }
}

impl Source for Groups {
    fn definitions(&self) -> &'static [&'static Definition] {
        &[&GROUPS, &GROUP_MEMBERS, &GROUP_OFFSETS, &COORDINATOR_SHARDS]
    }

    /// Shards that are loading count for nothing.
    fn refresh(&self) -> BoxFuture<'_, ()> {
        let counted = self.runtime.led().into_iter().map(|partition| {
            self.runtime
                .read(partition, |view| Tally::of(view.durable, view.volatile))
        });
        let counted: Vec<_> = counted.collect();
        async move {
            let tallies = join_all(counted).await.into_iter().flatten();
            *self.tally.lock() = tallies.fold(Tally::default(), Tally::add);
        }
        .boxed()
    }

    fn sample(&self, into: &mut Samples) {
        let tally = *self.tally.lock();
        for (state, groups) in [
            (State::Empty, tally.empty),
            (State::PreparingRebalance, tally.preparing),
            (State::CompletingRebalance, tally.completing),
            (State::Stable, tally.stable),
        ] {
            into.set(&GROUPS, &[state.name()], groups as f64);
        }
        into.set(&GROUP_MEMBERS, &[], tally.members as f64);
        into.set(&GROUP_OFFSETS, &[], tally.offsets as f64);
        let (loading, serving) = self.runtime.shards();
        into.set(&COORDINATOR_SHARDS, &["loading"], loading as f64);
        into.set(&COORDINATOR_SHARDS, &["serving"], serving as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::stage::{Stage, client};
    use super::*;

    #[test]
    fn groups_are_counted_by_state_and_a_group_at_rest_has_no_members() {
        let mut stage = Stage::new();
        let tally = |stage: &Stage| stage.view(|view| Tally::of(view.durable, view.volatile));
        assert_eq!(tally(&stage), Tally::default());
        stage.commit("orders", "", -1);
        let expected = Tally {
            empty: 1,
            offsets: 1,
            ..Tally::default()
        };
        assert_eq!(tally(&stage), expected);
        let (members, _) = stage.settle(&[client("a"), client("b")]);
        let expected = Tally {
            stable: 1,
            members: 2,
            offsets: 1,
            ..Tally::default()
        };
        assert_eq!(tally(&stage), expected);
        assert_eq!(stage.volatile.rebalances, 1);
        let ids: Vec<_> = members
            .iter()
            .map(|member| (member.member_id.as_str(), None))
            .collect();
        stage.leave(&ids);
        assert_eq!(tally(&stage).empty + tally(&stage).preparing, 1);
    }
}
