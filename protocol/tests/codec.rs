//! The codec against itself, against `kafka-protocol`, against bytes of the Java client, and against hostile bytes.

#[path = "codec/differential.rs"]
mod differential;
#[path = "codec/golden.rs"]
mod golden;
#[path = "codec/hostile.rs"]
mod hostile;
#[path = "codec/round_trip.rs"]
mod round_trip;
#[path = "codec/rules.rs"]
mod rules;
