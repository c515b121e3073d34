//! CreateTopics (19): which topics of a request are created, with which partitions and configs.
//!
//! The rules and messages are those of Kafka's `ReplicationControlManager.createTopics` and `ControllerApis.createTopics`.
//! The caller has removed what the principal may not create, and adds those refusals; it also fills in the effective configs
//! of each created topic (version 5 up), or takes them and the counts away where the principal may not see them.

use super::permits::{self, Permits};
use super::rules::ConfigRules;
use super::{MAX_PARTITIONS_PER_REQUEST, Refusal, assignment, configs, topic_names};
use crate::dice::Dice;
use crate::ids::{BrokerId, TopicId};
use crate::image::{ConfigResource, ConfigValues, Image, Partition, config_record};
use crate::outcome::Outcome;
use crate::placement::Placer;
use ottla_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicResult, CreateTopicsRequest, CreateTopicsResponse,
};
use ottla_protocol::records::metadata::{MetadataRecord, TopicRecord};
use ottla_protocol::{ErrorCode, Str};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Decides a request. Results come in the order of the request, those of duplicate names last.
pub fn create_topics(
    image: &Image,
    rules: &dyn ConfigRules,
    request: &CreateTopicsRequest,
    dice: &mut Dice,
) -> Outcome<CreateTopicsResponse> {
    create_topics_within(image, rules, request, dice, &mut |_| true)
}

/// As [`create_topics`], for a client that may create no more partitions than it is permitted (KIP-599).
pub fn create_topics_within(
    image: &Image,
    rules: &dyn ConfigRules,
    request: &CreateTopicsRequest,
    dice: &mut Dice,
    permits: Permits<'_>,
) -> Outcome<CreateTopicsResponse> {
    let (once, twice) = names(request);
    let mut creation = Creation {
        image,
        rules,
        dice,
        permits,
        records: Vec::new(),
        taken: BTreeMap::new(),
    };
    let too_many = total_partitions(request, rules) > MAX_PARTITIONS_PER_REQUEST;
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request
        .topics
        .iter()
        .filter(|topic| once.contains(&*topic.name))
    {
        let created = if too_many {
            Err(Refusal::new(
                ErrorCode::POLICY_VIOLATION,
                "Excessively large number of partitions per request.",
            ))
        } else {
            rules.metadata_room().and_then(|()| creation.create(topic))
        };
        topics.push(created.unwrap_or_else(|refusal| refused(&topic.name, refusal)));
    }
    for name in twice {
        topics.push(refused(
            name,
            Refusal::invalid_request("Duplicate topic name."),
        ));
    }
    let records = if request.validate_only {
        Vec::new()
    } else {
        creation.records
    };
    Outcome {
        records,
        response: CreateTopicsResponse {
            topics,
            ..Default::default()
        },
    }
}

/// Names that occur once, and names that occur more often.
fn names(request: &CreateTopicsRequest) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let (mut once, mut twice) = (BTreeSet::new(), BTreeSet::new());
    for topic in &request.topics {
        if !once.insert(&*topic.name) {
            twice.insert(&*topic.name);
        }
    }
    once.retain(|name| !twice.contains(name));
    (once, twice)
}

fn total_partitions(request: &CreateTopicsRequest, rules: &dyn ConfigRules) -> usize {
    let of_topic = |topic: &CreatableTopic| match usize::try_from(topic.num_partitions) {
        _ if !topic.assignments.is_empty() => topic.assignments.len(),
        Ok(partitions) => partitions,
        Err(_) if topic.num_partitions == -1 => {
            usize::try_from(rules.default_partitions()).unwrap_or(0)
        }
        Err(_) => 0,
    };
    request
        .topics
        .iter()
        .map(of_topic)
        .fold(0, usize::saturating_add)
}

fn refused(name: &str, refusal: Refusal) -> CreatableTopicResult {
    CreatableTopicResult {
        name: name.into(),
        error_code: refusal.code,
        error_message: refusal.message,
        ..Default::default()
    }
}

struct Creation<'a> {
    image: &'a Image,
    rules: &'a dyn ConfigRules,
    dice: &'a mut Dice,
    permits: Permits<'a>,
    records: Vec<MetadataRecord>,
    /// Normalised names of topics that this request creates: they collide with later ones too.
    taken: BTreeMap<String, Str>,
}

