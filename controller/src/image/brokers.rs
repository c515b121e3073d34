//! Registered brokers: where they listen, what they support, whether they are fenced.

use super::ApplyError;
use crate::ids::{BrokerEpoch, BrokerId, directory};
use imbl::OrdMap;
use imbl::ordmap::DiffIter;
use imbl::shared_ptr::DefaultSharedPtr;
use ottla_protocol::Uuid;
use ottla_protocol::records::metadata::{
    BrokerEndpoint, BrokerFeature, BrokerRegistrationChangeRecord, FenceBrokerRecord,
    RegisterBrokerRecord, UnfenceBrokerRecord, UnregisterBrokerRecord,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where a broker advertises one of its listeners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The listener's name; names are unique per broker.
    pub listener: Arc<str>,
    pub host: Arc<str>,
    pub port: u16,
    /// Kafka's number of the security protocol: 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.
    pub security_protocol: i16,
}

/// The versions of a feature that a node supports, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionRange {
    pub min: i16,
    pub max: i16,
}

impl VersionRange {
    /// Whether `level` lies in the range.
    pub fn contains(self, level: i16) -> bool {
        (self.min..=self.max).contains(&level)
    }
}

/// One registered broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    pub id: BrokerId,
    pub epoch: BrokerEpoch,
    /// Drawn anew at every start of the process.
    pub incarnation: Uuid,
    pub endpoints: Box<[Endpoint]>,
    pub features: BTreeMap<Arc<str>, VersionRange>,
    pub rack: Option<Arc<str>>,
    pub fenced: bool,
    pub in_controlled_shutdown: bool,
    /// The directories that are online, sorted.
    pub log_dirs: Box<[Uuid]>,
    /// Directories that take no new replica (KIP-1066); `None` where the broker does not say.
    pub cordoned_log_dirs: Option<Box<[Uuid]>>,
}

impl Broker {
    /// Whether it may lead, be in an ISR and be handed to clients.
    pub fn is_active(&self) -> bool {
        !self.fenced && !self.in_controlled_shutdown
    }

    /// Where it advertises `listener`.
    pub fn endpoint(&self, listener: &str) -> Option<&Endpoint> {
        self.endpoints
            .iter()
            .find(|endpoint| &*endpoint.listener == listener)
    }

    /// Whether the directory is online on this broker; a broker that names none has not said and is believed (KIP-858).
    pub fn has_online_directory(&self, directory: Uuid) -> bool {
        match directory {
            directory::UNASSIGNED | directory::MIGRATING => true,
            directory::LOST => false,
            named => self.log_dirs.is_empty() || self.log_dirs.contains(&named),
        }
    }

    /// Whether it takes new replicas: not all of its directories are cordoned (KIP-1066).
    pub fn has_uncordoned_directory(&self) -> bool {
        match &self.cordoned_log_dirs {
            Some(cordoned) if !self.log_dirs.is_empty() => {
                self.log_dirs.iter().any(|it| !cordoned.contains(it))
            }
            _ => true,
        }
    }

    /// The record that states this broker in full, as a snapshot holds it.
    pub fn to_record(&self) -> RegisterBrokerRecord {
        RegisterBrokerRecord {
            broker_id: self.id.0,
            incarnation_id: self.incarnation,
            broker_epoch: self.epoch.0,
            end_points: self.endpoints.iter().map(endpoint_to_record).collect(),
            features: self.features.iter().map(feature_to_record).collect(),
            rack: self.rack.as_deref().map(Into::into),
            fenced: self.fenced,
            in_controlled_shutdown: self.in_controlled_shutdown,
            log_dirs: self.log_dirs.to_vec(),
            cordoned_log_dirs: self.cordoned_log_dirs.as_ref().map(|dirs| dirs.to_vec()),
            ..Default::default()
        }
    }

    fn from_record(record: &RegisterBrokerRecord) -> Self {
        Broker {
            id: BrokerId(record.broker_id),
            epoch: BrokerEpoch(record.broker_epoch),
            incarnation: record.incarnation_id,
            endpoints: record.end_points.iter().map(endpoint_from_record).collect(),
            features: record
                .features
                .iter()
                .map(|feature| {
                    let range = VersionRange {
                        min: feature.min_supported_version,
                        max: feature.max_supported_version,
                    };
                    (Arc::from(&*feature.name), range)
                })
                .collect(),
            rack: record.rack.as_deref().map(Arc::from),
            fenced: record.fenced,
            in_controlled_shutdown: record.in_controlled_shutdown,
            log_dirs: sorted(&record.log_dirs),
            cordoned_log_dirs: record.cordoned_log_dirs.as_deref().map(sorted),
        }
    }
}

