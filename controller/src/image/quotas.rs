//! What clients may use (KIP-546, KIP-612): limits by user, client id, both, or address, as they were set.
//!
//! Which of several limits holds for a client is the business of the broker's `src/quota`.

use super::ApplyError;
use imbl::OrdMap;
use ottla_protocol::Str;
use ottla_protocol::records::metadata::{ClientQuotaRecord, EntityData};
use std::fmt;
use std::sync::Arc;

/// One part of an entity: somebody, or everybody who has no limit of their own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whom {
    Default,
    Named(Arc<str>),
}

/// Whose limits: a user, a client id, both together, or an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct QuotaEntity {
    pub user: Option<Whom>,
    pub client_id: Option<Whom>,
    pub ip: Option<Whom>,
}

/// What kind of part an entity has (`ClientQuotaEntity`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QuotaEntityKind {
    User,
    ClientId,
    Ip,
}

/// A limit; compared bit by bit, so that images can be.
#[derive(Clone, Copy, Debug)]
pub struct QuotaLimit(pub f64);

impl PartialEq for QuotaLimit {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for QuotaLimit {}

/// The limits of one entity, by key (`producer_byte_rate`, …).
pub type QuotaLimits = OrdMap<Arc<str>, QuotaLimit>;

/// Every limit that was set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientQuotas {
    by_entity: OrdMap<QuotaEntity, QuotaLimits>,
}

impl QuotaEntityKind {
    pub const ALL: [Self; 3] = [Self::User, Self::ClientId, Self::Ip];

    /// As requests and records name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::ClientId => "client-id",
            Self::Ip => "ip",
        }
    }

    /// `None` for a name that Kafka does not know.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl Whom {
    /// As requests and records say it: no name is the default.
    pub fn from_wire(name: Option<&str>) -> Self {
        name.map_or(Self::Default, |name| Self::Named(name.into()))
    }

    /// `None` for the default.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Default => None,
            Self::Named(name) => Some(name),
        }
    }
}

impl QuotaEntity {
    /// The part of this kind.
    pub fn part(&self, kind: QuotaEntityKind) -> Option<&Whom> {
        match kind {
            QuotaEntityKind::User => self.user.as_ref(),
            QuotaEntityKind::ClientId => self.client_id.as_ref(),
            QuotaEntityKind::Ip => self.ip.as_ref(),
        }
    }

    /// Sets the part of this kind; what it was before.
    pub fn set(&mut self, kind: QuotaEntityKind, whom: Whom) -> Option<Whom> {
        let part = match kind {
            QuotaEntityKind::User => &mut self.user,
            QuotaEntityKind::ClientId => &mut self.client_id,
            QuotaEntityKind::Ip => &mut self.ip,
        };
        part.replace(whom)
    }

    /// The parts that it has.
    pub fn parts(&self) -> impl Iterator<Item = (QuotaEntityKind, &Whom)> {
        let part = |kind| Some((kind, self.part(kind)?));
        QuotaEntityKind::ALL.into_iter().filter_map(part)
    }

    fn from_record(parts: &[EntityData]) -> Result<Self, ApplyError> {
        let mut entity = Self::default();
        for part in parts {
            let unknown = || ApplyError::UnknownQuotaEntity {
                kind: part.entity_type.to_string(),
            };
            let kind = QuotaEntityKind::from_name(&part.entity_type).ok_or_else(unknown)?;
            entity.set(kind, Whom::from_wire(part.entity_name.as_deref()));
        }
        Ok(entity)
    }
}

impl fmt::Display for QuotaEntity {
    /// As Kafka prints it in error messages (`ClientQuotaEntity`).
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self
            .parts()
            .map(|(kind, whom)| format!("{}={}", kind.name(), whom.name().unwrap_or("null")));
        let parts: Vec<_> = parts.collect();
        write!(to, "ClientQuotaEntity(entries={{{}}})", parts.join(", "))
    }
}

impl ClientQuotas {
    /// The limits that were set for an entity; `None` if none were.
    pub fn of(&self, entity: &QuotaEntity) -> Option<&QuotaLimits> {
        self.by_entity.get(entity)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&QuotaEntity, &QuotaLimits)> {
        self.by_entity.iter()
    }

    /// The records that state them.
    pub fn to_records(&self) -> impl Iterator<Item = ClientQuotaRecord> + '_ {
        self.iter().flat_map(|(entity, limits)| {
            limits
                .iter()
                .map(move |(key, limit)| quota_record(entity, key, Some(*limit)))
        })
    }

    pub(super) fn apply(&mut self, record: &ClientQuotaRecord) -> Result<(), ApplyError> {
        let entity = QuotaEntity::from_record(&record.entity)?;
        let mut limits = self.by_entity.get(&entity).cloned().unwrap_or_default();
        if record.remove {
            limits.remove(&*record.key);
        } else {
            limits.insert((&*record.key).into(), QuotaLimit(record.value));
        }
        if limits.is_empty() {
            self.by_entity.remove(&entity);
        } else {
            self.by_entity.insert(entity, limits);
        }
        Ok(())
    }
}

/// The record that sets a limit, or with `None` removes it.
pub fn quota_record(
    entity: &QuotaEntity,
    key: &str,
    limit: Option<QuotaLimit>,
) -> ClientQuotaRecord {
    let part = |(kind, whom): (QuotaEntityKind, &Whom)| EntityData {
        entity_type: Str::from_static(kind.name()),
        entity_name: whom.name().map(Str::from),
        ..Default::default()
    };
    ClientQuotaRecord {
        entity: entity.parts().map(part).collect(),
        key: key.into(),
        value: limit.map_or(0.0, |limit| limit.0),
        remove: limit.is_none(),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(user: Option<&str>) -> QuotaEntity {
        QuotaEntity {
            user: Some(Whom::from_wire(user)),
            ..Default::default()
        }
    }

    #[test]
    fn limits_come_and_go_and_an_entity_without_any_is_gone() {
        let mut quotas = ClientQuotas::default();
        for (user, key, limit) in [
            (Some("a"), "producer_byte_rate", Some(5.0)),
            (None, "producer_byte_rate", Some(6.0)),
            (Some("a"), "consumer_byte_rate", Some(7.0)),
            (Some("a"), "producer_byte_rate", None),
        ] {
            let record = quota_record(&entity(user), key, limit.map(QuotaLimit));
            quotas.apply(&record).unwrap();
        }
        let left: Vec<_> = quotas.of(&entity(Some("a"))).unwrap().iter().collect();
        assert_eq!(left, [(&"consumer_byte_rate".into(), &QuotaLimit(7.0))]);
        let mut stated = ClientQuotas::default();
        for record in quotas.to_records() {
            stated.apply(&record).unwrap();
        }
        assert_eq!(stated, quotas);
        let record = quota_record(&entity(None), "producer_byte_rate", None);
        quotas.apply(&record).unwrap();
        assert_eq!(quotas.of(&entity(None)), None);
    }
}
