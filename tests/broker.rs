//! One broker in this process, asked over TCP in Kafka's own bytes: one module per story. What only a process can show (signals,
//! `kill -9`, the command line) is in `compat-tests/`.

#[path = "wire/mod.rs"]
mod wire;

#[path = "broker/acls.rs"]
mod acls;
#[path = "broker/addresses.rs"]
mod addresses;
#[path = "broker/authorization.rs"]
mod authorization;
#[path = "broker/commands.rs"]
mod commands;
#[path = "broker/configs.rs"]
mod configs;
#[path = "broker/connections.rs"]
mod connections;
#[path = "broker/directories.rs"]
mod directories;
#[path = "broker/disks.rs"]
mod disks;
#[path = "broker/doctor.rs"]
mod doctor;
#[path = "broker/drain.rs"]
mod drain;
#[path = "broker/fetch_sessions.rs"]
mod fetch_sessions;
#[path = "broker/group_metrics.rs"]
mod group_metrics;
#[path = "broker/host.rs"]
mod host;
#[path = "broker/idempotence.rs"]
mod idempotence;
#[path = "broker/listeners.rs"]
mod listeners;
#[path = "broker/log_lines.rs"]
mod log_lines;
#[path = "broker/long_poll.rs"]
mod long_poll;
#[path = "broker/offsets.rs"]
mod offsets;
#[path = "broker/produce_and_fetch.rs"]
mod produce_and_fetch;
#[path = "broker/program.rs"]
mod program;
#[path = "broker/provisioning.rs"]
mod provisioning;
#[path = "broker/quotas.rs"]
mod quotas;
#[path = "broker/records.rs"]
mod records;
#[path = "broker/sasl.rs"]
mod sasl;
#[path = "broker/starting.rs"]
mod starting;
#[path = "broker/strangers.rs"]
mod strangers;
#[path = "broker/tls.rs"]
mod tls;
#[path = "broker/topics.rs"]
mod topics;