impl Creation<'_> {
    fn create(&mut self, topic: &CreatableTopic) -> Result<CreatableTopicResult, Refusal> {
        self.check_name(&topic.name)?;
        let configs = self.configs(topic)?;
        let partitions = if topic.assignments.is_empty() {
            self.place(topic)?
        } else {
            self.assign(topic)?
        };
        permits::take(self.permits, partitions.len())?;
        let id = self.emit(topic, &configs, &partitions);
        if topic.name.contains(['.', '_']) {
            self.taken
                .insert(topic.name.replace('.', "_"), topic.name.clone());
        }
        let replicas = partitions
            .first()
            .map_or(0, |partition| partition.replicas.len());
        Ok(CreatableTopicResult {
            name: topic.name.clone(),
            topic_id: id.0,
            num_partitions: i32::try_from(partitions.len()).expect("limited per request"),
            replication_factor: i16::try_from(replicas).expect("checked while assigning"),
            configs: Some(Vec::new()),
            error_message: None,
            ..Default::default()
        })
    }

    fn check_name(&self, name: &Str) -> Result<(), Refusal> {
        if **name == *topic_names::CLUSTER_METADATA {
            return Err(Refusal::invalid_request(format!(
                "Creation of internal topic {name} is prohibited."
            )));
        }
        if let Some(reason) = topic_names::reason_invalid(name) {
            return Err(Refusal::new(ErrorCode::INVALID_TOPIC_EXCEPTION, reason));
        }
        if self.image.topics.id_of(name).is_some() {
            let message = format!("Topic '{name}' already exists.");
            return Err(Refusal::new(ErrorCode::TOPIC_ALREADY_EXISTS, message));
        }
        let earlier = self
            .taken
            .get(&name.replace('.', "_"))
            .map(|taken| &**taken);
        let existing = self.image.topics.collision(name).map(|found| &**found);
        match existing.or(earlier.filter(|_| name.contains(['.', '_']))) {
            Some(found) => {
                let message = format!("Topic '{name}' collides with existing topic: {found}");
                Err(Refusal::new(ErrorCode::INVALID_TOPIC_EXCEPTION, message))
            }
            None => Ok(()),
        }
    }

    fn configs(&self, topic: &CreatableTopic) -> Result<ConfigValues, Refusal> {
        let without_value: Vec<&str> = topic
            .configs
            .iter()
            .filter(|config| config.value.is_none())
            .map(|config| &*config.name)
            .collect();
        if !without_value.is_empty() {
            let names = without_value.join(",");
            let message = format!("Null value not supported for topic configs: {names}");
            return Err(Refusal::new(ErrorCode::INVALID_CONFIG, message));
        }
        let values: ConfigValues = topic
            .configs
            .iter()
            .filter_map(|config| {
                Some((
                    Arc::from(&*config.name),
                    Arc::from(config.value.as_deref()?),
                ))
            })
            .collect();
        let resource = ConfigResource::topic(&topic.name);
        // A removed topic takes its configs along, so a new one starts with none.
        configs::check_values(
            self.image,
            self.rules,
            &resource,
            &ConfigValues::new(),
            &values,
        )?;
        Ok(values)
    }

    fn place(&mut self, topic: &CreatableTopic) -> Result<Vec<Partition>, Refusal> {
        if topic.replication_factor < -1 || topic.replication_factor == 0 {
            let message =
                "Replication factor must be larger than 0, or -1 to use the default value.";
            return Err(Refusal::new(ErrorCode::INVALID_REPLICATION_FACTOR, message));
        }
        if topic.num_partitions < -1 || topic.num_partitions == 0 {
            let message = "Number of partitions was set to an invalid non-positive value.";
            return Err(Refusal::new(ErrorCode::INVALID_PARTITIONS, message));
        }
        let partitions = if topic.num_partitions == -1 {
            self.rules.default_partitions()
        } else {
            topic.num_partitions
        };
        let factor = match topic.replication_factor {
            -1 => self.rules.default_replication_factor(),
            factor => factor,
        };
        let mut placer = Placer::new(self.image, self.dice);
        let replicas = placer
            .check(factor)
            .map_err(|reason| assignment::unreplicated(factor, &reason))?;
        assignment::place(self.image, &mut placer, partitions, replicas)
    }

    fn assign(&self, topic: &CreatableTopic) -> Result<Vec<Partition>, Refusal> {
        for (value, what) in [
            (i32::from(topic.replication_factor), "replication factor"),
            (topic.num_partitions, "numPartitions"),
        ] {
            if value != -1 {
                let message = format!(
                    "A manual partition assignment was specified, but {what} was not set to -1."
                );
                return Err(Refusal::invalid_request(message));
            }
        }
        let mut partitions = BTreeMap::new();
        let mut factor = None;
        for manual in &topic.assignments {
            let index = manual.partition_index;
            if partitions.contains_key(&index) {
                let message =
                    format!("Found multiple manual partition assignments for partition {index}");
                return Err(Refusal::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message));
            }
            let replicas: Vec<BrokerId> = manual.broker_ids.iter().copied().map(BrokerId).collect();
            partitions.insert(
                index,
                assignment::manual(self.image, &replicas, factor, index)?,
            );
            factor = Some(replicas.len());
        }
        if partitions
            .keys()
            .zip(0..)
            .any(|(index, expected)| *index != expected)
        {
            let message = "partitions should be a consecutive 0-based integer sequence";
            return Err(Refusal::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message));
        }
        Ok(partitions.into_values().collect())
    }

    /// Topic, configs, partitions: in this order, as in Kafka, so that a broker knows the configs before it opens a log.
    fn emit(
        &mut self,
        topic: &CreatableTopic,
        configs: &ConfigValues,
        partitions: &[Partition],
    ) -> TopicId {
        let id = self.unused_id();
        let created = TopicRecord {
            name: topic.name.clone(),
            topic_id: id.0,
            ..Default::default()
        };
        self.records.push(MetadataRecord::Topic(created));
        let resource = ConfigResource::topic(&topic.name);
        for (name, value) in configs {
            self.records.push(MetadataRecord::Config(config_record(
                &resource,
                name,
                Some(value),
            )));
        }
        for (index, partition) in (0..).zip(partitions) {
            self.records
                .push(MetadataRecord::Partition(partition.to_record(id, index)));
        }
        id
    }

    fn unused_id(&mut self) -> TopicId {
        loop {
            let id = TopicId(self.dice.uuid());
            if self.image.topics.by_id(id).is_none() {
                return id;
            }
        }
    }
}
