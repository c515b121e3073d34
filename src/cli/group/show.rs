//! Groups listed and described.

use super::described::{self, Group, Listed, Member};
use super::lag::{Committed, committed, ends};
use crate::cli::catalog::{Catalog, Key};
use crate::cli::client::Client;
use crate::cli::json::Json;
use crate::cli::report::{Failure, Report};
use crate::cli::table::table;
use std::collections::{BTreeMap, BTreeSet};

/// # Errors
/// See [`Failure`].
pub async fn list(client: &Client) -> Result<Report, Failure> {
    let catalog = Catalog::of(client, Some(&[])).await?;
    let (groups, silent) = described::list(client, &catalog.brokers).await?;
    let row = |group: &Listed| {
        vec![
            group.name.clone(),
            group.kind.to_lowercase(),
            group.state.clone(),
            group.protocol.clone(),
            group.coordinator.to_string(),
        ]
    };
    let rows: Vec<_> = groups.iter().map(row).collect();
    let object = |group: &Listed| {
        Json::Object(vec![
            ("group", group.name.as_str().into()),
            ("type", group.kind.to_lowercase().into()),
            ("state", group.state.as_str().into()),
            ("protocol", group.protocol.as_str().into()),
            ("coordinator", group.coordinator.into()),
        ])
    };
    for (broker, error) in &silent {
        eprintln!("ottla: groups of broker {broker} are missing here: {error}");
    }
    let heading = ["GROUP", "TYPE", "STATE", "PROTOCOL", "COORDINATOR"];
    Ok(Report {
        text: table(&heading, &rows),
        json: Json::List(groups.iter().map(object).collect()),
        code: u8::from(!silent.is_empty()),
    })
}

/// # Errors
/// See [`Failure`].
pub async fn describe(client: &Client, names: &[String]) -> Result<Report, Failure> {
    let catalog = Catalog::of(client, None).await?;
    let (mut texts, mut objects) = (Vec::new(), Vec::new());
    for name in names {
        let group = described::describe(client, name).await?;
        let committed = committed(client, &catalog, name).await?;
        let assigned = group.members.iter().flat_map(|member| member.has.iter());
        let keys: BTreeSet<Key> = committed.keys().chain(assigned).cloned().collect();
        let shown = Shown {
            ends: ends(client, &catalog, keys.iter().cloned()).await,
            group,
            committed,
            keys,
        };
        texts.push(shown.text());
        objects.push(shown.json());
    }
    Ok(Report::new(texts.join("\n\n"), Json::List(objects)))
}

struct Shown {
    group: Group,
    committed: Committed,
    ends: BTreeMap<Key, i64>,
    keys: BTreeSet<Key>,
}

impl Shown {
    fn lag(&self, key: &Key) -> Option<i64> {
        Some((self.ends.get(key)? - self.committed.get(key)?).max(0))
    }

    fn total_lag(&self) -> i64 {
        self.keys.iter().filter_map(|key| self.lag(key)).sum()
    }

    fn owner(&self, key: &Key) -> Option<&Member> {
        self.group
            .members
            .iter()
            .find(|member| member.has.contains(key))
    }

    fn text(&self) -> String {
        let group = &self.group;
        let number = |number: Option<i64>| number.map_or("-".to_owned(), |n| n.to_string());
        let row = |key: &Key| {
            let owner = self.owner(key);
            let of_owner = |text: fn(&Member) -> &String| {
                owner.map_or("-".to_owned(), |one| text(one).clone())
            };
            vec![
                key.0.clone(),
                key.1.to_string(),
                number(self.committed.get(key).copied()),
                number(self.ends.get(key).copied()),
                number(self.lag(key)),
                of_owner(|member| &member.client_id),
                of_owner(|member| &member.host),
                of_owner(|member| &member.id),
            ]
        };
        let rows: Vec<_> = self.keys.iter().map(row).collect();
        let heading = [
            "TOPIC",
            "PARTITION",
            "COMMITTED",
            "END",
            "LAG",
            "CLIENT",
            "HOST",
            "MEMBER",
        ];
        let idle = group.members.iter().filter(|member| member.has.is_empty());
        let idle: Vec<String> = idle
            .map(|member| {
                format!(
                    "\n  has no partition: {} at {}, member {}",
                    member.client_id, member.host, member.id
                )
            })
            .collect();
        format!(
            "Group {} ({}): {}, {} members, coordinator {}, lag {}{}\n\n{}",
            group.name,
            group.kind,
            group.state,
            group.members.len(),
            group.coordinator,
            self.total_lag(),
            idle.concat(),
            table(&heading, &rows)
        )
    }

    fn json(&self) -> Json {
        let group = &self.group;
        let member = |member: &Member| {
            Json::Object(vec![
                ("id", member.id.as_str().into()),
                ("instance", member.instance.as_deref().into()),
                ("client_id", member.client_id.as_str().into()),
                ("host", member.host.as_str().into()),
                ("epoch", member.epoch.into()),
                ("partitions", member.has.len().into()),
            ])
        };
        let partition = |key: &Key| {
            Json::Object(vec![
                ("topic", key.0.as_str().into()),
                ("partition", key.1.into()),
                ("committed", self.committed.get(key).copied().into()),
                ("end", self.ends.get(key).copied().into()),
                ("lag", self.lag(key).into()),
                ("member", self.owner(key).map(|one| one.id.as_str()).into()),
            ])
        };
        Json::Object(vec![
            ("group", group.name.as_str().into()),
            ("type", group.kind.into()),
            ("state", group.state.as_str().into()),
            ("coordinator", group.coordinator.into()),
            ("assignor", group.assignor.as_str().into()),
            ("epoch", group.epoch.into()),
            ("lag", self.total_lag().into()),
            (
                "members",
                Json::List(group.members.iter().map(member).collect()),
            ),
            (
                "partitions",
                Json::List(self.keys.iter().map(partition).collect()),
            ),
        ])
    }
}
