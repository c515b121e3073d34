//! The topics and ACLs that are to be there (`ottla.provision.file`): from JSON to what is asked of the controller. Pure.
//!
//! ```json
//! {"topics": [{"name": "orders", "partitions": 6, "replicationFactor": 3, "config": {"retention.ms": 604800000}}],
//!  "acls": [{"principal": "User:shop", "resourceType": "topic", "resourceName": "orders", "patternType": "prefixed",
//!            "operations": ["Read", "Write"], "host": "*", "permission": "allow"}]}
//! ```
//! Only names, principals, types and operations must be there. What is not known is refused: a misspelt word would be a topic unlike the
//! one that was meant.

use ottla_controller::acl::{Operation, PatternType, Permission, ResourceType};
use ottla_controller::image::Image;
use ottla_protocol::Str;
use ottla_protocol::messages::create_acls::{AclCreation, CreateAclsRequest};
use ottla_protocol::messages::create_partitions::{CreatePartitionsRequest, CreatePartitionsTopic};
use ottla_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use serde_json::{Map, Value};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provision {
    topics: Vec<CreatableTopic>,
    acls: Vec<AclCreation>,
}

impl Provision {
    /// # Errors
    /// The sentence that says what does not fit.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        let value: Value =
            serde_json::from_slice(json).map_err(|error| format!("it is not JSON: {error}"))?;
        let whole = Fields::of(&value, "the file", &["topics", "acls"])?;
        let topics = whole.list("topics")?.iter().map(topic);
        let acls = whole.list("acls")?.iter().map(acl);
        let acls: Vec<Vec<AclCreation>> = acls.collect::<Result<_, _>>()?;
        Ok(Self {
            topics: topics.collect::<Result<_, _>>()?,
            acls: acls.into_iter().flatten().collect(),
        })
    }

    /// The topics that are missing.
    pub fn to_create(&self, image: &Image) -> Option<CreateTopicsRequest> {
        let topics = self.topics.iter();
        let missing = topics.filter(|topic| image.topics.by_name(&topic.name).is_none());
        let topics: Vec<CreatableTopic> = missing.cloned().collect();
        (!topics.is_empty()).then(|| CreateTopicsRequest {
            topics,
            ..Default::default()
        })
    }

    /// The topics that have fewer partitions than they are to have.
    pub fn to_grow(&self, image: &Image) -> Option<CreatePartitionsRequest> {
        let topics = self.topics.iter().filter(|topic| {
            let found = image.topics.by_name(&topic.name);
            found.is_some_and(|found| found.partition_count() < topic.num_partitions)
        });
        let topics: Vec<CreatePartitionsTopic> = topics
            .map(|topic| CreatePartitionsTopic {
                name: topic.name.clone(),
                count: topic.num_partitions,
                assignments: None,
                ..Default::default()
            })
            .collect();
        (!topics.is_empty()).then(|| CreatePartitionsRequest {
            topics,
            ..Default::default()
        })
    }

    /// Every ACL: those that are there are not made twice.
    pub fn acls(&self) -> Option<CreateAclsRequest> {
        (!self.acls.is_empty()).then(|| CreateAclsRequest {
            creations: self.acls.clone(),
            ..Default::default()
        })
    }
}

fn topic(value: &Value) -> Result<CreatableTopic, String> {
    let known = ["name", "partitions", "replicationFactor", "config"];
    let fields = Fields::of(value, "a topic", &known)?;
    let configs = match fields.0.get("config") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Object(configs)) => configs.iter().map(config).collect::<Result<_, _>>()?,
        Some(_) => return Err("the config of a topic is not an object".to_owned()),
    };
    Ok(CreatableTopic {
        name: fields.text("name")?.into(),
        num_partitions: fields.count("partitions")?,
        replication_factor: i16::try_from(fields.count("replicationFactor")?)
            .map_err(|_| "replicationFactor is too large".to_owned())?,
        configs,
        ..Default::default()
    })
}

fn config((name, value): (&String, &Value)) -> Result<CreatableTopicConfig, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => return Err(format!("the config {name} of a topic is not a text")),
    };
    Ok(CreatableTopicConfig {
        name: name.as_str().into(),
        value: Some(text.as_str().into()),
        ..Default::default()
    })
}

/// One entry per operation.
fn acl(value: &Value) -> Result<Vec<AclCreation>, String> {
    let known = [
        "principal",
        "resourceType",
        "resourceName",
        "patternType",
        "operations",
        "host",
        "permission",
    ];
    let fields = Fields::of(value, "an ACL", &known)?;
    let resource_type = fields.one_of("resourceType", ResourceType::ALL, ResourceType::name)?;
    let pattern_type = match fields.0.contains_key("patternType") {
        true => fields.one_of("patternType", PatternType::ALL, PatternType::name)?,
        false => PatternType::Literal,
    };
    let permission = match fields.0.contains_key("permission") {
        true => fields.one_of("permission", Permission::ALL, Permission::name)?,
        false => Permission::Allow,
    };
    let host = match fields.0.contains_key("host") {
        true => fields.text("host")?,
        false => "*",
    };
    let resource_name = match resource_type == ResourceType::Cluster {
        true => ottla_controller::acl::CLUSTER_NAME,
        false => fields.text("resourceName")?,
    };
    let operations = fields.list("operations")?;
    if operations.is_empty() {
        return Err("an ACL has no operations".to_owned());
    }
    let entry = |operation: &Value| {
        let name = operation.as_str().unwrap_or_default();
        let operation = named(name, "operations", Operation::ALL, Operation::name)?;
        Ok(AclCreation {
            resource_type: resource_type.to_wire(),
            resource_name: resource_name.into(),
            resource_pattern_type: pattern_type.to_wire(),
            principal: Str::from(fields.text("principal")?),
            host: host.into(),
            operation: operation.to_wire(),
            permission_type: permission.to_wire(),
            ..Default::default()
        })
    };
    operations.iter().map(entry).collect()
}

