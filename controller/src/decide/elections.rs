//! Changes of partitions as an image's settings and brokers have them: what stands between a decision and [`choose_change`].

use super::assignment::default_directory;
use super::leadership::{Circumstances, Election, Wanted, choose_change};
use super::rules::{ConfigRules, allows_unclean_election, min_in_sync_replicas};
use crate::ids::{BrokerId, TopicId};
use crate::image::{Image, Partition, Topic};
use ottla_protocol::records::metadata::PartitionChangeRecord;

/// The elections of one decision.
pub(super) struct Elections<'a> {
    image: &'a Image,
    rules: &'a dyn ConfigRules,
    /// The last topic's settings: partitions come grouped by topic.
    settings: Option<(TopicId, TopicSettings)>,
}

#[derive(Clone, Copy)]
struct TopicSettings {
    min_in_sync_replicas: usize,
    allows_unclean: bool,
}

/// What a decision asks of an election beyond the topic's settings.
#[derive(Clone, Copy, Default)]
pub(super) struct Terms {
    /// `None`: clean, or unclean where the topic wants that.
    pub election: Option<Election>,
    pub lost_its_tail: Option<BrokerId>,
}

impl<'a> Elections<'a> {
    pub fn new(image: &'a Image, rules: &'a dyn ConfigRules) -> Self {
        Elections {
            image,
            rules,
            settings: None,
        }
    }

    /// The change that makes the partition what is wanted, led by a broker that is active now.
    pub fn change(
        &mut self,
        topic: &Topic,
        index: i32,
        partition: &Partition,
        wanted: Wanted,
        terms: Terms,
    ) -> Option<PartitionChangeRecord> {
        let image = self.image;
        let may_lead =
            |broker| is_online(image, partition, broker) && image.brokers.is_active(broker);
        self.change_where(topic, index, partition, wanted, terms, &may_lead)
    }

    /// As [`Elections::change`], where more or less than the image says may lead.
    pub fn change_where(
        &mut self,
        topic: &Topic,
        index: i32,
        partition: &Partition,
        wanted: Wanted,
        terms: Terms,
        may_lead: &dyn Fn(BrokerId) -> bool,
    ) -> Option<PartitionChangeRecord> {
        let settings = self.settings(topic);
        let of_topic = match settings.allows_unclean {
            true => Election::Unclean,
            false => Election::Clean,
        };
        let around = Circumstances {
            may_lead,
            default_directory: &|broker| default_directory(self.image, broker),
            election: terms.election.unwrap_or(of_topic),
            min_in_sync_replicas: settings.min_in_sync_replicas,
            keeps_eligible: self.image.features.has_eligible_leader_replicas(),
            lost_its_tail: terms.lost_its_tail,
        };
        choose_change(partition, topic.id, index, wanted, &around)
    }

    fn settings(&mut self, topic: &Topic) -> TopicSettings {
        match self.settings {
            Some((known, settings)) if known == topic.id => settings,
            _ => {
                let (image, rules) = (self.image, self.rules);
                let settings = TopicSettings {
                    min_in_sync_replicas: min_in_sync_replicas(image, rules, &topic.name),
                    allows_unclean: allows_unclean_election(image, rules, &topic.name),
                };
                self.settings = Some((topic.id, settings));
                settings
            }
        }
    }
}

/// Whether the broker is registered and the directory of its replica is online there (KIP-858).
pub(super) fn is_online(image: &Image, partition: &Partition, broker: BrokerId) -> bool {
    image.brokers.get(broker).is_some_and(|registered| {
        partition
            .directory(broker)
            .is_none_or(|directory| registered.has_online_directory(directory))
    })
}
