//! Whatever was decided: replaying its records, or loading a snapshot of them, gives the same image.

use crate::support::{Lenient, registration, topic};
use ottla_controller::decide::{self, ConfigRules};
use ottla_controller::delta::Delta;
use ottla_controller::{Dice, Image, Liveness};
use ottla_protocol::messages::allocate_producer_ids::AllocateProducerIdsRequest;
use ottla_protocol::messages::broker_heartbeat::BrokerHeartbeatRequest;
use ottla_protocol::messages::create_acls::{AclCreation, CreateAclsRequest};
use ottla_protocol::messages::create_partitions::{CreatePartitionsRequest, CreatePartitionsTopic};
use ottla_protocol::messages::delete_acls::{DeleteAclsFilter, DeleteAclsRequest};
use ottla_protocol::messages::delete_topics::DeleteTopicsRequest;
use ottla_protocol::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use ottla_protocol::messages::unregister_broker::UnregisterBrokerRequest;
use ottla_protocol::records::metadata::MetadataRecord;
use proptest::prelude::*;
use std::time::Duration;

#[derive(Clone, Debug)]
enum Step {
    Register {
        broker: i32,
        incarnation: u8,
        clean: bool,
    },
    Heartbeat {
        broker: i32,
        want_fence: bool,
        want_shut_down: bool,
    },
    Unregister {
        broker: i32,
    },
    Silence,
    Create {
        name: u8,
        partitions: i32,
        replicas: i16,
    },
    Grow {
        name: u8,
        by: i32,
    },
    Delete {
        name: u8,
    },
    Configure {
        kind: i8,
        name: u8,
        key: u8,
        operation: i8,
    },
    ProducerIds {
        broker: i32,
    },
    AddAcl {
        name: u8,
        operation: i8,
    },
    RemoveAcls {
        name: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let broker = 1..4i32;
    prop_oneof![
        (broker.clone(), 0..3u8, any::<bool>()).prop_map(|(broker, incarnation, clean)| {
            Step::Register {
                broker,
                incarnation,
                clean,
            }
        }),
        (broker.clone(), any::<bool>(), any::<bool>()).prop_map(
            |(broker, want_fence, want_shut_down)| {
                Step::Heartbeat {
                    broker,
                    want_fence,
                    want_shut_down,
                }
            }
        ),
        broker.clone().prop_map(|broker| Step::Heartbeat {
            broker,
            want_fence: false,
            want_shut_down: false
        }),
        broker
            .clone()
            .prop_map(|broker| Step::Unregister { broker }),
        Just(Step::Silence),
        (0..6u8, -1..5i32, -1..4i16).prop_map(|(name, partitions, replicas)| Step::Create {
            name,
            partitions,
            replicas
        }),
        (0..6u8, 0..3i32).prop_map(|(name, by)| Step::Grow { name, by }),
        (0..6u8).prop_map(|name| Step::Delete { name }),
        (
            prop_oneof![Just(2i8), Just(4i8), Just(32i8)],
            0..6u8,
            0..4u8,
            0..4i8
        )
            .prop_map(|(kind, name, key, operation)| Step::Configure {
                kind,
                name,
                key,
                operation
            }),
        broker.prop_map(|broker| Step::ProducerIds { broker }),
        (0..3u8, 1..5i8).prop_map(|(name, operation)| Step::AddAcl { name, operation }),
        (0..3u8).prop_map(|name| Step::RemoveAcls { name }),
    ]
}

/// The live side: a decided image, and everything that was decided.
struct Live {
    image: Image,
    liveness: Liveness,
    dice: Dice,
    now: Duration,
    records: Vec<MetadataRecord>,
}

impl Live {
    fn new() -> Self {
        let mut live = Live {
            image: Image::default(),
            liveness: Liveness::new(Duration::from_secs(9)),
            dice: Dice::new(3),
            now: Duration::ZERO,
            records: Vec::new(),
        };
        let records = decide::bootstrap(&live.image, &Lenient, crate::support::CLUSTER).records;
        live.take(records);
        live
    }

