//! What the clients of a run know together: what was sent, acknowledged and read, per partition. It is the model that invariants
//! compare the node with, and knows nothing of how the node works.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// Batches that each client must get through after healing.
const PROGRESS: u64 = 3;

/// Clones share the book.
#[derive(Clone, Default)]
pub struct Ledger {
    book: Arc<Mutex<Book>>,
    deaths: Arc<Notify>,
}

#[derive(Default)]
struct Book {
    accounts: BTreeMap<(String, i32), Account>,
    /// Topics of which the creation was acknowledged, each with the retention it must have; `None` where a change was sent and not
    /// acknowledged.
    topics: BTreeMap<String, Option<u64>>,
    power_losses: u64,
    deaths: u64,
    is_full: bool,
    /// The disk was full in this life.
    was_full: bool,
    is_ending: bool,
    longest_admin_ms: u64,
}

/// One partition.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Every value ever sent.
    pub sent: BTreeSet<String>,
    /// By offset: acknowledged, or read by a consumer. The log must have these until it loses power.
    pub kept: BTreeMap<i64, String>,
    pub acknowledged: u64,
    /// Acknowledged, and gone with a power loss.
    pub lost: u64,
    pub refused: u64,
    /// Everything below was deleted, acknowledged.
    pub deleted_to: i64,
    /// Everything below may have been deleted: it was asked for.
    pub asked_to_delete: i64,
    /// The last log start that the node told, and in which of its lives.
    pub start_seen: (i64, u64),
    since_healed: u64,
    is_done: bool,
}

impl Ledger {
    /// Changes or reads one account.
    pub fn account<R>(
        &self,
        topic: &str,
        partition: i32,
        with: impl FnOnce(&mut Account) -> R,
    ) -> R {
        let mut book = self.book.lock().unwrap();
        with(
            book.accounts
                .entry((topic.to_owned(), partition))
                .or_default(),
        )
    }

    /// A batch was acknowledged from this offset on.
    pub fn acknowledge(&self, topic: &str, partition: i32, base_offset: i64, values: &[String]) {
        let is_ending = self.book.lock().unwrap().is_ending;
        self.account(topic, partition, |account| {
            account.acknowledged += values.len() as u64;
            account.since_healed += u64::from(is_ending);
        });
        for (offset, value) in (base_offset..).zip(values) {
            self.keep(topic, partition, offset, value);
        }
    }

    /// A value stands at this offset; it may not have been another before.
    pub fn keep(&self, topic: &str, partition: i32, offset: i64, value: &str) {
        let before = self.account(topic, partition, |account| {
            account.kept.insert(offset, value.to_owned())
        });
        if let Some(before) = before {
            assert_eq!(
                before, value,
                "offset {offset} of {topic}-{partition} was used twice"
            );
        }
    }

    /// Topics that must exist.
    pub fn topics<R>(&self, with: impl FnOnce(&mut BTreeMap<String, Option<u64>>) -> R) -> R {
        with(&mut self.book.lock().unwrap().topics)
    }

    /// The node is gone, and with it every connection.
    pub fn tell_of_death(&self) {
        let mut book = self.book.lock().unwrap();
        book.deaths += 1;
        let is_full = book.is_full;
        if std::mem::replace(&mut book.was_full, is_full) {
            // Where log starts lie could not be written: records may be deleted for this life only.
            let accounts = book.accounts.values_mut();
            accounts.for_each(|account| account.deleted_to = 0);
        }
        drop(book);
        self.deaths.notify_waiters();
    }

    /// Resolves when the node dies.
    pub async fn death(&self) {
        self.deaths.notified().await;
    }

    /// Whether the disk may be full from now on.
    pub fn note_full_disk(&self, is_full: bool) {
        let mut book = self.book.lock().unwrap();
        book.is_full = is_full;
        book.was_full |= is_full;
    }

    /// Which life of the node this is.
    pub fn life(&self) -> u64 {
        self.book.lock().unwrap().deaths
    }

    pub fn note_power_loss(&self) {
        self.book.lock().unwrap().power_losses += 1;
    }

    pub fn power_losses(&self) -> u64 {
        self.book.lock().unwrap().power_losses
    }

    /// Clients finish what they are at, get on a little more, and end.
    pub fn end(&self) {
        self.book.lock().unwrap().is_ending = true;
    }

    pub fn is_ending(&self) -> bool {
        self.book.lock().unwrap().is_ending
    }

    /// Whether the client of this partition has got on since everything was healed.
    pub fn has_progressed(&self, topic: &str, partition: i32) -> bool {
        self.is_ending()
            && self.account(topic, partition, |account| account.since_healed >= PROGRESS)
    }

    pub fn done(&self, topic: &str, partition: i32) {
        self.account(topic, partition, |account| account.is_done = true);
    }

    /// Clients that have not finished.
    pub fn who_waits(&self) -> String {
        let book = self.book.lock().unwrap();
        let waiting = book.accounts.iter().filter(|(_, account)| !account.is_done);
        let named: Vec<String> = waiting
            .map(|((topic, partition), _)| format!("{topic}-{partition}"))
            .collect();
        named.join(", ")
    }

    /// How long a change of the metadata took.
    pub fn admin_took_ms(&self, ms: u64) {
        let mut book = self.book.lock().unwrap();
        book.longest_admin_ms = book.longest_admin_ms.max(ms);
    }

    /// The longest since this was last asked.
    pub fn longest_admin_ms(&self) -> u64 {
        std::mem::take(&mut self.book.lock().unwrap().longest_admin_ms)
    }

    /// How much happened, in one line.
    pub fn figures(&self) -> String {
        let book = self.book.lock().unwrap();
        let sum = |of: fn(&Account) -> u64| book.accounts.values().map(of).sum::<u64>();
        format!(
            "{} acknowledged, {} lost, {} refusals, {} topics",
            sum(|account| account.acknowledged),
            sum(|account| account.lost),
            sum(|account| account.refused),
            book.topics.len()
        )
    }

    pub fn total(&self, of: fn(&Account) -> u64) -> u64 {
        self.book.lock().unwrap().accounts.values().map(of).sum()
    }
}
