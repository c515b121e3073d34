//! Topics listed and described.

use crate::cli::catalog::{Catalog, Partition, Topic};
use crate::cli::client::{Client, ClientError};
use crate::cli::json::Json;
use crate::cli::offsets::{At, Offsets, offsets};
use crate::cli::report::{Failure, Report};
use crate::cli::table::table;
use ottla_protocol::messages::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult,
};
use ottla_protocol::{ErrorCode, Str};

const RESOURCE_TOPIC: i8 = 2;
/// `ConfigSource.DYNAMIC_TOPIC_CONFIG`.
const OF_THE_TOPIC: i8 = 1;

/// # Errors
/// See [`Failure`].
pub async fn list(client: &Client, internal: bool) -> Result<Report, Failure> {
    let catalog = Catalog::of(client, None).await?;
    let topics = catalog.topics.iter();
    let topics: Vec<&Topic> = topics.filter(|one| internal || !one.is_internal).collect();
    let row = |topic: &&Topic| {
        vec![
            topic.name.clone(),
            topic.partitions.len().to_string(),
            replication(topic).to_string(),
        ]
    };
    let rows: Vec<_> = topics.iter().map(row).collect();
    let object = |topic: &&Topic| {
        Json::Object(vec![
            ("topic", topic.name.as_str().into()),
            ("id", topic.id.to_string().into()),
            ("partitions", topic.partitions.len().into()),
            ("replication_factor", replication(topic).into()),
            ("internal", topic.is_internal.into()),
        ])
    };
    Ok(Report::new(
        table(&["TOPIC", "PARTITIONS", "REPLICAS"], &rows),
        Json::List(topics.iter().map(object).collect()),
    ))
}

fn replication(topic: &Topic) -> usize {
    let counts = topic.partitions.iter().map(|one| one.replicas.len());
    counts.max().unwrap_or(0)
}

/// # Errors
/// See [`Failure`]. Offsets that are not known are left out.
pub async fn describe(client: &Client, names: &[String]) -> Result<Report, Failure> {
    let (mut texts, mut objects) = (Vec::new(), Vec::new());
    for name in names {
        let topic = Catalog::topic(client, name).await?;
        let catalog = Catalog {
            topics: vec![topic.clone()],
            brokers: Vec::new(),
        };
        let starts = offsets(client, &catalog, catalog.keys(), At::Earliest).await;
        let ends = offsets(client, &catalog, catalog.keys(), At::Latest).await;
        let described = Described {
            configs: configs(client, name).await?,
            starts: starts.unwrap_or_default(),
            ends: ends.unwrap_or_default(),
            topic,
        };
        texts.push(described.text());
        objects.push(described.json());
    }
    Ok(Report::new(texts.join("\n\n"), Json::List(objects)))
}

/// What is set for the topic itself.
async fn configs(client: &Client, name: &str) -> Result<Vec<(String, String)>, ClientError> {
    let request = DescribeConfigsRequest {
        resources: vec![DescribeConfigsResource {
            resource_type: RESOURCE_TOPIC,
            resource_name: Str::from(name),
            configuration_keys: None,
            ..Default::default()
        }],
        ..Default::default()
    };
    let mut found = Vec::new();
    for result in client.ask(&request).await?.results {
        // Who may see a topic need not see its configuration.
        if result.error_code == ErrorCode::TOPIC_AUTHORIZATION_FAILED {
            continue;
        }
        let message = result.error_message.as_ref();
        ClientError::check("describing the configuration", result.error_code, message)?;
        let is_own = |one: &DescribeConfigsResourceResult| one.config_source == OF_THE_TOPIC;
        for config in result.configs.into_iter().filter(is_own) {
            let value = config.value.map(|value| value.to_string());
            found.push((config.name.to_string(), value.unwrap_or_default()));
        }
    }
    found.sort();
    Ok(found)
}

struct Described {
    topic: Topic,
    configs: Vec<(String, String)>,
    starts: Offsets,
    ends: Offsets,
}

impl Described {
    fn offset(&self, all: &Offsets, index: i32) -> Option<i64> {
        let key = (self.topic.name.clone(), index);
        all.get(&key).and_then(|offset| offset.ok())
    }

    fn text(&self) -> String {
        let topic = &self.topic;
        let ids = |ids: &[i32]| {
            let ids: Vec<String> = ids.iter().map(i32::to_string).collect();
            ids.join(",")
        };
        let number = |number: Option<i64>| number.map_or("-".to_owned(), |n| n.to_string());
        let row = |partition: &Partition| {
            let start = self.offset(&self.starts, partition.index);
            let end = self.offset(&self.ends, partition.index);
            vec![
                partition.index.to_string(),
                number(Some(i64::from(partition.leader)).filter(|id| *id >= 0)),
                ids(&partition.replicas),
                ids(&partition.in_sync),
                number(start),
                number(end),
            ]
        };
        let rows: Vec<_> = topic.partitions.iter().map(row).collect();
        let configs: Vec<String> = self
            .configs
            .iter()
            .map(|(key, value)| format!("\n  {key}={value}"))
            .collect();
        let heading = ["PARTITION", "LEADER", "REPLICAS", "IN SYNC", "START", "END"];
        format!(
            "Topic {}, id {}, {} partitions, {} replicas of each{}\n\n{}",
            topic.name,
            topic.id,
            topic.partitions.len(),
            replication(topic),
            configs.concat(),
            table(&heading, &rows)
        )
    }

    fn json(&self) -> Json {
        let topic = &self.topic;
        let partition = |partition: &Partition| {
            Json::Object(vec![
                ("partition", partition.index.into()),
                ("leader", partition.leader.into()),
                ("replicas", partition.replicas.as_slice().into()),
                ("in_sync", partition.in_sync.as_slice().into()),
                ("start", self.offset(&self.starts, partition.index).into()),
                ("end", self.offset(&self.ends, partition.index).into()),
            ])
        };
        let config = |(key, value): &(String, String)| {
            Json::Object(vec![
                ("key", key.as_str().into()),
                ("value", value.as_str().into()),
            ])
        };
        Json::Object(vec![
            ("topic", topic.name.as_str().into()),
            ("id", topic.id.to_string().into()),
            ("internal", topic.is_internal.into()),
            (
                "configs",
                Json::List(self.configs.iter().map(config).collect()),
            ),
            (
                "partitions",
                Json::List(topic.partitions.iter().map(partition).collect()),
            ),
        ])
    }
}
