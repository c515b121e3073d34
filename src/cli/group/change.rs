//! Groups deleted, and their offsets set.

use super::described::coordinator;
use super::lag::{Committed, committed};
use super::target::Target;
use crate::cli::BAD_USAGE;
use crate::cli::catalog::{Catalog, Key};
use crate::cli::client::{Client, ClientError};
use crate::cli::json::Json;
use crate::cli::offsets::{At, offsets};
use crate::cli::report::{Failure, NOT_FINE, Report};
use crate::cli::table::table;
use ottla_protocol::messages::delete_groups::DeleteGroupsRequest;
use ottla_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use ottla_protocol::{ErrorCode, Str};
use std::collections::{BTreeMap, BTreeSet};

const HAS_MEMBERS: &str = "it has members: stop them first";

/// # Errors
/// See [`Failure`]; what was refused of one group is in the report.
pub async fn delete(client: &Client, names: &[String]) -> Result<Report, Failure> {
    let (mut lines, mut objects, mut code) = (Vec::new(), Vec::new(), 0);
    for name in names {
        let (_, address) = coordinator(client, name).await?;
        let request = DeleteGroupsRequest {
            groups_names: vec![Str::from(name)],
            ..Default::default()
        };
        let response = client.ask_at(&address, &request).await?;
        let error = response.results.first().map(|result| result.error_code);
        let mut fields = vec![("group", name.as_str().into())];
        let line = match error.unwrap_or(ErrorCode::NONE) {
            ErrorCode::NONE => {
                fields.push(("outcome", "deleted".into()));
                format!("{name}: deleted")
            }
            error => {
                let (why, exit) = match error {
                    ErrorCode::NON_EMPTY_GROUP => (HAS_MEMBERS.to_owned(), NOT_FINE),
                    error => (format!("{error}: {}", error.message()), 1),
                };
                code = code.max(exit);
                fields.push(("error", why.as_str().into()));
                format!("{name}: {why}")
            }
        };
        lines.push(line);
        objects.push(Json::Object(fields));
    }
    Ok(Report {
        text: lines.join("\n"),
        json: Json::List(objects),
        code,
    })
}

/// One partition's change.
struct Change {
    key: Key,
    before: Option<i64>,
    after: i64,
}

/// # Errors
/// See [`Failure`]: nothing was set, or not all of it.
pub async fn reset(
    client: &Client,
    group: &str,
    to: Target,
    topics: &[String],
    dry_run: bool,
) -> Result<Report, Failure> {
    let catalog = Catalog::of(client, None).await?;
    let before = committed(client, &catalog, group).await?;
    let keys = match topics.is_empty() {
        true => before.keys().cloned().collect(),
        false => chosen(&catalog, topics)?,
    };
    if keys.is_empty() {
        return Err(Failure::with(
            BAD_USAGE,
            format!("group {group} has no offsets: name topics with --topic"),
        ));
    }
    let changes = plan(client, &catalog, &before, keys, to).await?;
    if !dry_run {
        commit(client, &catalog, group, &changes).await?;
    }
    let row = |change: &Change| {
        vec![
            change.key.0.clone(),
            change.key.1.to_string(),
            change.before.map_or("-".to_owned(), |one| one.to_string()),
            change.after.to_string(),
        ]
    };
    let rows: Vec<_> = changes.iter().map(row).collect();
    let object = |change: &Change| {
        Json::Object(vec![
            ("topic", change.key.0.as_str().into()),
            ("partition", change.key.1.into()),
            ("before", change.before.into()),
            ("after", change.after.into()),
        ])
    };
    Ok(Report::new(
        table(&["TOPIC", "PARTITION", "BEFORE", "AFTER"], &rows),
        Json::Object(vec![
            ("group", group.into()),
            ("set", (!dry_run).into()),
            (
                "partitions",
                Json::List(changes.iter().map(object).collect()),
            ),
        ]),
    ))
}

