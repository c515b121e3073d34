//! One broker in this process, asked over TCP in Kafka's own bytes: one module per story.

#[path = "broker/node.rs"]
mod node;

#[path = "broker/connections.rs"]
mod connections;
#[path = "broker/listeners.rs"]
mod listeners;
#[path = "broker/records.rs"]
mod records;
