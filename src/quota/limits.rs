//! Which limit holds for whom: `ClientQuotaManager.DefaultQuotaCallback`. Pure.
//!
//! ```text
//!   user and client · user and any client · user · any user and client · any user and any client · any user · client · any client
//! ```
//! The first of these for which a limit was set decides, also with whom it is shared: a limit of a user is that user's with all clients, a
//! limit that names a client, or any, is each client's own.

use ottla_controller::image::{ClientQuotas, QuotaEntity, Whom};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Bytes of produce requests per second.
    Produce,
    /// Bytes of fetch answers per second.
    Fetch,
    /// Percent of a thread's time.
    Request,
    /// Partitions created and deleted per second.
    Mutation,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Produce, Self::Fetch, Self::Request, Self::Mutation];

    /// The key that limits it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Produce => "producer_byte_rate",
            Self::Fetch => "consumer_byte_rate",
            Self::Request => "request_percentage",
            Self::Mutation => "controller_mutation_rate",
        }
    }

    /// As metrics name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Produce => "produce",
            Self::Fetch => "fetch",
            Self::Request => "request",
            Self::Mutation => "mutation",
        }
    }
}

/// With whom a limit is shared. An empty name: with all of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tags {
    pub user: Arc<str>,
    pub client_id: Arc<str>,
}

/// The limits of one kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    of: BTreeMap<(Option<Whom>, Option<Whom>), f64>,
}

impl Limits {
    /// Those that were set.
    pub fn of(quotas: &ClientQuotas, kind: Kind) -> Self {
        let of_clients = quotas.iter().filter(|(entity, _)| entity.ip.is_none());
        let limits = of_clients.filter_map(|(entity, limits)| {
            let limit = limits.get(kind.key())?;
            Some(((entity.user.clone(), entity.client_id.clone()), limit.0))
        });
        Self {
            of: limits.collect(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// The limit of a client and with whom it is shared; `None` when there is none.
    pub fn find(&self, user: &str, client_id: &str) -> Option<(Tags, f64)> {
        let tags = |user: &str, client_id: &str| Tags {
            user: user.into(),
            client_id: client_id.into(),
        };
        let named = |name: &str| Some(Whom::Named(name.into()));
        let anybody = || Some(Whom::Default);
        let candidates = [
            (named(user), named(client_id)),
            (named(user), anybody()),
            (named(user), None),
            (anybody(), named(client_id)),
            (anybody(), anybody()),
            (anybody(), None),
            (None, named(client_id)),
            (None, anybody()),
        ];
        candidates.into_iter().find_map(|candidate| {
            let limit = *self.of.get(&candidate)?;
            let shared = match candidate {
                (Some(_), Some(_)) => tags(user, client_id),
                (Some(_), None) => tags(user, ""),
                (None, _) => tags("", client_id),
            };
            Some((shared, limit))
        })
    }
}

/// Connections per second that addresses may make (KIP-612): of each named one, and of every other.
pub fn connection_rates(quotas: &ClientQuotas) -> (BTreeMap<IpAddr, u32>, Option<u32>) {
    let key = "connection_creation_rate";
    let rate = |entity: &QuotaEntity| {
        let limit = quotas.of(entity)?.get(key)?.0;
        // It was checked to be a whole number when it was set.
        Some(limit.clamp(0.0, f64::from(i32::MAX)) as u32)
    };
    let mut named = BTreeMap::new();
    let mut others = None;
    for (entity, _) in quotas.iter() {
        match &entity.ip {
            None => {}
            Some(Whom::Default) => others = rate(entity),
            Some(Whom::Named(address)) => {
                let address = address
                    .parse()
                    .ok()
                    .map(|address: IpAddr| address.to_canonical());
                named.extend(address.zip(rate(entity)));
            }
        }
    }
    (named, others)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use ottla_controller::delta::Delta;
    use ottla_controller::image::{Image, QuotaLimit, quota_record};
    use ottla_protocol::records::metadata::MetadataRecord;

    /// An entity: `-` for no part, `*` for the default.
    pub fn quotas(set: &[(&str, &str, &str, f64)]) -> ClientQuotas {
        let whom = |name: &str| match name {
            "-" => None,
            "*" => Some(Whom::Default),
            name => Some(Whom::Named(name.into())),
        };
        let (mut image, mut delta) = (Image::default(), Delta::default());
        for (user, client_id, key, limit) in set {
            let entity = QuotaEntity {
                user: whom(user),
                client_id: whom(client_id),
                ip: None,
            };
            let record = quota_record(&entity, key, Some(QuotaLimit(*limit)));
            image
                .apply(&MetadataRecord::ClientQuota(record), &mut delta)
                .unwrap();
        }
        image.client_quotas
    }

    #[test]
    fn the_nearest_limit_holds_in_kafkas_order_and_says_with_whom_it_is_shared() {
        let key = Kind::Produce.key();
        let order = [
            ("ann", "app", "ann/app"),
            ("ann", "*", "ann/app"),
            ("ann", "-", "ann/"),
            ("*", "app", "ann/app"),
            ("*", "*", "ann/app"),
            ("*", "-", "ann/"),
            ("-", "app", "/app"),
            ("-", "*", "/app"),
        ];
        for first in 0..order.len() {
            let set: Vec<_> = (first..order.len())
                .map(|number| (order[number].0, order[number].1, key, number as f64 + 1.0))
                .collect();
            let limits = Limits::of(&quotas(&set), Kind::Produce);
            let (tags, limit) = limits.find("ann", "app").unwrap();
            assert_eq!(limit, first as f64 + 1.0);
            assert_eq!(format!("{}/{}", tags.user, tags.client_id), order[first].2);
        }
        let limits = Limits::of(&quotas(&[("ann", "-", key, 1.0)]), Kind::Produce);
        assert_eq!(limits.find("bob", "app"), None);
        assert!(Limits::of(&quotas(&[("ann", "-", key, 1.0)]), Kind::Fetch).is_empty());
    }
}
