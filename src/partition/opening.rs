//! Opening one partition: where it lives, and what becomes of it when it cannot be opened.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ottla_controller::ids::TopicId;
use ottla_controller::ids::directory::is_reserved;
use ottla_controller::image;
use ottla_storage::checkpoint::Uuid;
use ottla_storage::dir::LogDirectory;
use ottla_storage::log::{Failure, OpenError, OpenLog, Opened, Trust};
use ottla_storage::offset::Offset;

use super::checkpoints::Key;
use super::directory::Condition;
use super::home::{Home, HomeView, NoHome, Owner, choose_home};
use super::hosted::Place;
use super::placements;
use super::replica::Partition;
use super::role::Role;
use super::table::Table;
use super::topic::Topic;
use super::waits::Ended;

impl Table {
    /// Opens or creates a partition's log on the threads of its directory.
    pub(super) async fn open_partition(
        &self,
        topic: &Arc<Topic>,
        index: i32,
        partition: &image::Partition,
    ) -> Place {
        let key: Key = (topic.name().to_string(), index);
        let home = match self.home_for(topic, &key, partition) {
            Ok(home) => home,
            Err(reason) => return quarantine(&key, &reason),
        };
        let is_unflushed = home.checkpoints.found(&key).recovery_point == Offset::ZERO;
        if home.owner(&key) == Some(Owner::Unsaid) && is_unflushed {
            self.discard_unsaid(home, &key);
        }
        home.directory.add_partition();
        let Some(order) = self.order(home, topic, &key) else {
            return quarantine(&key, "its log directory is offline");
        };
        let (directory, topic_id, name) =
            (home.directory.clone(), Uuid(topic.id().0.0), key.clone());
        let is_unsaid = home.owner(&key) != Some(Owner::Topic(topic.id()));
        let opening = home.directory.threads().reads.run(move || {
            // Before the log, so that no crash leaves a log that does not say whose it is.
            if let Some(held) = directory.held().filter(|_| is_unsaid) {
                held.write_partition_metadata(&name.0, name.1, topic_id)?;
            }
            order.open()
        });
        let opened = opening.await.unwrap_or_else(|| {
            let lost = std::io::Error::other("opening it panicked");
            Err(OpenError::Io(Failure::new("opening a log", &lost)))
        });
        match opened {
            Ok(opened) => {
                if home.is_moved_here(&key) {
                    self.moves.settled.lock().insert((topic.id(), index));
                }
                home.claim(&key);
                self.discard_older(topic.id(), &key);
                self.opened(home, topic, index, opened)
            }
            Err(error) => {
                home.directory.remove_partition();
                home.claim(&key);
                home.is_unclean.store(true, Ordering::Relaxed);
                if let OpenError::Io(failure) = &error {
                    home.directory.report(failure);
                }
                quarantine(&key, &error.to_string())
            }
        }
    }

    /// What lies under this name may be an earlier topic's: power was lost before its first flush, which makes the note of its owner durable, so
    /// that nothing in it was (`LogManager.isStrayKraftReplica`).
    fn discard_unsaid(&self, home: &Home, key: &Key) {
        let Some(held) = home.directory.held() else {
            return;
        };
        tracing::warn!(directory = %home.directory.path().display(), partition = %format_args!("{}-{}", key.0, key.1), "a partition directory that does not say whose it is was never flushed, and goes");
        self.discard(home, held, key);
    }

    /// The process ended between a copy's taking a log's place and that log's going.
    fn discard_older(&self, id: TopicId, key: &Key) {
        for home in &self.homes {
            let Some(held) = home
                .directory
                .held()
                .filter(|_| home.owner(key) == Some(Owner::Topic(id)))
            else {
                continue;
            };
            tracing::info!(directory = %home.directory.path().display(), partition = %format_args!("{}-{}", key.0, key.1), "an older copy of a partition that has moved goes");
            if !self.discard(home, held, key) {
                self.moves.settled.lock().remove(&(id, key.1));
            }
        }
    }