    fn take(&mut self, records: Vec<MetadataRecord>) {
        let before = self.image.clone();
        let mut delta = Delta::default();
        for record in &records {
            self.image.apply(record, &mut delta).unwrap();
        }
        let differs = Delta::between(&before, &self.image);
        let mut merged = delta.clone();
        merged.merge(&differs);
        assert_eq!(
            merged, delta,
            "the delta names everything in which the images differ"
        );
        self.records.extend(records);
    }

    fn decide(&mut self, step: &Step) -> Vec<MetadataRecord> {
        let rules: &dyn ConfigRules = &Lenient;
        self.now += Duration::from_millis(100);
        match step {
            Step::Register {
                broker,
                incarnation,
                clean,
            } => {
                let known = self.image.brokers.get(ottla_controller::BrokerId(*broker));
                let previous = known.filter(|_| *clean).map_or(-1, |broker| broker.epoch.0);
                let request = registration(*broker, *incarnation, previous);
                decide::register_broker(&self.image, rules, &mut self.liveness, &request, self.now)
                    .records
            }
            Step::Heartbeat {
                broker,
                want_fence,
                want_shut_down,
            } => {
                let request = BrokerHeartbeatRequest {
                    broker_id: *broker,
                    broker_epoch: self.epoch(*broker),
                    current_metadata_offset: self.image.offset.0,
                    want_fence: *want_fence,
                    want_shut_down: *want_shut_down,
                    ..Default::default()
                };
                decide::broker_heartbeat(&self.image, rules, &mut self.liveness, &request, self.now)
                    .records
            }
            Step::Unregister { broker } => {
                let request = UnregisterBrokerRequest {
                    broker_id: *broker,
                    ..Default::default()
                };
                decide::unregister_broker(&self.image, rules, &mut self.liveness, &request).records
            }
            Step::Silence => {
                self.now += Duration::from_secs(10);
                decide::fence_silent_broker(&self.image, rules, &mut self.liveness, self.now)
                    .records
            }
            Step::Create {
                name,
                partitions,
                replicas,
            } => {
                let mut request = topic(&format!("t.{name}"), *partitions);
                request.topics[0].replication_factor = *replicas;
                decide::create_topics(&self.image, rules, &request, &mut self.dice).records
            }
            Step::Grow { name, by } => self.grow(*name, *by),
            Step::Delete { name } => {
                let name = format!("t.{name}");
                let request = DeleteTopicsRequest {
                    topic_names: vec![name.into()],
                    ..Default::default()
                };
                decide::delete_topics(&self.image, &request).records
            }
            Step::Configure {
                kind,
                name,
                key,
                operation,
            } => self.configure(*kind, *name, *key, *operation),
            Step::ProducerIds { broker } => {
                let request = AllocateProducerIdsRequest {
                    broker_id: *broker,
                    broker_epoch: self.epoch(*broker),
                    ..Default::default()
                };
                decide::allocate_producer_ids(&self.image, &request).records
            }
            Step::AddAcl { name, operation } => self.add_acl(*name, *operation),
            Step::RemoveAcls { name } => self.remove_acls(*name),
        }
    }

    fn grow(&mut self, name: u8, by: i32) -> Vec<MetadataRecord> {
        let name = format!("t.{name}");
        let has = self
            .image
            .topics
            .by_name(&name)
            .map_or(0, |topic| topic.partition_count());
        let topic = CreatePartitionsTopic {
            name: name.into(),
            count: has + by,
            ..Default::default()
        };
        let request = CreatePartitionsRequest {
            topics: vec![topic],
            ..Default::default()
        };
        decide::create_partitions(&self.image, &request, &mut self.dice).records
    }

