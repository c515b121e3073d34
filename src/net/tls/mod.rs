//! TLS 1.2 and 1.3, by rustls: a [`Transport`](super::world::Transport) around another.
//!
//! ```text
//!   values (config/tls) ─┐
//!   files, read each second ─┴▶ store ──▶ material ──▶ Built { server, client } ──swapped in──▶ Certificates
//!                                                                        │ accept: listener     │ connect: dial
//!                                                                        ▼                      ▼
//!                                                                     Encrypted<T>, and whom the certificate names
//! ```
//! A handshake takes what is in force when it begins; connections live on when that changes. New certificates that cannot be used leave the old
//! ones in force, and say so once. Keys never leave the process, nor are they logged.

mod built;
mod certificate;
mod certificates;
mod handshake;
pub mod look;
mod mapping;
mod name;
mod pem;
mod read_ahead;
mod store;
mod stream;
#[cfg(test)]
mod tests;
mod trust;

pub use certificates::{Certificates, Purpose, TlsOf};
pub use handshake::{Accepted, Refused};
pub use stream::Encrypted;
