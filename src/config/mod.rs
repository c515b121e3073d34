//! Configuration: one table of keys, and everything that is decided from it.
//!
//! ```text
//!  server.properties ┐                                     ┌▶ broker   what a process needs to start
//!  KAFKA_… variables ├▶ load ▶ StaticConfig ┬▶ layers ─────┼▶ topic    a topic's values, typed
//!  --override        ┘                      │  (+ dynamic) └▶ describe the answers of DescribeConfigs
//!                                           └▶ dynamic      what may be changed, and to what
//! ```
//! Nothing here reads files, the environment or the clock; the command line does, and passes text in.

mod authorization;
pub mod broker;
pub mod change;
pub mod consistency;
pub mod container;
pub mod describe;
pub mod documentation;
pub mod dynamic;
pub mod effective;
pub mod environment;
pub mod keys;
pub mod listener_prefix;
pub mod listeners;
pub mod load;
mod nearest;
pub mod pod;
pub mod provision;
pub mod quorum;
pub mod replica_values;
pub mod rules;
pub mod settings;
pub mod tls;
pub mod topic;
pub mod value;
pub mod values;

pub use authorization::AuthorizationPolicy;
pub use broker::{AdminListener, BrokerConfig};
pub use change::RefusedChange;
pub use effective::{Layers, Source};
pub use listeners::{Listener, ListenerName, Listeners, SecurityProtocol};
pub use load::{ConfigErrors, Given, Loaded, StaticConfig, load};
pub use quorum::{Address, Founding, QuorumConfig, Roles, Voter};
pub use replica_values::ReplicationValues;
pub use rules::Rules;
pub use settings::{Settings, Unset};
pub use topic::{RecordTime, StoredCompression, TopicConfig};
pub use values::{
    BrokerValues, ConnectionValues, GroupValues, ListenerValues, LogUpkeep, RequestValues,
    TopicCreation,
};
