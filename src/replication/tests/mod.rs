//! Leaders and followers on simulated disks, joined in memory: nothing acknowledged is lost, and histories agree.

mod bench;
mod faults;
mod stories;
mod wire;
