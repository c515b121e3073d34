//! Whether a disk has room above its reserve, for who only asks now and then: the metadata log, which is no log directory's.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ottla_storage::disk::Disk;
use parking_lot::Mutex;

use super::reserve::Reserve;
use crate::world::Clock;

/// An answer is as old as this at most.
const LOOK: Duration = Duration::from_secs(1);

/// See the module.
pub struct Room {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    reserve: Reserve,
    looked: Option<Duration>,
    is_full: bool,
}

impl Room {
    /// Of the disk that has this directory.
    pub fn new(disk: Arc<dyn Disk>, path: PathBuf, clock: Clock) -> Self {
        Self {
            disk,
            path,
            clock,
            state: Mutex::default(),
        }
    }

    /// A disk that does not say counts as having room.
    pub fn is_full(&self) -> bool {
        let now = self.clock.elapsed();
        let mut state = self.state.lock();
        let is_fresh = |at| now.saturating_sub(at) < LOOK;
        if !state.looked.is_some_and(is_fresh)
            && let Ok(space) = self.disk.space(&self.path)
        {
            state.is_full = state.reserve.look(space.total_bytes, space.free_bytes);
            state.looked = Some(now);
        }
        state.is_full
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_storage::disk::{OpenHow, SimulatedDisk};
    use std::io::IoSlice;
    use std::path::Path;

    #[tokio::test(start_paused = true)]
    async fn a_disk_is_full_while_only_its_reserve_is_left() {
        let disk = SimulatedDisk::new();
        disk.set_capacity_bytes(1_000_000);
        let clock = Clock::simulated(0);
        let room = Room::new(Arc::new(disk.clone()), "/".into(), clock);
        assert!(!room.is_full());
        let file = disk.open(Path::new("/file"), OpenHow::Truncate).unwrap();
        let bytes = vec![1; 960_000];
        file.write_vectored_at(&[IoSlice::new(&bytes)], 0).unwrap();
        tokio::time::advance(LOOK).await;
        assert!(room.is_full());
        disk.remove_file(Path::new("/file")).unwrap();
        drop(file);
        assert!(room.is_full(), "as it was a moment ago");
        tokio::time::advance(LOOK).await;
        assert!(!room.is_full());
    }
}
