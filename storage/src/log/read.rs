//! Reading: from an offset to regions of files. Whoever answers the fetch reads or sends them.

use super::error::{Failure, ReadError};
use super::shared::LogReader;
use crate::disk::DiskFile;
use crate::offset::Offset;
use crate::segment::{LazyFile, Located, Patience, Segment};
use std::io;
use std::sync::Arc;

/// Consecutive bytes of one `.log` file: whole batches. It stays readable while the segment exists, and is an error afterwards.
#[derive(Clone, Debug)]
pub struct FileRegion {
    file: Arc<LazyFile>,
    pub position: u64,
    pub size_bytes: u32,
}

/// What a read found.
#[derive(Clone, Debug)]
pub struct Read {
    /// In order; together the answer's records.
    pub regions: Vec<FileRegion>,
    pub size_bytes: u64,
    /// First offset of the first batch, which may lie before the offset asked for.
    pub first_offset: Option<Offset>,
}

impl FileRegion {
    /// The file, for `sendfile` from [`FileRegion::position`] or reads of one's own.
    pub fn open(&self) -> io::Result<Arc<dyn DiskFile>> {
        self.file.open()
    }

    /// Fills `buffer` from `skip` bytes into the region. `UnexpectedEof` when the file was cut meanwhile.
    pub fn read(&self, skip: u64, buffer: &mut [u8], patience: Patience) -> io::Result<()> {
        let length = patience.read(&*self.file.open()?, buffer, self.position + skip)?;
        if length < buffer.len() {
            Err(io::ErrorKind::UnexpectedEof.into())
        } else {
            Ok(())
        }
    }

    /// The whole region.
    pub fn to_vec(&self, patience: Patience) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.size_bytes as usize];
        self.read(0, &mut bytes, patience)?;
        Ok(bytes)
    }
}

impl LogReader {
    /// Whole batches from the one that holds `from`, none that ends at or after `upper_bound` (high watermark, last stable offset or end), at
    /// most `max_bytes` of them. `min_one_batch`: the first batch comes even if it is larger (KIP-74). Nothing at `upper_bound` is not an error.
    pub fn read(
        &self,
        from: Offset,
        max_bytes: u64,
        upper_bound: Offset,
        min_one_batch: bool,
        patience: Patience,
    ) -> Result<Read, ReadError> {
        let offsets = self.offsets();
        if from < offsets.start || from > offsets.end {
            return Err(ReadError::OutOfRange {
                start: offsets.start,
                end: offsets.end,
            });
        }
        let upper_bound = upper_bound.min(offsets.end);
        let mut read = Read {
            regions: Vec::new(),
            size_bytes: 0,
            first_offset: None,
        };
        if from >= upper_bound {
            return Ok(read);
        }
        let set = self.shared.segments.load();
        // Segments may have gone since the look at the offsets; the start moves before they do.
        let start = self.offsets().start;
        if from < start {
            return Err(ReadError::OutOfRange {
                start,
                end: offsets.end,
            });
        }
        for segment in set.from(from) {
            if segment.base_offset() >= upper_bound {
                break;
            }
            let left_bytes = max_bytes.saturating_sub(read.size_bytes);
            let needs_one = min_one_batch && read.regions.is_empty();
            let is_cut = read_segment(
                segment,
                from,
                left_bytes,
                upper_bound,
                needs_one,
                patience,
                &mut read,
            )
            .map_err(|error| ReadError::from(Failure::new("reading a log", &error)))?;
            if is_cut {
                break;
            }
        }
        Ok(read)
    }
}

/// Adds what one segment has; answers whether the budget, not the segment, was the limit.
fn read_segment(
    segment: &Arc<Segment>,
    from: Offset,
    left_bytes: u64,
    upper_bound: Offset,
    needs_one: bool,
    patience: Patience,
    read: &mut Read,
) -> io::Result<bool> {
    let Some(first) = segment.locate(from, patience)? else {
        return Ok(false);
    };
    if first.last_offset >= upper_bound {
        return Ok(true);
    }
    let end = end_of_read(
        segment,
        &first,
        left_bytes,
        upper_bound,
        needs_one,
        patience,
    )?;
    if end > first.position {
        // A region is sent with a 32-bit length; segments of Kafka never exceed it.
        let size_bytes =
            u32::try_from(end - first.position).map_err(|_| io::ErrorKind::FileTooLarge)?;
        read.regions.push(FileRegion {
            file: segment.log_file().clone(),
            position: first.position,
            size_bytes,
        });
        read.size_bytes += u64::from(size_bytes);
        read.first_offset.get_or_insert(first.base_offset);
    }
    Ok(end < segment.size_bytes())
}

fn end_of_read(
    segment: &Segment,
    first: &Located,
    left_bytes: u64,
    upper_bound: Offset,
    needs_one: bool,
    patience: Patience,
) -> io::Result<u64> {
    if needs_one && u64::from(first.size_bytes) >= left_bytes {
        return Ok(first.end());
    }
    segment.boundary(first, left_bytes, upper_bound, patience)
}
