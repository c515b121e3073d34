//! ApiVersions (key 18), versions 0–4: what this broker serves, before anything else is said.
//!
//! * 3 (KIP-511, KIP-584): the client names its software; features
//! * 4 (KAFKA-17011): features whose lowest level is 0 are listed; older clients cannot read them
//!
//! A request of a version above is answered as version 0 with UNSUPPORTED_VERSION and the range of ApiVersions itself, so that the
//! client can ask again. Produce is advertised from 0 although its versions 0–2 are gone: librdkafka up to 2.11.0 compresses only when it
//! sees version 0 in the range (KAFKA-18659). Version 5 (KIP-1242) comes with the 4.4 surface.
//!
//! Amid a SASL exchange it is answered with ILLEGAL_SASL_STATE and the connection is closed. Kafka answers any other request so, too; here
//! the connection is only closed: a client that goes on although its bearer token was refused takes such an answer to Metadata for an
//! empty cluster (aiokafka waits for ever).
//!
//! Differences from Kafka: the forwarded APIs' ranges are not intersected with the active controller's.

use super::{APIS, Api, Context, Gate, Listener, Meta, Needs, Reply, Scope};
use ottla_controller::Image;
use ottla_controller::image::{SUPPORTED, VersionRange};
use ottla_protocol::messages::api_versions::{
    ApiVersion, ApiVersionsRequest, ApiVersionsResponse, FinalizedFeatureKey, SupportedFeatureKey,
};
use ottla_protocol::{ApiKey, ErrorCode};
use std::ops::RangeInclusive;
use std::sync::Arc;

pub struct ApiVersions;

impl Api for ApiVersions {
    type Request = ApiVersionsRequest;
    const VERSIONS: RangeInclusive<i16> = 0..=4;
    const NEEDS: Needs = &[];
    const GATE: Gate = Gate::Open;
    const SCOPE: Scope = Scope::Everywhere;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: ApiVersionsRequest,
    ) -> Reply<ApiVersionsResponse> {
        if meta.sasl.as_ref().is_some_and(|sasl| sasl.is_over()) {
            return amid_authentication(&context).await;
        }
        if meta.api_version >= 3 {
            let software = super::ClientSoftware {
                // Kept as long as the connection, and the frame must not be.
                name: request.client_software_name.detached(),
                version: request.client_software_version.detached(),
            };
            if !is_software_name(&software.name) || !is_software_name(&software.version) {
                return Reply::Now(ApiVersionsResponse {
                    error_code: ErrorCode::INVALID_REQUEST,
                    ..Default::default()
                });
            }
            let clients = &context.metrics.clients;
            let (name, version) = (software.name.clone(), software.version.clone());
            // A second ApiVersions on one connection says the same; the first stays.
            if meta.peer.software.set(software).is_ok() {
                clients.named(&name, &version);
            }
        }
        let image = context.metadata.image();
        Reply::Now(answer(&image, meta.api_version, &meta.peer.listener))
    }
}

/// As Kafka answers after the usual delay, and then closes (`SaslServerAuthenticator.handleSaslToken`).
async fn amid_authentication(context: &Context) -> Reply<ApiVersionsResponse> {
    tokio::time::sleep(context.logins.settings.failed_delay).await;
    let answer = ApiVersionsResponse {
        error_code: ErrorCode::ILLEGAL_SASL_STATE,
        ..Default::default()
    };
    Reply::Last(answer, "ApiVersions during SASL authentication".to_owned())
}

fn answer(image: &Image, version: i16, listener: &Listener) -> ApiVersionsResponse {
    let is_listed = |(_, range): &&(&str, VersionRange)| version >= 4 || range.min > 0;
    let supported = SUPPORTED.iter().filter(is_listed);
    ApiVersionsResponse {
        api_keys: APIS
            .iter()
            .filter(|api| api.is_advertised_on(listener))
            .map(|api| row(api.key, api.advertised_from, *api.versions.end()))
            .collect(),
        supported_features: supported
            .map(|(name, range)| supported_feature(name, *range))
            .collect(),
        finalized_features_epoch: image.offset.0,
        finalized_features: image
            .features
            .iter()
            .map(|(name, level)| finalized_feature(name, level))
            .collect(),
        ..Default::default()
    }
}

/// The answer to a version that does not exist; to be encoded as version 0.
pub(super) fn unsupported_version() -> ApiVersionsResponse {
    let (lowest, highest) = (*ApiVersions::VERSIONS.start(), *ApiVersions::VERSIONS.end());
    ApiVersionsResponse {
        error_code: ErrorCode::UNSUPPORTED_VERSION,
        api_keys: vec![row(ApiKey::API_VERSIONS, lowest, highest)],
        ..Default::default()
    }
}

