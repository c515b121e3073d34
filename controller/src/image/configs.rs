//! Configuration that was set by clients, by resource: what the metadata overrides, not what applies in the end.
//!
//! Which value applies (topic, broker, cluster default, the node's file, Kafka's default) is the business of `src/config`.

use imbl::OrdMap;
use imbl::ordmap::DiffIter;
use imbl::shared_ptr::DefaultSharedPtr;
use ottla_protocol::records::metadata::ConfigRecord;
use std::fmt;
use std::sync::Arc;

/// What a config belongs to (Kafka's `ConfigResource.Type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    Topic,
    Broker,
    BrokerLogger,
    ClientMetrics,
    Group,
}

impl ResourceKind {
    /// The number that requests and records carry.
    pub fn to_wire(self) -> i8 {
        match self {
            ResourceKind::Topic => 2,
            ResourceKind::Broker => 4,
            ResourceKind::BrokerLogger => 8,
            ResourceKind::ClientMetrics => 16,
            ResourceKind::Group => 32,
        }
    }

    /// `None` for a number that Kafka does not define, and for 0, its "unknown".
    pub fn from_wire(value: i8) -> Option<Self> {
        Some(match value {
            2 => ResourceKind::Topic,
            4 => ResourceKind::Broker,
            8 => ResourceKind::BrokerLogger,
            16 => ResourceKind::ClientMetrics,
            32 => ResourceKind::Group,
            _ => return None,
        })
    }
}

/// One owner of configs. A broker with the empty name is the cluster's default for all brokers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigResource {
    pub kind: ResourceKind,
    pub name: Arc<str>,
}

impl ConfigResource {
    /// The resource of this kind and name.
    pub fn new(kind: ResourceKind, name: impl Into<Arc<str>>) -> Self {
        ConfigResource {
            kind,
            name: name.into(),
        }
    }

    /// The topic of this name.
    pub fn topic(name: &str) -> Self {
        Self::new(ResourceKind::Topic, name)
    }

    /// The defaults of all brokers.
    pub fn cluster_default() -> Self {
        Self::new(ResourceKind::Broker, "")
    }

    /// One broker.
    pub fn broker(id: crate::ids::BrokerId) -> Self {
        Self::new(ResourceKind::Broker, id.to_string())
    }
}

impl fmt::Display for ConfigResource {
    /// As Kafka prints it in error messages.
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ResourceKind::Topic => "TOPIC",
            ResourceKind::Broker => "BROKER",
            ResourceKind::BrokerLogger => "BROKER_LOGGER",
            ResourceKind::ClientMetrics => "CLIENT_METRICS",
            ResourceKind::Group => "GROUP",
        };
        write!(to, "ConfigResource(type={kind}, name='{}')", self.name)
    }
}

/// The configs of one resource, by name.
pub type ConfigValues = OrdMap<Arc<str>, Arc<str>>;

/// Every config that was set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configs {
    by_resource: OrdMap<ConfigResource, Arc<ConfigValues>>,
}

impl Configs {
    /// What was set for a resource; `None` if nothing was.
    pub fn of(&self, resource: &ConfigResource) -> Option<&Arc<ConfigValues>> {
        self.by_resource.get(resource)
    }

    /// One value that was set for a resource.
    pub fn value(&self, resource: &ConfigResource, name: &str) -> Option<&Arc<str>> {
        self.by_resource.get(resource)?.get(name)
    }

    /// All resources with configs, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&ConfigResource, &Arc<ConfigValues>)> {
        self.by_resource.iter()
    }

    pub(crate) fn diff<'a>(
        &'a self,
        after: &'a Self,
    ) -> DiffIter<'a, 'a, ConfigResource, Arc<ConfigValues>, DefaultSharedPtr> {
        self.by_resource.diff(&after.by_resource)
    }

    pub(super) fn apply(&mut self, record: &ConfigRecord) -> Option<ConfigResource> {
        let kind = ResourceKind::from_wire(record.resource_type)?;
        let resource = ConfigResource::new(kind, &*record.resource_name);
        let mut values = self.by_resource.get(&resource).cloned().unwrap_or_default();
        match record.value.as_deref() {
            Some(value) => {
                Arc::make_mut(&mut values).insert(Arc::from(&*record.name), Arc::from(value))
            }
            None => Arc::make_mut(&mut values).remove(&*record.name),
        };
        if values.is_empty() {
            self.by_resource.remove(&resource);
        } else {
            self.by_resource.insert(resource.clone(), values);
        }
        Some(resource)
    }

    /// Whether there was anything to remove.
    pub(super) fn remove(&mut self, resource: &ConfigResource) -> bool {
        self.by_resource.remove(resource).is_some()
    }
}

/// The record that sets or, without a value, removes a config.
pub fn config_record(resource: &ConfigResource, name: &str, value: Option<&str>) -> ConfigRecord {
    ConfigRecord {
        resource_type: resource.kind.to_wire(),
        resource_name: (&*resource.name).into(),
        name: name.into(),
        value: value.map(Into::into),
        ..Default::default()
    }
}
