//! `ottla doctor`: what users get wrong, found from where they stand. Works on Apache Kafka too.
//!
//! ```text
//!   contacts (every advertised address of every listener, dialled) ─┐
//!   the cluster's own answers (quorum, partitions, disks, groups)   ├─▶ judgements: pure ─▶ findings ─▶ a sentence each, with the remedy
//!   /metrics and /readyz of nodes, where they are given             ┘
//! ```
//! Guarantees: it changes nothing. What it may not see, or a broker does not tell, is said as a note and is no problem. What it looks at from
//! a client's machine is that machine's view: an address that is not reached here may be reached elsewhere.

mod checkup;
mod clock;
mod command;
mod contact;
mod disks;
mod finding;
mod groups;
mod listeners;
mod nodes;
mod partitions;
mod quorum;

pub use command::{DoctorCommand, run};
