//! openraft's own suite for log stores and state machines, against ours on a simulated disk.

use super::super::lane::Blocking;
use super::super::log_store::LogStore;
use super::super::state_machine::{DecidedMembers, SnapshotFiles, StateMachine};
use super::super::types::{RaftId, Runtime, Types};
use crate::ids::BrokerId;
use crate::publish;
use openraft::StorageError;
use openraft::testing::log::{StoreBuilder, Suite};
use openraft_rt::AsyncRuntime;
use ottla_storage::disk::SimulatedDisk;
use std::path::PathBuf;
use std::sync::Arc;

impl From<u64> for RaftId {
    fn from(node: u64) -> Self {
        RaftId {
            node: BrokerId(i32::try_from(node).unwrap()),
            ..Default::default()
        }
    }
}

struct OnSimulatedDisk;

impl StoreBuilder<Types, LogStore, StateMachine> for OnSimulatedDisk {
    async fn build(&self) -> Result<((), LogStore, StateMachine), StorageError<Types>> {
        let disk = Arc::new(SimulatedDisk::new());
        let directory = PathBuf::from("/metadata");
        let blocking: Blocking = Arc::new(|job| job());
        // Segments this small are rolled at every append.
        let log = LogStore::open(disk.clone(), &directory, 1, blocking.clone()).unwrap();
        let (publisher, _) = publish::channel();
        Ok((
            (),
            log,
            StateMachine::new(
                publisher,
                SnapshotFiles {
                    disk,
                    directory,
                    blocking,
                },
                DecidedMembers::default(),
            ),
        ))
    }
}

#[test]
fn the_log_and_the_state_machine_are_what_openraft_expects() {
    let mut runtime = Runtime::new(1);
    runtime.set_seed(1);
    runtime.block_on(Suite::test_all(OnSimulatedDisk)).unwrap();
}
