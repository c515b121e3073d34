//! The rules that decide what a version can carry, each on the message where it matters.

use ottla_protocol::messages::api_versions::{
    ApiVersion, ApiVersionsResponse, FinalizedFeatureKey,
};
use ottla_protocol::messages::fetch::FetchRequest;
use ottla_protocol::messages::heartbeat::HeartbeatRequest;
use ottla_protocol::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use ottla_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use ottla_protocol::messages::share_fetch;
use ottla_protocol::records::consumer_offsets::consumer::{
    ClassicMemberMetadata, ConsumerGroupMemberMetadataValue,
};
use ottla_protocol::wire::RawTaggedField;
use ottla_protocol::{
    Bytes, DecodeError, Decoder, EncodeError, Encoder, ErrorCode, Message, Records, TaggedFields,
};

fn encoded<M: Message>(message: &M, version: i16) -> Result<Bytes, EncodeError> {
    let mut to = Encoder::new();
    message.encode(&mut to, version)?;
    Ok(to.into_bytes())
}

fn decoded<M: Message>(bytes: &Bytes, version: i16) -> Result<M, DecodeError> {
    M::decode(&mut Decoder::new(bytes.clone()), version)
}

#[test]
fn the_answer_to_an_unknown_version_of_api_versions_is_written_in_version_0() {
    let response = ApiVersionsResponse {
        error_code: ErrorCode::UNSUPPORTED_VERSION,
        api_keys: vec![ApiVersion {
            api_key: 18,
            min_version: 0,
            max_version: 5,
            ..Default::default()
        }],
        finalized_features_epoch: 3,
        finalized_features: vec![FinalizedFeatureKey {
            name: "metadata.version".into(),
            ..Default::default()
        }],
        ..Default::default()
    };
    assert_eq!(
        encoded(&response, 0).expect("encodes")[..],
        [0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 5]
    );
}

#[test]
fn a_set_field_is_dropped_by_a_version_without_it_only_when_it_is_ignorable() {
    let static_member = HeartbeatRequest {
        group_instance_id: Some("one".into()),
        ..Default::default()
    };
    let refused = EncodeError::FieldNotInVersion {
        field: "group_instance_id",
        version: 2,
    };
    assert_eq!(encoded(&static_member, 2), Err(refused));
    let rack = FetchRequest {
        rack_id: "r".into(),
        ..Default::default()
    };
    assert_eq!(encoded(&rack, 4), encoded(&FetchRequest::default(), 4));
}

#[test]
fn null_is_refused_by_a_version_that_has_no_null_there() {
    let all_topics = MetadataRequest {
        topics: None,
        ..Default::default()
    };
    let refused = EncodeError::NullNotInVersion {
        field: "topics",
        version: 0,
    };
    assert_eq!(encoded(&all_topics, 0), Err(refused));
    let null = encoded(&all_topics, 1).expect("version 1 has it");
    assert_eq!(
        decoded::<MetadataRequest>(&null, 0),
        Err(DecodeError::UnexpectedNull)
    );

    let by_id = MetadataRequestTopic {
        name: None,
        ..Default::default()
    };
    let by_id = MetadataRequest {
        topics: Some(vec![by_id]),
        ..Default::default()
    };
    assert!(encoded(&by_id, 9).is_err() && encoded(&by_id, 10).is_ok());
}

#[test]
fn records_that_cannot_be_null_are_refused_when_they_are() {
    let partition = share_fetch::PartitionData::default();
    assert_eq!(partition.records, Records::Null);
    let topic = share_fetch::ShareFetchableTopicResponse {
        partitions: vec![partition],
        ..Default::default()
    };
    let response = share_fetch::ShareFetchResponse {
        responses: vec![topic],
        ..Default::default()
    };
    assert!(matches!(
        encoded(&response, 1),
        Err(EncodeError::NullNotInVersion {
            field: "records",
            ..
        })
    ));
}

