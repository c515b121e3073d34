//! Kafka's codecs as streams, each bounded in what it puts out: a small batch that unfolds to gigabytes meets its limit while it is
//! read, not while memory is allocated for it.
//!
//! | codec | as Kafka writes it | also read |
//! |---|---|---|
//! | gzip | one member | several members, anything behind them |
//! | snappy | xerial frame of 32 KiB blocks | a bare block (librdkafka and others) |
//! | lz4 | frame, independent blocks of 64 KiB | any block size, block checksums, a content size; no linked blocks |
//! | zstd | one frame | several frames, a piece of one behind them, windows up to 128 MiB (touched only as far as they are filled) |

mod gzip;
mod lz4;
mod plain;
mod snappy;
#[cfg(test)]
mod tests;
mod writer;
mod zstd_reader;

pub use plain::{DecompressError, MAX_PLAIN_SIZE_BYTES, Plain, decompress};
pub use writer::{Compression, Compressor, Sink};
