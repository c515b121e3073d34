//! Topics made, changed and deleted.

use crate::cli::BAD_USAGE;
use crate::cli::catalog::{Catalog, Topic};
use crate::cli::client::{Client, ClientError};
use crate::cli::json::Json;
use crate::cli::report::{Failure, Report};
use clap::Args;
use ottla_protocol::messages::create_partitions::{CreatePartitionsRequest, CreatePartitionsTopic};
use ottla_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use ottla_protocol::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use ottla_protocol::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use ottla_protocol::{ErrorCode, Str};
use std::time::Duration;

/// How long brokers may take, in milliseconds.
const TIMEOUT_MS: i32 = 10_000;
/// What was decided is known to brokers after much less.
const KNOWN_MAX: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(50);
const RESOURCE_TOPIC: i8 = 2;
const SET: i8 = 0;
const DELETE: i8 = 1;

/// What new topics are like.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct Creation {
    /// Partitions; else as many as the cluster gives (num.partitions).
    #[arg(short, long, value_name = "COUNT", value_parser = clap::value_parser!(i32).range(1..))]
    pub partitions: Option<i32>,
    /// Replicas of each; else as many as the cluster gives (default.replication.factor).
    #[arg(short, long, value_name = "COUNT", value_parser = clap::value_parser!(i16).range(1..))]
    pub replication_factor: Option<i16>,
    /// Sets a configuration key; may be repeated.
    #[arg(short, long = "config", value_name = "KEY=VALUE", value_parser = pair)]
    pub configs: Vec<(String, String)>,
    /// A topic that is there already is left as it is.
    #[arg(long)]
    pub if_not_exists: bool,
}

/// What is to change.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct Alteration {
    /// Sets a configuration key; may be repeated.
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = pair)]
    pub set: Vec<(String, String)>,
    /// Puts a configuration key back to its default; may be repeated.
    #[arg(long, value_name = "KEY")]
    pub unset: Vec<String>,
    /// More partitions, so many in all. Keys may then lie in other partitions than before.
    #[arg(short, long, value_name = "COUNT", value_parser = clap::value_parser!(i32).range(1..))]
    pub partitions: Option<i32>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

/// One line, and one object, per topic.
#[derive(Default)]
struct Outcomes {
    lines: Vec<String>,
    objects: Vec<Json>,
    failed: bool,
}

impl Outcomes {
    fn add(&mut self, topic: &str, done: &str, error: ErrorCode, message: Option<&Str>) {
        let mut fields = vec![("topic", topic.into())];
        match error {
            ErrorCode::NONE => {
                self.lines.push(format!("{topic}: {done}"));
                fields.push(("outcome", done.into()));
            }
            error => {
                self.failed = true;
                let why = match message {
                    Some(message) => format!("{error}: {message}"),
                    None => format!("{error}: {}", error.message()),
                };
                self.lines.push(format!("{topic}: {why}"));
                fields.push(("error", why.into()));
            }
        }
        self.objects.push(Json::Object(fields));
    }

    fn report(self) -> Report {
        Report {
            text: self.lines.join("\n"),
            json: Json::List(self.objects),
            code: u8::from(self.failed),
        }
    }
}

/// # Errors
/// See [`Failure`]; what was refused of one topic is in the report.
pub async fn create(
    client: &Client,
    names: &[String],
    creation: &Creation,
) -> Result<Report, Failure> {
    let config = |(name, value): &(String, String)| CreatableTopicConfig {
        name: Str::from(name),
        value: Some(Str::from(value)),
        ..Default::default()
    };
    let topic = |name: &String| CreatableTopic {
        name: Str::from(name),
        num_partitions: creation.partitions.unwrap_or(-1),
        replication_factor: creation.replication_factor.unwrap_or(-1),
        configs: creation.configs.iter().map(config).collect(),
        ..Default::default()
    };
    let request = CreateTopicsRequest {
        topics: names.iter().map(topic).collect(),
        timeout_ms: TIMEOUT_MS,
        ..Default::default()
    };
    let (mut outcomes, mut created) = (Outcomes::default(), Vec::new());
    for topic in client.ask(&request).await?.topics {
        if topic.error_code == ErrorCode::NONE {
            created.push(topic.name.to_string());
        }
        let is_there = topic.error_code == ErrorCode::TOPIC_ALREADY_EXISTS;
        match is_there && creation.if_not_exists {
            true => outcomes.add(&topic.name, "was there already", ErrorCode::NONE, None),
            false => {
                let counts = (topic.num_partitions, topic.replication_factor);
                let done = match counts {
                    (partitions @ 1.., replicas) => {
                        format!("created, {partitions} partitions, {replicas} replicas of each")
                    }
                    _ => "created".to_owned(),
                };
                let message = topic.error_message.as_ref();
                outcomes.add(&topic.name, &done, topic.error_code, message);
            }
        }
    }
    known(client, &created).await;
    Ok(outcomes.report())
}