/// Every registered broker, fenced ones included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brokers {
    by_id: OrdMap<BrokerId, Arc<Broker>>,
}

impl Brokers {
    /// The broker with this id, fenced or not.
    pub fn get(&self, id: BrokerId) -> Option<&Arc<Broker>> {
        self.by_id.get(&id)
    }

    /// Whether it is registered, not fenced and not shutting down.
    pub fn is_active(&self, id: BrokerId) -> bool {
        self.get(id).is_some_and(|broker| broker.is_active())
    }

    /// All brokers by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Broker>> {
        self.by_id.values()
    }

    /// How many are registered.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(crate) fn diff<'a>(
        &'a self,
        after: &'a Self,
    ) -> DiffIter<'a, 'a, BrokerId, Arc<Broker>, DefaultSharedPtr> {
        self.by_id.diff(&after.by_id)
    }

    pub(super) fn register(&mut self, record: &RegisterBrokerRecord) -> BrokerId {
        let broker = Broker::from_record(record);
        let id = broker.id;
        self.by_id.insert(id, Arc::new(broker));
        id
    }

    pub(super) fn unregister(
        &mut self,
        record: &UnregisterBrokerRecord,
    ) -> Result<BrokerId, ApplyError> {
        let id = BrokerId(record.broker_id);
        self.of_epoch(id, record.broker_epoch)?;
        self.by_id.remove(&id);
        Ok(id)
    }

    pub(super) fn fence(&mut self, record: &FenceBrokerRecord) -> Result<BrokerId, ApplyError> {
        let broker = self.of_epoch(BrokerId(record.id), record.epoch)?;
        broker.fenced = true;
        Ok(broker.id)
    }

    pub(super) fn unfence(&mut self, record: &UnfenceBrokerRecord) -> Result<BrokerId, ApplyError> {
        let broker = self.of_epoch(BrokerId(record.id), record.epoch)?;
        broker.fenced = false;
        Ok(broker.id)
    }

    pub(super) fn change(
        &mut self,
        record: &BrokerRegistrationChangeRecord,
    ) -> Result<BrokerId, ApplyError> {
        let broker = self.of_epoch(BrokerId(record.broker_id), record.broker_epoch)?;
        match record.fenced {
            1 => broker.fenced = true,
            -1 => broker.fenced = false,
            _ => {}
        }
        if record.in_controlled_shutdown == 1 {
            broker.in_controlled_shutdown = true;
        }
        if !record.log_dirs.is_empty() {
            broker.log_dirs = sorted(&record.log_dirs);
        }
        if let Some(cordoned) = record.cordoned_log_dirs.as_deref() {
            broker.cordoned_log_dirs = Some(sorted(cordoned));
        }
        Ok(broker.id)
    }

    fn of_epoch(&mut self, id: BrokerId, epoch: i64) -> Result<&mut Broker, ApplyError> {
        let epoch = BrokerEpoch(epoch);
        let broker = self
            .by_id
            .get_mut(&id)
            .ok_or(ApplyError::UnknownBroker { id, epoch })?;
        if broker.epoch != epoch {
            return Err(ApplyError::UnknownBroker { id, epoch });
        }
        Ok(Arc::make_mut(broker))
    }
}

fn endpoint_from_record(record: &BrokerEndpoint) -> Endpoint {
    Endpoint {
        listener: Arc::from(&*record.name),
        host: Arc::from(&*record.host),
        port: record.port,
        security_protocol: record.security_protocol,
    }
}

fn endpoint_to_record(endpoint: &Endpoint) -> BrokerEndpoint {
    BrokerEndpoint {
        name: (&*endpoint.listener).into(),
        host: (&*endpoint.host).into(),
        port: endpoint.port,
        security_protocol: endpoint.security_protocol,
        ..Default::default()
    }
}

fn feature_to_record((name, range): (&Arc<str>, &VersionRange)) -> BrokerFeature {
    BrokerFeature {
        name: (&**name).into(),
        min_supported_version: range.min,
        max_supported_version: range.max,
        ..Default::default()
    }
}

fn sorted(directories: &[Uuid]) -> Box<[Uuid]> {
    let mut directories: Box<[Uuid]> = directories.into();
    directories.sort_unstable();
    directories
}