fn row(key: ApiKey, min_version: i16, max_version: i16) -> ApiVersion {
    ApiVersion {
        api_key: key.0,
        min_version,
        max_version,
        ..Default::default()
    }
}

fn supported_feature(name: &str, range: VersionRange) -> SupportedFeatureKey {
    SupportedFeatureKey {
        name: name.into(),
        min_version: range.min,
        max_version: range.max,
        ..Default::default()
    }
}

fn finalized_feature(name: &str, level: i16) -> FinalizedFeatureKey {
    FinalizedFeatureKey {
        name: name.into(),
        min_version_level: level,
        max_version_level: level,
        ..Default::default()
    }
}

/// `[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?` (KIP-511).
fn is_software_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let ends_well = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    ends_well(bytes.first()) && ends_well(bytes.last()) && bytes.iter().all(inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_controller::MetadataOffset;
    use ottla_controller::image::feature_record;
    use ottla_protocol::records::metadata::MetadataRecord;
    use ottla_protocol::{Decoder, Encoder, Message};

    #[test]
    fn a_software_name_begins_and_ends_with_a_letter_or_digit() {
        for name in ["a", "librdkafka", "apache-kafka-java", "2.3.0", "1"] {
            assert!(is_software_name(name), "{name}");
        }
        for name in ["", "-a", "a-", ".", "a b", "a_b", "ä"] {
            assert!(!is_software_name(name), "{name}");
        }
    }

    fn image() -> Image {
        let levels = [("metadata.version", 30), ("kraft.version", 1)];
        let records =
            levels.map(|(name, level)| MetadataRecord::FeatureLevel(feature_record(name, level)));
        Image::from_records(MetadataOffset(5), &records).unwrap()
    }

    fn clients() -> Listener {
        Listener {
            name: "PLAINTEXT".to_owned(),
            protocol: crate::config::SecurityProtocol::Plaintext,
            advertised: crate::api::Endpoint {
                host: "h".into(),
                port: 1,
            },
            serves: crate::api::Serves::CLIENTS,
        }
    }

    #[test]
    fn a_controller_listener_names_what_controllers_serve_and_nothing_private() {
        let listener = Listener {
            serves: crate::api::Serves {
                clients: false,
                controllers: true,
                quorum: true,
            },
            ..clients()
        };
        let keys: Vec<ApiKey> = answer(&image(), 4, &listener)
            .api_keys
            .iter()
            .map(|api| ApiKey(api.api_key))
            .collect();
        for key in [
            ApiKey::ENVELOPE,
            ApiKey::BROKER_HEARTBEAT,
            ApiKey::CREATE_TOPICS,
        ] {
            assert!(keys.contains(&key), "{key}");
        }
        assert!(!keys.contains(&ApiKey::PRODUCE) && keys.iter().all(|key| key.0 < 1000));
    }

    /// What a client reads of an answer in this version.
    fn read(response: &ApiVersionsResponse, version: i16) -> ApiVersionsResponse {
        let mut to = Encoder::new();
        response.encode(&mut to, version).unwrap();
        ApiVersionsResponse::decode(&mut Decoder::new(to.into_bytes()), version).unwrap()
    }

    #[test]
    fn features_are_told_as_each_version_can_read_them() {
        for version in 0..=4 {
            let response = read(&answer(&image(), version, &clients()), version);
            let supported: Vec<_> = response
                .supported_features
                .iter()
                .map(|feature| &*feature.name)
                .collect();
            match version {
                0..=2 => assert!(supported.is_empty()),
                // KAFKA-17011: what may be 0 is not told to those who cannot read it.
                3 => assert_eq!(supported, ["metadata.version"]),
                _ => assert!(supported.contains(&"kraft.version"), "{supported:?}"),
            }
            let epoch = if version >= 3 { 5 } else { -1 };
            assert_eq!(response.finalized_features_epoch, epoch);
            let finalized = if version >= 3 { 2 } else { 0 };
            assert_eq!(response.finalized_features.len(), finalized);
            let served = APIS.iter().filter(|api| api.scope != Scope::Controllers);
            let served = served.filter(|api| api.scope != Scope::Quorum);
            assert_eq!(response.api_keys.len(), served.count());
        }
    }

    #[test]
    fn an_unknown_version_is_told_the_range_in_version_zero() {
        let response = read(&unsupported_version(), 0);
        assert_eq!(response.error_code, ErrorCode::UNSUPPORTED_VERSION);
        assert_eq!(response.api_keys, [row(ApiKey::API_VERSIONS, 0, 4)]);
    }
}
