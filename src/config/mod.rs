//! Configuration: one table of keys, and everything that is decided from it.
//!
//! ```text
//!  server.properties ┐                                     ┌▶ broker   what a process needs to start
//!  KAFKA_… variables ├▶ load ▶ StaticConfig ┬▶ layers ─────┼▶ topic    a topic's values, typed
//!  --override        ┘                      │  (+ dynamic) └▶ describe the answers of DescribeConfigs
//!                                           └▶ dynamic      what may be changed, and to what
//! ```
//! Nothing here reads files, the environment or the clock; the command line does, and passes text in.

pub mod describe;
pub mod effective;
pub mod keys;
pub mod listener_prefix;
pub mod settings;
pub mod topic;
pub mod value;

pub use effective::{Layers, Source};
pub use settings::{Settings, Unset};
pub use topic::{RecordTime, StoredCompression, TopicConfig};
