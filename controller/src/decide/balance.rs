//! Elections that nobody asks for: leadership goes back to preferred replicas, and leaderless partitions whose topics prefer
//! availability get any leader (`auto.leader.rebalance.enable`, `unclean.leader.election.enable`).
//!
//! In batches, so that other decisions come in between: the answer says whether to come back at once. Kafka's
//! `maybeBalancePartitionLeaders` and `maybeElectUncleanLeaders`.

use super::elections::{Elections, Terms};
use super::leadership::{Election, Wanted};
use super::rules::{ConfigRules, UNCLEAN_LEADER_ELECTION};
use crate::image::{Image, Partition};
use crate::outcome::Outcome;
use ottla_protocol::records::metadata::MetadataRecord;

/// How many elections one decision may hold (Kafka's `MAX_ELECTIONS_PER_IMBALANCE`).
pub const ELECTIONS_PER_BATCH: usize = 1000;

/// Elects preferred leaders that are alive and in sync; whether there may be more to elect.
pub fn elect_preferred_leaders(image: &Image, rules: &dyn ConfigRules) -> Outcome<bool> {
    let needs_it = |partition: &Partition| !partition.has_preferred_leader();
    elect(image, rules, Some(Election::Preferred), &needs_it)
}

/// Elects anybody alive where nobody leads, cleanly unless the topic allows more; whether there may be more to elect.
pub fn elect_for_leaderless(image: &Image, rules: &dyn ConfigRules) -> Outcome<bool> {
    let needs_it = |partition: &Partition| partition.leader.is_none();
    elect(image, rules, None, &needs_it)
}

/// Whether records change which topics prefer availability.
pub fn touches_unclean_elections(records: &[MetadataRecord]) -> bool {
    records.iter().any(|record| match record {
        MetadataRecord::Config(config) => *config.name == *UNCLEAN_LEADER_ELECTION,
        _ => false,
    })
}

fn elect(
    image: &Image,
    rules: &dyn ConfigRules,
    election: Option<Election>,
    needs_it: &dyn Fn(&Partition) -> bool,
) -> Outcome<bool> {
    let mut elections = Elections::new(image, rules);
    let terms = Terms {
        election,
        ..Default::default()
    };
    let records: Vec<MetadataRecord> = image
        .topics
        .partitions()
        .filter(|(_, _, partition)| needs_it(partition))
        .filter_map(|(topic, index, partition)| {
            let wanted = Wanted::unchanged(partition);
            elections.change(topic, index, partition, wanted, terms)
        })
        .map(MetadataRecord::PartitionChange)
        .take(ELECTIONS_PER_BATCH)
        .collect();
    Outcome {
        response: records.len() == ELECTIONS_PER_BATCH,
        records,
    }
}