    fn configure(&mut self, kind: i8, name: u8, key: u8, operation: i8) -> Vec<MetadataRecord> {
        let keys = [
            "cleanup.policy",
            "refused",
            "min.insync.replicas",
            "unclean.leader.election.enable",
        ];
        let config = AlterableConfig {
            name: keys[usize::from(key)].into(),
            config_operation: operation,
            value: Some(if key == 3 { "true".into() } else { "2".into() }),
            ..Default::default()
        };
        let resource_name = match kind {
            2 => format!("t.{name}"),
            4 if name == 0 => String::new(),
            _ => name.to_string(),
        };
        let resource = AlterConfigsResource {
            resource_type: kind,
            resource_name: resource_name.into(),
            configs: vec![config],
            ..Default::default()
        };
        let request = IncrementalAlterConfigsRequest {
            resources: vec![resource],
            ..Default::default()
        };
        decide::incremental_alter_configs(&self.image, &Lenient, &request).records
    }

    fn add_acl(&mut self, name: u8, operation: i8) -> Vec<MetadataRecord> {
        let creation = AclCreation {
            resource_type: 2,
            resource_name: format!("t.{name}").into(),
            principal: "User:a".into(),
            host: "*".into(),
            operation,
            permission_type: 3,
            ..Default::default()
        };
        let request = CreateAclsRequest {
            creations: vec![creation],
            ..Default::default()
        };
        decide::create_acls(&self.image, &request, &mut self.dice).records
    }

    fn remove_acls(&mut self, name: u8) -> Vec<MetadataRecord> {
        let filter = DeleteAclsFilter {
            resource_type_filter: 2,
            resource_name_filter: Some(format!("t.{name}").into()),
            principal_filter: None,
            host_filter: None,
            operation: 1,
            permission_type: 1,
            ..Default::default()
        };
        let request = DeleteAclsRequest {
            filters: vec![filter],
            ..Default::default()
        };
        decide::delete_acls(&self.image, &request).records
    }

    fn epoch(&self, broker: i32) -> i64 {
        let known = self.image.brokers.get(ottla_controller::BrokerId(broker));
        known.map_or(-1, |broker| broker.epoch.0)
    }
}

/// What must hold in every image.
fn check_invariants(image: &Image) {
    for (topic, index, partition) in image.topics.partitions() {
        let at = format!("{}-{index}", topic.name);
        assert_eq!(
            partition.replicas.len(),
            partition.directories.len(),
            "{at}"
        );
        if let Some(leader) = partition.leader {
            assert!(
                partition.isr.contains(&leader),
                "{at}: the leader is in sync"
            );
            assert!(
                image
                    .brokers
                    .get(leader)
                    .is_some_and(|broker| !broker.fenced),
                "{at}: the leader is alive"
            );
        }
        for replica in partition
            .isr
            .iter()
            .chain(&partition.eligible_leader_replicas)
        {
            assert!(
                partition.replicas.contains(replica),
                "{at}: {replica} holds a replica"
            );
        }
        let both = partition
            .isr
            .iter()
            .any(|replica| partition.eligible_leader_replicas.contains(replica));
        assert!(!both, "{at}: nobody is in sync and eligible at once");
        assert!(
            index < topic.partition_count(),
            "{at}: partitions are numbered without a gap"
        );
    }
    for (resource, _) in image.configs.iter() {
        let topic = resource.kind == ottla_controller::image::ResourceKind::Topic;
        assert!(
            !topic || image.topics.by_name(&resource.name).is_some(),
            "{resource} has configs and no topic"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn replay_and_snapshot_give_the_live_image(steps in prop::collection::vec(step(), 1..60)) {
        let mut live = Live::new();
        for step in &steps {
            let records = live.decide(step);
            live.take(records);
            check_invariants(&live.image);
        }
        let mut replayed = Image::default();
        for record in &live.records {
            replayed.apply(record, &mut Delta::default()).unwrap();
        }
        prop_assert_eq!(&replayed, &live.image);
        prop_assert_eq!(usize::try_from(live.image.offset.0 + 1).unwrap(), live.records.len());
        let snapshot: Vec<MetadataRecord> = live.image.to_records().collect();
        let loaded = Image::from_records(live.image.offset, &snapshot).unwrap();
        prop_assert_eq!(&loaded, &live.image);
        prop_assert!(Delta::between(&loaded, &live.image).is_empty());
    }
}