#[test]
fn tagged_fields_at_their_defaults_are_left_out_and_unknown_ones_are_merged_by_tag() {
    let raw = |tag| RawTaggedField {
        tag,
        content: Bytes::from_static(&[9]),
    };
    let request = FetchRequest {
        unknown_tagged_fields: TaggedFields::new(vec![raw(7), raw(3)]),
        ..Default::default()
    };
    let plain = encoded(&FetchRequest::default(), 15).expect("encodes");
    assert_eq!(plain.last(), Some(&0), "no tagged field");

    let both = FetchRequest {
        cluster_id: Some("c".into()),
        ..request
    };
    let bytes = encoded(&both, 15).expect("encodes");
    assert_eq!(
        bytes[plain.len() - 1..],
        [3, 0, 2, 2, b'c', 3, 1, 9, 7, 1, 9]
    );
    assert_eq!(decoded(&bytes, 15), Ok(both.clone()));
    assert_eq!(
        encoded(&both, 11),
        Err(EncodeError::TagsNotInVersion { version: 11 })
    );
}

#[test]
fn a_tag_of_a_later_version_is_refused() {
    let mut bytes = encoded(&FetchRequest::default(), 12)
        .expect("encodes")
        .to_vec();
    bytes.pop();
    bytes.extend([1, 1, 1, 0]);
    let refused = DecodeError::TagNotInVersion {
        tag: 1,
        version: 12,
    };
    assert_eq!(decoded::<FetchRequest>(&bytes.into(), 12), Err(refused));
}

/// Kafka's default of the field is an empty struct, not null; so a member without it carries an explicit null.
#[test]
fn a_member_that_does_not_speak_the_classic_protocol_says_so() {
    let member = ConsumerGroupMemberMetadataValue {
        classic_member_metadata: None,
        ..Default::default()
    };
    let bytes = encoded(&member, 0).expect("encodes");
    assert_eq!(bytes[bytes.len() - 4..], [1, 0, 1, 0]);
    assert_eq!(decoded(&bytes, 0), Ok(member));
    let default = ConsumerGroupMemberMetadataValue::default();
    assert_eq!(
        default.classic_member_metadata,
        Some(ClassicMemberMetadata::default())
    );
}

#[test]
fn decoded_names_and_records_are_slices_of_the_input() {
    let records = Bytes::from(vec![5; 10_000]);
    let request = ProduceRequest {
        topic_data: vec![TopicProduceData {
            name: "topic".into(),
            partition_data: vec![PartitionProduceData {
                records: records.clone().into(),
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    let input = encoded(&request, 9).expect("encodes");
    let within = |pointer: *const u8| input.as_ptr_range().contains(&pointer);
    let decoded: ProduceRequest = decoded(&input, 9).expect("decodes");
    assert_eq!(decoded, request);
    let topic = &decoded.topic_data[0];
    assert!(within(topic.name.as_ptr()));
    assert!(within(
        topic.partition_data[0]
            .records
            .bytes()
            .expect("bytes")
            .as_ptr()
    ));
}

#[test]
fn what_follows_a_message_is_seen_by_finish() {
    let mut from = Decoder::new(Bytes::from_static(&[0, 0, 1]));
    assert!(ottla_protocol::messages::heartbeat::HeartbeatResponse::decode(&mut from, 0).is_ok());
    assert_eq!(from.finish(), Err(DecodeError::TrailingBytes(1)));
}

#[test]
fn versions_outside_the_range_are_refused_on_both_sides() {
    let (message, version) = ("ProduceRequest", 2);
    assert_eq!(
        encoded(&ProduceRequest::default(), 2),
        Err(EncodeError::UnsupportedVersion { message, version })
    );
    assert_eq!(
        decoded::<ProduceRequest>(&Bytes::new(), 2),
        Err(DecodeError::UnsupportedVersion { message, version })
    );
}
