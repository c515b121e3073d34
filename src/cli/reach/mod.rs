//! How commands reach a cluster: what people give them on the command line, in the environment and in a file, and the client made of it.
//!
//! ```text
//!   --property ┐
//!   OTTLA_CLIENT_… ├▶ settings (words) ▶ security (values, no file read but by `read`) ▶ Client
//!   --command-config ┘
//! ```
//! Kafka's names of client properties, and librdkafka's where it has others, so that the file of another tool serves here.

mod access;
mod security;
mod settings;

pub use access::{Access, Reach, run};
pub use security::Security;
