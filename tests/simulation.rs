//! Nodes under a simulated network, disk and clock, from one seed: they are produced to and read from, die, lose power, are cut off, have
//! disks that fail or are slow, and are held to their promises. A seed that runs twice leaves the same trace.
//!
//! ```text
//!   scenarios/   what happens to one node: a few lines each, in the words of `stage.rs`
//!   invariants/  what must hold: one promise per file
//!   stage.rs     the driver: node, disk, faults            worker.rs  a client of one partition: produces, reads, audits
//!   ledger.rs    what clients know                         admin.rs   a client that creates and configures topics
//!   fleeting.rs  a client that deletes and recreates a topic   committer.rs  a client that commits the offsets of a group
//!   cluster/     the same for three nodes: their quorum, replication and failover, in the words of `cluster/stage.rs`
//! ```
//! `OTTLA_SEED=17 cargo test --test simulation <scenario>` runs that seed alone and prints its trace; `OTTLA_SEEDS=500` runs so many per
//! scenario, from `OTTLA_FIRST` on; `OTTLA_REPLAY=0` runs none twice. `make simulate SEEDS=5000` runs so many over all scenarios.

#[path = "wire/mod.rs"]
mod wire;

mod simulation {
    mod admin;
    mod client;
    mod cluster {
        mod broken;
        mod chronicle;
        mod client;
        mod committer;
        mod fleeting;
        mod host;
        mod invariants {
            pub mod replicas;
            pub mod sequences;
        }
        mod network;
        mod scenarios {
            mod anything;
            mod deaths;
            mod partitions;
            mod power_losses;
            mod restarts;
            mod slow_disks;
        }
        mod stage;
        mod worker;
    }
    mod committer;
    mod fleeting;
    mod invariants {
        pub mod acknowledged;
        pub mod committed;
        pub mod deleted;
        pub mod duplicates;
        pub mod holes;
        pub mod metadata;
        pub mod producers;
    }
    mod ledger;
    mod scenarios {
        mod anything;
        mod failing_disk;
        mod full_disk;
        mod power_loss;
        mod process_death;
        mod slow_disk;
    }
    mod seeds;
    mod stage;
    mod trace;
    mod worker;
}
