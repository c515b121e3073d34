//! `meta.properties`: which node of which cluster a log directory belongs to (`MetaProperties`), in Java's properties format.
//!
//! ```text
//!   version=1
//!   cluster.id=MkU3OEVBNTcwNTJENDM2Qg
//!   node.id=1
//!   directory.id=BB6ZIlTHT-uiKNo2oTmHpw
//! ```
//! Kafka's version 0 (`broker.id`; everything optional) is what a node writes that has not found its cluster yet.

use std::collections::BTreeMap;

use super::Uuid;
use crate::error::Malformed;

/// The file's properties; unknown ones are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetaProperties {
    /// 0 or 1.
    pub version: i32,
    /// Always there in version 1.
    pub cluster_id: Option<String>,
    /// Always there in version 1; `broker.id` in version 0.
    pub node_id: Option<i32>,
    /// `directory.id` (KIP-858).
    pub directory_id: Option<Uuid>,
}

impl MetaProperties {
    /// The content of the file, in version 1.
    pub fn encode(cluster_id: &str, node_id: i32, directory_id: Uuid) -> String {
        format!(
            "version=1\ncluster.id={}\nnode.id={node_id}\ndirectory.id={directory_id}\n",
            escape(cluster_id)
        )
    }

    /// The content of the file, in version 0, while the cluster is not known.
    pub fn encode_without_cluster(node_id: i32, directory_id: Uuid) -> String {
        format!("version=0\nbroker.id={node_id}\ndirectory.id={directory_id}\n")
    }

    pub fn parse(content: &str) -> Result<MetaProperties, Malformed> {
        let properties = properties(content);
        let number = |key: &str| {
            properties
                .get(key)
                .map(|value| {
                    value
                        .trim()
                        .parse::<i32>()
                        .map_err(|_| malformed(key, value))
                })
                .transpose()
        };
        let version = number("version")?.unwrap_or(0);
        let cluster_id = properties.get("cluster.id").cloned();
        let node_id = match version {
            0 => number("broker.id")?,
            1 => number("node.id")?,
            _ => return Err(malformed("version", &version.to_string())),
        };
        if version == 1 && (cluster_id.is_none() || node_id.is_none()) {
            return Err(Malformed::new(
                "meta.properties",
                "cluster.id or node.id is missing",
            ));
        }
        let directory_id = properties
            .get("directory.id")
            .map(|value| value.parse().map_err(|_| malformed("directory.id", value)))
            .transpose()?;
        Ok(MetaProperties {
            version,
            cluster_id,
            node_id,
            directory_id,
        })
    }
}

fn malformed(key: &str, value: &str) -> Malformed {
    Malformed::new(
        "meta.properties",
        format!("{value:?} is not a value of {key}"),
    )
}

/// The part of Java's format that `Properties.store` writes: comments, `key=value`, backslash escapes.
fn properties(content: &str) -> BTreeMap<String, String> {
    let mut properties = BTreeMap::new();
    for line in content.lines().map(str::trim_start) {
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let (key, rest) = unescape_until(line, |character| {
            matches!(character, '=' | ':' | ' ' | '\t')
        });
        let value = rest.trim_start_matches([' ', '\t']);
        let value = value
            .strip_prefix(['=', ':'])
            .unwrap_or(value)
            .trim_start_matches([' ', '\t']);
        properties.insert(key, unescape_until(value, |_| false).0);
    }
    properties
}

/// The text up to the first unescaped character that `ends`, without its backslashes, and the rest.
fn unescape_until(text: &str, ends: impl Fn(char) -> bool) -> (String, &str) {
    let mut plain = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next().map(|(_, escaped)| escaped)),
            _ if ends(character) => return (plain, &text[at..]),
            _ => plain.push(character),
        }
    }
    (plain, "")
}

fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for (at, character) in value.char_indices() {
        if matches!(character, '\\' | '=' | ':' | '#' | '!') || (at == 0 && character == ' ') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn kafkas_file_is_read() {
        let content = "#\n#Fri Nov 20 10:00:00 UTC 2026\ncluster.id=MkU3OEVBNTcwNTJENDM2Qg\ndirectory.id=BB6ZIlTHT-uiKNo2oTmHpw\nnode.id=1\nversion=1\n";
        let found = MetaProperties::parse(content).expect("this is the format");
        assert_eq!(
            (found.version, found.cluster_id.as_deref(), found.node_id),
            (1, Some("MkU3OEVBNTcwNTJENDM2Qg"), Some(1))
        );
        assert_eq!(
            found.directory_id.map(|id| id.to_string()).as_deref(),
            Some("BB6ZIlTHT-uiKNo2oTmHpw")
        );
    }

    #[test]
    fn a_node_without_a_cluster_has_an_identity() {
        let id = Uuid([7; 16]);
        let content = MetaProperties::encode_without_cluster(3, id);
        let found = MetaProperties::parse(&content).expect("this is the format");
        assert_eq!((found.cluster_id, found.node_id), (None, Some(3)));
        assert_eq!(found.directory_id, Some(id));
    }

    #[test]
    fn version_0_may_lack_everything_and_version_1_may_not() {
        assert_eq!(
            MetaProperties::parse("broker.id=7"),
            Ok(MetaProperties {
                node_id: Some(7),
                ..MetaProperties::default()
            })
        );
        for content in [
            "version=1\nnode.id=1",
            "version=1\ncluster.id=x",
            "version=2",
            "version=x",
            "version=1\ncluster.id=x\nnode.id=1\ndirectory.id=short",
        ] {
            assert!(MetaProperties::parse(content).is_err(), "{content:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(cluster_id in "[!-~]([ -~]{0,20}[!-~])?", node_id in 0..i32::MAX, directory in any::<[u8; 16]>()) {
            let found = MetaProperties::parse(&MetaProperties::encode(&cluster_id, node_id, Uuid(directory)));
            prop_assert_eq!(found, Ok(MetaProperties { version: 1, cluster_id: Some(cluster_id), node_id: Some(node_id), directory_id: Some(Uuid(directory)) }));
        }

        #[test]
        fn any_text_is_read_or_refused(content in "(?s).{0,200}") {
            let _ = MetaProperties::parse(&content);
        }
    }
}
