//! The controller as a whole, on simulated disks: alone, restarted, out of power, and as a quorum of three.

#[path = "controller/support.rs"]
mod support;

#[path = "controller/alone.rs"]
mod alone;
#[path = "controller/broker_life.rs"]
mod broker_life;
#[path = "controller/chores.rs"]
mod chores;
#[path = "controller/damage.rs"]
mod damage;
#[path = "controller/determinism.rs"]
mod determinism;
#[path = "controller/full_disk.rs"]
mod full_disk;
#[path = "controller/on_disk.rs"]
mod on_disk;
#[path = "controller/power_loss.rs"]
mod power_loss;
#[path = "controller/quorum.rs"]
mod quorum;
#[path = "controller/replay.rs"]
mod replay;
#[path = "controller/returning.rs"]
mod returning;
#[path = "controller/scale.rs"]
mod scale;