/// In any case, and with or without the underscore: `TransactionalId`, `transactional_id`.
fn named<T: Copy>(
    text: &str,
    field: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, String> {
    let plain = |text: &str| text.replace('_', "").to_uppercase();
    let found = all.iter().find(|one| plain(name(**one)) == plain(text));
    found.copied().ok_or_else(|| {
        let allowed: Vec<&str> = all.iter().map(|one| name(*one)).collect();
        format!("{field}: `{text}` is none of {}", allowed.join(", "))
    })
}

struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    fn of(value: &'a Value, what: &str, known: &[&str]) -> Result<Self, String> {
        let fields = value
            .as_object()
            .ok_or_else(|| format!("{what} is not an object"))?;
        let unknown = fields.keys().find(|name| !known.contains(&name.as_str()));
        match unknown {
            Some(name) => Err(format!(
                "{what} has no {name}; it may have {}",
                known.join(", ")
            )),
            None => Ok(Self(fields)),
        }
    }

    fn text(&self, name: &str) -> Result<&'a str, String> {
        let text = self.0.get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty())
            .ok_or_else(|| format!("{name} is missing, or no text"))
    }

    fn list(&self, name: &str) -> Result<&'a [Value], String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(&[]),
            Some(Value::Array(entries)) => Ok(entries),
            Some(_) => Err(format!("{name} is not a list")),
        }
    }

    /// -1, which is the broker's default, where it is not said.
    fn count(&self, name: &str) -> Result<i32, String> {
        let Some(value) = self.0.get(name).filter(|value| !value.is_null()) else {
            return Ok(-1);
        };
        let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
        number
            .filter(|number| *number > 0 || *number == -1)
            .ok_or_else(|| format!("{name}: {value} is not a number above 0"))
    }

    fn one_of<T: Copy>(
        &self,
        field: &str,
        all: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Result<T, String> {
        named(self.text(field)?, field, all, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_and_acls_are_read_with_their_defaults() {
        let json = br#"{"topics": [{"name": "a"}, {"name": "b", "partitions": 2, "replicationFactor": 1, "config": {"retention.ms": 5, "cleanup.policy": "delete"}}],
            "acls": [{"principal": "User:x", "resourceType": "topic", "resourceName": "a", "operations": ["Read", "DESCRIBE_CONFIGS"]},
                     {"principal": "User:x", "resourceType": "Cluster", "operations": ["IdempotentWrite"], "permission": "deny", "host": "10.0.0.0/8"}]}"#;
        let read = Provision::parse(json).unwrap();
        let topics: Vec<_> = read
            .topics
            .iter()
            .map(|topic| {
                (
                    &*topic.name,
                    topic.num_partitions,
                    topic.replication_factor,
                    topic.configs.len(),
                )
            })
            .collect();
        assert_eq!(topics, [("a", -1, -1, 0), ("b", 2, 1, 2)]);
        let acls: Vec<_> = read
            .acls
            .iter()
            .map(|acl| {
                (
                    &*acl.resource_name,
                    acl.operation,
                    acl.permission_type,
                    &*acl.host,
                )
            })
            .collect();
        assert_eq!(
            acls,
            [
                ("a", 3, 3, "*"),
                ("a", 10, 3, "*"),
                ("kafka-cluster", 12, 2, "10.0.0.0/8")
            ]
        );
        assert_eq!(Provision::parse(b"{}"), Ok(Provision::default()));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (json, part) in [
            ("[]", "is not an object"),
            ("{", "is not JSON"),
            (r#"{"topic": []}"#, "has no topic"),
            (r#"{"topics": [{"partitions": 3}]}"#, "name is missing"),
            (
                r#"{"topics": [{"name": "a", "partitions": 0}]}"#,
                "not a number above 0",
            ),
            (
                r#"{"topics": [{"name": "a", "replicas": 3}]}"#,
                "has no replicas",
            ),
            (
                r#"{"acls": [{"principal": "User:x", "resourceType": "topics", "resourceName": "a"}]}"#,
                "`topics` is none of TOPIC",
            ),
            (
                r#"{"acls": [{"principal": "User:x", "resourceType": "topic", "resourceName": "a"}]}"#,
                "no operations",
            ),
        ] {
            let error = Provision::parse(json.as_bytes()).unwrap_err();
            assert!(error.contains(part), "{json}: {error}");
        }
    }
}