/// Waits a while until the broker that is asked knows of new topics and who leads them, so that what follows can use them.
async fn known(client: &Client, names: &[String]) {
    let is_led = |topic: &Topic| {
        let mut partitions = topic.partitions.iter();
        topic.error == ErrorCode::NONE && partitions.all(|partition| partition.leader >= 0)
    };
    let until = client.clock.elapsed() + KNOWN_MAX;
    while !names.is_empty() && client.clock.elapsed() < until {
        match Catalog::of(client, Some(names)).await {
            Ok(catalog) if catalog.topics.iter().all(is_led) => return,
            _ => tokio::time::sleep(LOOK).await,
        }
    }
}

/// # Errors
/// See [`Failure`]; what was refused of one topic is in the report.
pub async fn delete(client: &Client, names: &[String], if_exists: bool) -> Result<Report, Failure> {
    let topic = |name: &String| DeleteTopicState {
        name: Some(Str::from(name)),
        ..Default::default()
    };
    let request = DeleteTopicsRequest {
        topics: names.iter().map(topic).collect(),
        topic_names: Vec::new(),
        timeout_ms: TIMEOUT_MS,
        ..Default::default()
    };
    let mut outcomes = Outcomes::default();
    for topic in client.ask(&request).await?.responses {
        let name = topic.name.as_deref().unwrap_or_default();
        let is_missing = topic.error_code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        match is_missing && if_exists {
            true => outcomes.add(name, "was not there", ErrorCode::NONE, None),
            false => {
                let message = topic.error_message.as_ref();
                outcomes.add(name, "deleted", topic.error_code, message);
            }
        }
    }
    Ok(outcomes.report())
}

/// Configuration first: it is all or nothing.
///
/// # Errors
/// See [`Failure`].
pub async fn alter(
    client: &Client,
    topic: &str,
    alteration: &Alteration,
) -> Result<Report, Failure> {
    let changes_configs = !alteration.set.is_empty() || !alteration.unset.is_empty();
    if !changes_configs && alteration.partitions.is_none() {
        return Err(Failure::with(
            BAD_USAGE,
            "nothing to change: give --set, --unset or --partitions",
        ));
    }
    let mut outcomes = Outcomes::default();
    if changes_configs {
        let response = client.ask(&configs(topic, alteration)).await?;
        for one in response.responses {
            let message = one.error_message.as_ref();
            ClientError::check("changing the configuration", one.error_code, message)?;
            outcomes.add(topic, "configuration changed", ErrorCode::NONE, None);
        }
    }
    if let Some(count) = alteration.partitions {
        // Who asks for what is there already has what was asked for.
        let known = Catalog::topic(client, topic).await?;
        if i32::try_from(known.partitions.len()) == Ok(count) {
            let done = format!("has {count} partitions already");
            outcomes.add(topic, &done, ErrorCode::NONE, None);
            return Ok(outcomes.report());
        }
        let request = CreatePartitionsRequest {
            topics: vec![CreatePartitionsTopic {
                name: Str::from(topic),
                count,
                assignments: None,
                ..Default::default()
            }],
            timeout_ms: TIMEOUT_MS,
            ..Default::default()
        };
        for one in client.ask(&request).await?.results {
            let done = format!("has {count} partitions");
            outcomes.add(topic, &done, one.error_code, one.error_message.as_ref());
        }
    }
    Ok(outcomes.report())
}

fn configs(topic: &str, alteration: &Alteration) -> IncrementalAlterConfigsRequest {
    let set = alteration.set.iter().map(|(name, value)| AlterableConfig {
        name: Str::from(name),
        config_operation: SET,
        value: Some(Str::from(value)),
        ..Default::default()
    });
    let unset = alteration.unset.iter().map(|name| AlterableConfig {
        name: Str::from(name),
        config_operation: DELETE,
        value: None,
        ..Default::default()
    });
    IncrementalAlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type: RESOURCE_TOPIC,
            resource_name: Str::from(topic),
            configs: set.chain(unset).collect(),
            ..Default::default()
        }],
        ..Default::default()
    }
}