    /// Takes out of sight what lies here under this name, which no log has open. Says whether that worked.
    fn discard(&self, home: &Home, held: &LogDirectory, key: &Key) -> bool {
        match held.discard(&key.0, key.1, &self.unique()) {
            Ok(removal) => {
                home.claim(key);
                home.checkpoints.forget(key);
                self.doom(removal, &home.directory, Duration::ZERO);
                true
            }
            Err(failure) => {
                home.directory.report(&failure);
                false
            }
        }
    }

    fn opened(&self, home: &Home, topic: &Arc<Topic>, index: i32, opened: Opened) -> Place {
        let recovery = opened.recovery;
        if recovery.truncated_bytes > 0 || recovery.truncated_segments > 0 {
            tracing::warn!(
                partition = %format_args!("{}-{index}", topic.name()), ?recovery,
                "a crash left incomplete records at the end of a log; they were never acknowledged and are cut off"
            );
        }
        let role = Role::none(self.options.me);
        let partition = Partition::new(
            topic.clone(),
            index,
            home.directory.clone(),
            opened.writer,
            role,
            self.replicating().clone(),
        );
        if home.directory.is_offline() {
            partition.end(Ended::DirectoryFailed);
        }
        Place::Open(partition)
    }

    fn order(&self, home: &Home, topic: &Topic, key: &Key) -> Option<OpenLog> {
        let held = home.directory.held()?;
        let checkpointed = match home.owner(key) {
            Some(_) => home.checkpoints.found(key),
            // New here; an entry of this name would be an older topic's.
            None => Default::default(),
        };
        Some(OpenLog {
            path: held.partition_path(&key.0, key.1),
            files: held.files().clone(),
            config: Arc::new(
                topic
                    .in_force()
                    .log_config(self.options.producer_expiration),
            ),
            checkpointed,
            // A clean stop does not close logs that never held a record: not even their names are known to be durable.
            trust: match home.trust {
                Trust::CleanStop if checkpointed.recovery_point == Offset::ZERO => {
                    Trust::RecoveryPoint
                }
                trust => trust,
            },
            now_ms: self.options.clock.wall_ms(),
        })
    }

    fn home_for(
        &self,
        topic: &Topic,
        key: &Key,
        partition: &image::Partition,
    ) -> Result<&Home, String> {
        let views: Vec<HomeView> = self
            .homes
            .iter()
            .map(|home| HomeView {
                id: home.directory.id(),
                is_offline: home.directory.is_offline(),
                is_full: home.directory.condition() == Condition::Full,
                is_cordoned: home.directory.is_cordoned(),
                partitions: home.directory.partitions(),
                owner: home.owner(key),
                is_moved_here: home.is_moved_here(key),
            })
            .collect();
        let assigned = partition.directory(self.options.me).unwrap_or_default();
        let assigned = match is_reserved(assigned) {
            true => self
                .moves
                .preferred((topic.id(), key.1))
                .unwrap_or(assigned),
            false => assigned,
        };
        let anew = placements::may_begin_anew(partition, self.options.me);
        match choose_home(&views, topic.id(), assigned, !is_reserved(assigned), anew) {
            Ok(index) => Ok(&self.homes[index]),
            Err(NoHome::Lost) => {
                self.lost.lock().insert((topic.id(), key.1));
                Err(format!(
                    "its log directory {assigned} is offline or not configured"
                ))
            }
            Err(NoHome::Occupied(index)) => {
                let path = self.homes[index]
                    .directory
                    .path()
                    .join(format!("{}-{}", key.0, key.1));
                Err(format!(
                    "{} belongs to another topic of this name: move it away",
                    path.display()
                ))
            }
        }
    }
}

fn quarantine(key: &Key, reason: &str) -> Place {
    tracing::error!(partition = %format_args!("{}-{}", key.0, key.1), reason, "partition is not served; the rest is");
    Place::Quarantined(reason.into())
}
