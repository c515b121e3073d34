//! Who may do what. Until authentication is built every client is `User:ANONYMOUS` and, as in a Kafka without an authorizer,
//! everything is allowed.
//!
//! What is here already is what Kafka answers in that case: the operations that exist per kind of resource.

pub mod operations;