/// Those that `TOPIC` and `TOPIC:PARTITION` name.
fn chosen(catalog: &Catalog, topics: &[String]) -> Result<BTreeSet<Key>, Failure> {
    let mut keys = BTreeSet::new();
    for text in topics {
        let of_partition = text
            .rsplit_once(':')
            .and_then(|(topic, index)| Some((topic, index.parse::<i32>().ok()?)));
        let (topic, index) = match of_partition {
            Some((topic, index)) => (topic, Some(index)),
            None => (text.as_str(), None),
        };
        let known = catalog.keys().filter(|key| key.0 == topic);
        let found: Vec<Key> = known
            .filter(|key| index.is_none_or(|index| index == key.1))
            .collect();
        if found.is_empty() {
            return Err(Failure::of(format!("there is no {text}")));
        }
        keys.extend(found);
    }
    Ok(keys)
}

async fn plan(
    client: &Client,
    catalog: &Catalog,
    before: &Committed,
    keys: BTreeSet<Key>,
    to: Target,
) -> Result<Vec<Change>, Failure> {
    let starts = offsets(client, catalog, keys.clone(), At::Earliest).await?;
    let ends = offsets(client, catalog, keys.clone(), At::Latest).await?;
    let of_time = match to.asks() {
        Some(at) => offsets(client, catalog, keys.clone(), at).await?,
        None => BTreeMap::new(),
    };
    let mut changes = Vec::new();
    for key in keys {
        let known = |all: &BTreeMap<Key, Result<i64, ErrorCode>>| {
            let found = all.get(&key).copied().unwrap_or(Err(ErrorCode::NONE));
            found.map_err(|error| Failure::of(format!("{}-{}: its offsets: {error}", key.0, key.1)))
        };
        let bounds = (known(&starts)?, known(&ends)?);
        let of_time = match of_time.is_empty() {
            true => None,
            false => Some(known(&of_time)?),
        };
        let committed = before.get(&key).copied();
        // Where nothing is committed, there is nothing to move from.
        if let Some(after) = to.choose(bounds, committed, of_time) {
            changes.push(Change {
                before: committed,
                after,
                key,
            });
        }
    }
    Ok(changes)
}

async fn commit(
    client: &Client,
    catalog: &Catalog,
    group: &str,
    changes: &[Change],
) -> Result<(), Failure> {
    let mut topics: BTreeMap<&str, Vec<OffsetCommitRequestPartition>> = BTreeMap::new();
    for change in changes {
        let partition = OffsetCommitRequestPartition {
            partition_index: change.key.1,
            committed_offset: change.after,
            ..Default::default()
        };
        topics.entry(&change.key.0).or_default().push(partition);
    }
    let topic =
        |(name, partitions): (&str, Vec<OffsetCommitRequestPartition>)| OffsetCommitRequestTopic {
            name: Str::from(name),
            topic_id: catalog.named(name).map(|one| one.id).unwrap_or_default(),
            partitions,
            ..Default::default()
        };
    let request = OffsetCommitRequest {
        group_id: Str::from(group),
        generation_id_or_member_epoch: -1,
        topics: topics.into_iter().map(topic).collect(),
        ..Default::default()
    };
    let (_, address) = coordinator(client, group).await?;
    let response = client.ask_at(&address, &request).await?;
    let partitions = response
        .topics
        .into_iter()
        .flat_map(|topic| topic.partitions);
    for partition in partitions {
        match partition.error_code {
            // Somebody else commits there, or the member epoch of nobody is not its.
            ErrorCode::UNKNOWN_MEMBER_ID
            | ErrorCode::ILLEGAL_GENERATION
            | ErrorCode::STALE_MEMBER_EPOCH
            | ErrorCode::REBALANCE_IN_PROGRESS => {
                return Err(Failure::with(
                    NOT_FINE,
                    format!("group {group} keeps its offsets: {HAS_MEMBERS}"),
                ));
            }
            error => ClientError::check("setting the group's offsets", error, None)?,
        }
    }
    Ok(())
}
