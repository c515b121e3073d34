//! Several nodes as real processes on loopback: killed, paused, wiped, restarted. One module per story, in the words of `host`.

#[path = "wire/mod.rs"]
mod wire;

#[path = "cluster/directories.rs"]
mod directories;
#[path = "cluster/doctor.rs"]
mod doctor;
#[path = "cluster/drain.rs"]
mod drain;
#[path = "cluster/failover.rs"]
mod failover;
#[path = "cluster/forming.rs"]
mod forming;
#[path = "cluster/forwarding.rs"]
mod forwarding;
#[path = "cluster/host.rs"]
mod host;
#[path = "cluster/load.rs"]
mod load;
#[path = "cluster/network.rs"]
mod network;
#[path = "cluster/partitions.rs"]
mod partitions;
#[path = "cluster/replication.rs"]
mod replication;
#[path = "cluster/rolling.rs"]
mod rolling;
#[path = "cluster/sasl.rs"]
mod sasl;
#[path = "cluster/throttle.rs"]
mod throttle;
#[path = "cluster/tls.rs"]
mod tls;
