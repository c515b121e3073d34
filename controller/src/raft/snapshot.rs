//! A snapshot: the image as records, with the place in the log that it stands for.
//!
//! ```text
//!   snapshot        replaced as a whole: written aside, synced, renamed, directory synced
//!     frame: version u8 = 0, last log id (optional), stored membership, metadata offset i64
//!     frame: records [u32 length + Kafka's record framing] …   about 64 KiB each
//!     frame: empty list of records: the end
//! ```
//! The same bytes travel to members that are too far behind. Without the end it is no snapshot.

use super::bytes::{Put, Reader};
use super::format::{
    FormatError, check_version, put_log_id, put_record, put_stored_membership, read_log_id,
    read_record, read_stored_membership,
};
use super::frame::{put_frame, take_frame};
use super::types::SnapshotMeta;
use crate::ids::MetadataOffset;
use crate::image::Image;
use bytes::{BufMut, Bytes, BytesMut};
use ottla_protocol::records::metadata::MetadataRecord;
use ottla_storage::disk::{Disk, read_file, replace_file};
use std::io;
use std::path::Path;

const VERSION: u8 = 0;
const FILE: &str = "snapshot";
/// How many bytes of records a frame takes before the next one begins.
const CHUNK_BYTES: usize = 64 << 10;

/// A snapshot's content as it is stored and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotBytes(pub Bytes);

/// The bytes of a snapshot of `image` at `meta`.
pub fn write_snapshot(meta: &SnapshotMeta, image: &Image) -> Result<SnapshotBytes, FormatError> {
    let mut to = BytesMut::new();
    put_frame(&mut to, |to| {
        to.put_u8(VERSION);
        to.put_option(meta.last_log_id.as_ref(), put_log_id);
        put_stored_membership(to, &meta.last_membership);
        to.put_i64(image.offset.0);
        Ok(())
    })?;
    let (mut chunk, mut count) = (BytesMut::new(), 0);
    for record in image.to_records() {
        put_record(&mut chunk, &record)?;
        count += 1;
        if chunk.len() >= CHUNK_BYTES {
            put_chunk(&mut to, &mut chunk, &mut count)?;
        }
    }
    if count > 0 {
        put_chunk(&mut to, &mut chunk, &mut count)?;
    }
    put_chunk(&mut to, &mut chunk, &mut count)?;
    Ok(SnapshotBytes(to.freeze()))
}

fn put_chunk(to: &mut BytesMut, chunk: &mut BytesMut, count: &mut u32) -> Result<(), FormatError> {
    put_frame(to, |to| {
        to.put_u32(*count);
        to.put_slice(chunk);
        Ok(())
    })?;
    chunk.clear();
    *count = 0;
    Ok(())
}

/// Reads a snapshot's place in the log.
pub fn read_meta(bytes: &SnapshotBytes) -> Result<SnapshotMeta, FormatError> {
    Ok(read_head(&mut bytes.0.clone())?.0)
}

/// Reads a whole snapshot.
pub fn read_snapshot(bytes: &SnapshotBytes) -> Result<(SnapshotMeta, Image), FormatError> {
    let mut rest = bytes.0.clone();
    let (meta, offset) = read_head(&mut rest)?;
    let mut records: Vec<MetadataRecord> = Vec::new();
    loop {
        let mut from = Reader::new(take_frame(&mut rest).ok_or(FormatError::Truncated)?);
        let mut chunk = from.list(read_record)?;
        from.finish()?;
        if chunk.is_empty() {
            break;
        }
        records.append(&mut chunk);
    }
    let image = Image::from_records(offset, &records).map_err(|error| FormatError::Record {
        reason: error.to_string(),
    })?;
    Ok((meta, image))
}

fn read_head(rest: &mut Bytes) -> Result<(SnapshotMeta, MetadataOffset), FormatError> {
    let mut from = Reader::new(take_frame(rest).ok_or(FormatError::Truncated)?);
    check_version("a snapshot", from.u8()?, VERSION)?;
    let last_log_id = from.option(read_log_id)?;
    let last_membership = read_stored_membership(&mut from)?;
    let offset = MetadataOffset(from.i64()?);
    from.finish()?;
    Ok((
        SnapshotMeta {
            last_log_id,
            last_membership,
        },
        offset,
    ))
}

/// Replaces the snapshot in a directory; durable when it returns. Blocks.
pub fn store(disk: &dyn Disk, directory: &Path, bytes: &SnapshotBytes) -> io::Result<()> {
    replace_file(disk, &directory.join(FILE), &bytes.0)?;
    disk.sync_dir(directory)
}

/// The snapshot in a directory, if there is one. Blocks.
pub fn load(disk: &dyn Disk, directory: &Path) -> io::Result<Option<SnapshotBytes>> {
    Ok(read_file(disk, &directory.join(FILE))?.map(|bytes| SnapshotBytes(Bytes::from(bytes))))
}
