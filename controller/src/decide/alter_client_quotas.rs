//! AlterClientQuotas (49): sets and removes limits of clients (KIP-546, KIP-612).
//!
//! Rules and messages: Kafka's `ClientQuotaControlManager`. Differs in one: an address is a literal one, because the controller asks no
//! name server.

use super::Refusal;
use crate::image::{Image, QuotaEntity, QuotaEntityKind, QuotaLimit, Whom, quota_record};
use crate::outcome::Outcome;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::alter_client_quotas::{
    AlterClientQuotasRequest, AlterClientQuotasResponse, EntityData, OpData, ResponseEntryData,
};
use ottla_protocol::records::metadata::MetadataRecord;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What a limit's number may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Any,
    /// A whole number up to this.
    Whole(&'static str, i64),
}

const OF_CLIENTS: &[(&str, Number)] = &[
    ("producer_byte_rate", Number::Whole("LONG", i64::MAX)),
    ("consumer_byte_rate", Number::Whole("LONG", i64::MAX)),
    ("request_percentage", Number::Any),
    ("controller_mutation_rate", Number::Any),
];
const OF_ADDRESSES: &[(&str, Number)] = &[(
    "connection_creation_rate",
    Number::Whole("INT", i32::MAX as i64),
)];
/// How far from whole a number may be (`getErrorForIntegralQuotaValue`).
const WHOLE_WITHIN: f64 = 1e-6;

/// Decides a request, entity by entity.
pub fn alter_client_quotas(
    image: &Image,
    request: &AlterClientQuotasRequest,
) -> Outcome<AlterClientQuotasResponse> {
    let mut records = Vec::new();
    let mut seen = BTreeSet::new();
    let entries = request.entries.iter().map(|entry| {
        let altered = entity(&entry.entity).and_then(|entity| {
            if !seen.insert(entity.clone()) {
                let message = format!("Ignoring duplicate entity {entity}");
                return Err(Refusal::invalid_request(message));
            }
            alter(image, &entity, &entry.ops)
        });
        let (error_code, error_message) = match altered {
            Ok(mut changes) => {
                records.append(&mut changes);
                (ErrorCode::NONE, None)
            }
            Err(refusal) => (refusal.code, refusal.message),
        };
        ResponseEntryData {
            error_code,
            error_message,
            entity: entry.entity.clone(),
            ..Default::default()
        }
    });
    let entries = entries.collect();
    if request.validate_only {
        records.clear();
    }
    Outcome {
        records,
        response: AlterClientQuotasResponse {
            entries,
            ..Default::default()
        },
    }
}

fn entity(parts: &[EntityData]) -> Result<QuotaEntity, Refusal> {
    if parts.is_empty() {
        return Err(Refusal::invalid_request(
            "Invalid empty client quota entity",
        ));
    }
    let mut entity = QuotaEntity::default();
    for part in parts {
        let name = &part.entity_type;
        let unknown =
            || Refusal::invalid_request(format!("Unhandled client quota entity type: {name}"));
        let kind = QuotaEntityKind::from_name(name).ok_or_else(unknown)?;
        let whom = part.entity_name.as_deref();
        if entity.set(kind, Whom::from_wire(whom)).is_some() {
            return Err(Refusal::invalid_request(format!(
                "Invalid client quota entity, duplicate entity entry {name}"
            )));
        }
        if whom == Some("") {
            return Err(Refusal::invalid_request(format!(
                "Empty {name} not supported"
            )));
        }
    }
    Ok(entity)
}

fn alter(
    image: &Image,
    entity: &QuotaEntity,
    ops: &[OpData],
) -> Result<Vec<MetadataRecord>, Refusal> {
    let keys = keys_of(entity)?;
    let mut wanted: BTreeMap<&str, Option<f64>> = BTreeMap::new();
    for op in ops {
        let value = (!op.remove).then_some(op.value);
        if wanted.insert(&op.key, value).is_some() {
            let key = &op.key;
            return Err(Refusal::invalid_request(format!(
                "Duplicate quota key {key} not updating quota for this entity {entity}"
            )));
        }
    }
    let current = image.client_quotas.of(entity);
    let mut records = Vec::new();
    for (key, value) in wanted {
        if let Some(value) = value {
            check(keys, key, value)?;
        }
        let value = value.map(QuotaLimit);
        if current.and_then(|limits| limits.get(key)).copied() != value {
            let record = quota_record(entity, key, value);
            records.push(MetadataRecord::ClientQuota(record));
        }
    }
    Ok(records)
}

fn keys_of(entity: &QuotaEntity) -> Result<&'static [(&'static str, Number)], Refusal> {
    match &entity.ip {
        None => Ok(OF_CLIENTS),
        Some(_) if entity.user.is_some() || entity.client_id.is_some() => {
            Err(Refusal::invalid_request(
                "Invalid quota entity combination, IP entity should not be combined with User or ClientId",
            ))
        }
        Some(Whom::Named(name)) if name.parse::<IpAddr>().is_err() => {
            let message = format!("{name} is not a valid IP or resolvable host.");
            Err(Refusal::invalid_request(message))
        }
        Some(_) => Ok(OF_ADDRESSES),
    }
}

fn check(keys: &[(&str, Number)], key: &str, value: f64) -> Result<(), Refusal> {
    let refuse = |message: String| Err(Refusal::invalid_request(message));
    let Some((_, number)) = keys.iter().find(|(name, _)| *name == key) else {
        return refuse(format!("Invalid configuration key {key}"));
    };
    // Kafka lets what is no number pass.
    if value.is_nan() || value <= 0.0 {
        return refuse(format!("Quota {key} must be greater than 0"));
    }
    match number {
        Number::Whole(kind, max) if value > *max as f64 => refuse(format!(
            "Proposed value for {key} is too large for a {kind}."
        )),
        Number::Whole(..) if (value % 1.0).abs() > WHOLE_WITHIN => {
            refuse(format!("{key} cannot be a fractional value."))
        }
        _ => Ok(()),
    }
}
