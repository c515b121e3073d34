//! DescribeClientQuotas (48): the limits that match a filter (KIP-546). Rules and messages: Kafka's `ClientQuotasImage.describe`.

use super::Refusal;
use crate::image::{Image, QuotaEntity, QuotaEntityKind, QuotaLimits, Whom};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::describe_client_quotas::{
    ComponentData, DescribeClientQuotasRequest, DescribeClientQuotasResponse, EntityData,
    EntryData, ValueData,
};
use std::collections::BTreeMap;

const EXACT: i8 = 0;
const DEFAULT: i8 = 1;
const SPECIFIED: i8 = 2;

/// What a part of an entity must be; `None` is anything at all.
type Wanted = BTreeMap<QuotaEntityKind, Option<Whom>>;

/// Answers a request.
pub fn describe_client_quotas(
    image: &Image,
    request: &DescribeClientQuotasRequest,
) -> DescribeClientQuotasResponse {
    match wanted(&request.components) {
        Ok(wanted) => {
            let found = image.client_quotas.iter();
            let found = found.filter(|(entity, _)| matches(entity, &wanted, request.strict));
            DescribeClientQuotasResponse {
                entries: Some(
                    found
                        .map(|(entity, limits)| entry(entity, limits))
                        .collect(),
                ),
                ..Default::default()
            }
        }
        Err(refusal) => DescribeClientQuotasResponse {
            error_code: refusal.code,
            error_message: refusal.message,
            entries: None,
            ..Default::default()
        },
    }
}

fn wanted(components: &[ComponentData]) -> Result<Wanted, Refusal> {
    let mut wanted = Wanted::new();
    for component in components {
        let name = &component.entity_type;
        if name.is_empty() {
            return Err(Refusal::invalid_request("Invalid empty entity type."));
        }
        let Some(kind) = QuotaEntityKind::from_name(name) else {
            let message = format!("Unsupported entity type {name}");
            return Err(Refusal::new(ErrorCode::UNSUPPORTED_VERSION, message));
        };
        if wanted.insert(kind, whom(component)?).is_some() {
            return Err(Refusal::invalid_request(format!(
                "Entity type {name} cannot appear more than once in the filter."
            )));
        }
    }
    if wanted.contains_key(&QuotaEntityKind::Ip) && wanted.len() > 1 {
        return Err(Refusal::invalid_request(
            "Invalid entity filter component combination. IP filter component should not be used with user or clientId filter component.",
        ));
    }
    Ok(wanted)
}

fn whom(component: &ComponentData) -> Result<Option<Whom>, Refusal> {
    let refuse = |message: &'static str| Err(Refusal::invalid_request(message));
    match (component.match_type, component.r#match.as_deref()) {
        (EXACT, Some(name)) => Ok(Some(Whom::Named(name.into()))),
        (EXACT, None) => {
            refuse("Request specified MATCH_TYPE_EXACT, but set match string to null.")
        }
        (DEFAULT, None) => Ok(Some(Whom::Default)),
        (DEFAULT, Some(_)) => {
            refuse("Request specified MATCH_TYPE_DEFAULT, but also specified a match string.")
        }
        (SPECIFIED, None) => Ok(None),
        (SPECIFIED, Some(_)) => {
            refuse("Request specified MATCH_TYPE_SPECIFIED, but also specified a match string.")
        }
        (other, _) => Err(Refusal::invalid_request(format!(
            "Unknown match type {other}"
        ))),
    }
}

fn matches(entity: &QuotaEntity, wanted: &Wanted, is_strict: bool) -> bool {
    let has_all = wanted.iter().all(|(kind, whom)| {
        let part = entity.part(*kind);
        part.is_some_and(|part| whom.as_ref().is_none_or(|whom| whom == part))
    });
    has_all && (!is_strict || entity.parts().count() == wanted.len())
}

fn entry(entity: &QuotaEntity, limits: &QuotaLimits) -> EntryData {
    let part = |(kind, whom): (QuotaEntityKind, &Whom)| EntityData {
        entity_type: kind.name().into(),
        entity_name: whom.name().map(Into::into),
        ..Default::default()
    };
    EntryData {
        entity: entity.parts().map(part).collect(),
        values: limits
            .iter()
            .map(|(key, limit)| ValueData {
                key: (&**key).into(),
                value: limit.0,
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    }
}
