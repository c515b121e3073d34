//! Where reading begins, and where the end was then.

use crate::cli::catalog::{Catalog, Key, Topic};
use crate::cli::client::Client;
use crate::cli::offsets::{At, offsets};
use crate::cli::report::Failure;
use ottla_protocol::ErrorCode;
use std::collections::BTreeMap;

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    Beginning,
    End,
    Offset(i64),
    BeforeEnd(i64),
    /// Milliseconds since 1970.
    Time(i64),
}

impl From {
    /// # Errors
    /// What is wrong, for the user.
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0);
        let parsed = match text {
            "beginning" | "earliest" | "start" => Some(Self::Beginning),
            "end" | "latest" => Some(Self::End),
            _ => match text.as_bytes().first() {
                Some(b'-') => number(&text[1..]).map(Self::BeforeEnd),
                Some(b'@') => number(&text[1..]).map(Self::Time),
                _ => number(text).map(Self::Offset),
            },
        };
        parsed.ok_or_else(|| {
            format!("{text}: expected beginning, end, an offset, -N or @MILLISECONDS")
        })
    }

    fn choose(self, start: i64, end: i64, of_time: i64) -> i64 {
        match self {
            Self::Beginning => start,
            Self::End => end,
            Self::Offset(offset) => offset,
            Self::BeforeEnd(count) => (end - count).max(start),
            Self::Time(_) if of_time >= 0 => of_time,
            Self::Time(_) => end,
        }
    }
}

/// By partition: where to begin, and where the end is now. `partitions`: all for none.
///
/// # Errors
/// See [`Failure`].
pub async fn starts(
    client: &Client,
    topic: &Topic,
    partitions: &[i32],
    from: From,
) -> Result<BTreeMap<i32, (i64, i64)>, Failure> {
    let catalog = Catalog {
        topics: vec![topic.clone()],
        brokers: Vec::new(),
    };
    let is_wanted = |key: &Key| partitions.is_empty() || partitions.contains(&key.1);
    let keys: Vec<Key> = catalog.keys().filter(is_wanted).collect();
    if let Some(missing) = partitions
        .iter()
        .find(|index| keys.iter().all(|key| key.1 != **index))
    {
        return Err(Failure::with(
            crate::cli::BAD_USAGE,
            format!("topic {} has no partition {missing}", topic.name),
        ));
    }
    let starts = offsets(client, &catalog, keys.clone(), At::Earliest).await?;
    let ends = offsets(client, &catalog, keys.clone(), At::Latest).await?;
    let of_time = match from {
        From::Time(ms) => offsets(client, &catalog, keys.clone(), At::Time(ms)).await?,
        _ => BTreeMap::new(),
    };
    let mut chosen = BTreeMap::new();
    for key in keys {
        let known = |all: &BTreeMap<Key, Result<i64, ErrorCode>>| {
            let found = all.get(&key).copied().unwrap_or(Ok(-1));
            found.map_err(|error| Failure::of(format!("{}-{}: {error}", key.0, key.1)))
        };
        let (start, end) = (known(&starts)?, known(&ends)?);
        let begin = from.choose(start, end, known(&of_time)?);
        chosen.insert(key.1, (begin, end));
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_to_begin_is_read_as_kcats_users_write_it() {
        for (text, from, chosen) in [
            ("beginning", From::Beginning, 5),
            ("end", From::End, 30),
            ("7", From::Offset(7), 7),
            ("-10", From::BeforeEnd(10), 20),
            ("-100", From::BeforeEnd(100), 5),
            ("@12", From::Time(12), 9),
        ] {
            assert_eq!(From::parse(text), Ok(from));
            assert_eq!(from.choose(5, 30, 9), chosen, "{text}");
        }
        assert_eq!(From::Time(12).choose(5, 30, -1), 30, "nothing is so late");
        for wrong in ["", "--1", "@x", "middle"] {
            assert!(From::parse(wrong).is_err(), "{wrong}");
        }
    }
}
