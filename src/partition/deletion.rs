//! Deleting partitions: out of sight at once, off the disk after `file.delete.delay.ms`.
//!
//! Guarantees: when [`Table::delete`] resolves, the directory's name is free for a topic of the same name; everybody who
//! waited has been told UNKNOWN_TOPIC_OR_PARTITION; who was reading finishes on the old files until they are removed.

use std::sync::Arc;
use std::time::Duration;

use ottla_controller::ids::TopicId;
use ottla_storage::log::Removal;
use tokio::sync::oneshot;

use super::directory::Directory;
use super::home::Home;
use super::hosted::Place;
use super::replica::Partition;
use super::table::Table;
use super::waits::Ended;

/// Files that are to be removed once their time has come.
#[derive(Debug)]
pub(super) struct Doomed {
    removal: Removal,
    directory: Arc<Directory>,
    /// On the monotonic clock.
    due: Duration,
}

impl Table {
    /// Takes partitions out of service. Afterwards their names are free, and nothing of them is left in the checkpoints.
    pub(super) async fn delete_all(self: &Arc<Self>, deleted: Vec<(TopicId, i32)>) {
        let mut touched = Vec::new();
        for (id, index) in deleted {
            let Some(partition) = self.delete(id, index).await else {
                continue;
            };
            let is_here = |home: &Home| Arc::ptr_eq(&home.directory, &partition.directory());
            if let Some(home) = self.homes.iter().position(is_here) {
                self.homes[home]
                    .checkpoints
                    .forget(&(partition.topic.name().to_string(), index));
                touched.push(home);
            }
        }
        touched.sort_unstable();
        touched.dedup();
        for home in touched {
            self.on_directory(home, |table, home| {
                home.checkpoint(&table.in_order(), |files, logs| {
                    files.write_all(&**home.directory.disk(), logs)
                });
            })
            .await;
        }
    }

    /// Takes one partition out of service and renames its directory.
    async fn delete(&self, id: TopicId, index: i32) -> Option<Arc<Partition>> {
        let place = self.hosted().place(id, index).cloned()?;
        self.change(|hosted| drop(hosted.remove(id, index)));
        let Place::Open(partition) = place else {
            tracing::warn!(topic_id = %id, index, "a quarantined partition was deleted; its files are left as they are");
            return None;
        };
        partition.end(Ended::Deleted);
        self.moves.cancel((id, index));
        self.moves.settled.lock().remove(&(id, index));
        let unique = self.unique();
        let (answer, renamed) = oneshot::channel();
        partition.retire(move |writer| drop(answer.send(writer.delete(&unique))));
        let renamed = renamed.await;
        // It may have moved until the writer retired.
        let directory = partition.directory();
        directory.remove_partition();
        match renamed {
            Ok(Ok(removal)) => self.doom(
                removal,
                &directory,
                partition.topic.in_force().config.file_delete_delay,
            ),
            Ok(Err(failure)) => {
                tracing::error!(%partition, %failure, "a deleted partition's files stay");
                directory.report(&failure);
            }
            Err(_) => {
                tracing::error!(%partition, "a deleted partition's files stay: its writer was lost")
            }
        }
        Some(partition)
    }

    /// Files that are to be removed after `delay`.
    pub(super) fn doom(&self, removal: Removal, directory: &Arc<Directory>, delay: Duration) {
        let due = self.options.clock.elapsed() + delay;
        self.doomed.lock().push(Doomed {
            removal,
            directory: directory.clone(),
            due,
        });
    }

    /// Removes the files whose time has come, on their directories' threads. Resolves when they are gone.
    pub async fn remove_due_files(&self) {
        let now = self.options.clock.elapsed();
        let due: Vec<Doomed> = {
            let mut doomed = self.doomed.lock();
            let (due, later) = std::mem::take(&mut *doomed)
                .into_iter()
                .partition(|one| one.due <= now);
            *doomed = later;
            due
        };
        for Doomed {
            removal, directory, ..
        } in due
        {
            if !directory.is_offline()
                && let Some(Err(failure)) =
                    directory.threads().reads.run(move || removal.run()).await
            {
                tracing::warn!(%failure, "deleted files stay until the next start");
            }
        }
        self.remove_leftovers().await;
    }

    /// Removes what an earlier run renamed and did not come to remove.
    async fn remove_leftovers(&self) {
        for home in &self.homes {
            let leftovers = std::mem::take(&mut *home.leftovers.lock());
            let Some(held) = home.directory.held().filter(|_| !leftovers.is_empty()) else {
                continue;
            };
            let removals: Vec<Removal> =
                leftovers.iter().map(|name| held.removal_of(name)).collect();
            let removing = home.directory.threads().reads.run(move || {
                for removal in removals {
                    if let Err(failure) = removal.run() {
                        tracing::warn!(%failure, "a deleted partition's files stay until the next start");
                    }
                }
            });
            let _ = removing.await;
        }
    }
}
