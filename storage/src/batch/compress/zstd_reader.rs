//! Zstandard frames, read by a context that the thread keeps: making one costs as much as a small batch takes to decompress.

use std::cell::RefCell;
use std::io::{self, BufRead, Read};
use std::mem;

use zstd::zstd_safe::{DCtx, InBuffer, OutBuffer, ResetDirective, get_error_name};

/// Plain bytes put out at a time.
const CHUNK_SIZE_BYTES: usize = 32 * 1024;
/// A context that grew beyond this (a frame with a large window) is not kept.
const MAX_KEPT_SIZE_BYTES: usize = 4 * 1024 * 1024;

thread_local! {
    /// The context that no reader of this thread is using, and its chunk.
    static IDLE: RefCell<Option<(DCtx<'static>, Vec<u8>)>> = const { RefCell::new(None) };
}

/// A stream over one or more frames; an end inside of the first is an error, inside of a later one it is the end (as zstd-jni has it).
pub struct ZstdReader<'a> {
    rest: &'a [u8],
    decoder: Option<DCtx<'static>>,
    /// What came out last.
    chunk: Vec<u8>,
    /// How much of the chunk is consumed.
    at: usize,
    is_inside_frame: bool,
    has_finished_frame: bool,
}

impl<'a> ZstdReader<'a> {
    pub fn new(records: &'a [u8]) -> ZstdReader<'a> {
        let kept = IDLE.take();
        let (decoder, chunk) =
            kept.unwrap_or_else(|| (DCtx::create(), Vec::with_capacity(CHUNK_SIZE_BYTES)));
        ZstdReader {
            rest: records,
            decoder: Some(decoder),
            chunk,
            at: 0,
            is_inside_frame: false,
            has_finished_frame: false,
        }
    }

    /// Puts out the next chunk, which is empty only at the end. After an error there is none.
    fn next_chunk(&mut self) -> io::Result<()> {
        self.at = 0;
        self.chunk.clear();
        let mut decoder = self
            .decoder
            .take()
            .ok_or_else(|| invalid("it failed before"))?;
        while self.chunk.is_empty() && (self.is_inside_frame || !self.rest.is_empty()) {
            let is_out_of_input = self.rest.is_empty();
            let mut input = InBuffer::around(self.rest);
            let mut output = OutBuffer::around(&mut self.chunk);
            let hint = decoder
                .decompress_stream(&mut output, &mut input)
                .map_err(|code| invalid(get_error_name(code)))?;
            self.rest = &self.rest[input.pos()..];
            self.is_inside_frame = hint != 0;
            self.has_finished_frame |= hint == 0;
            if is_out_of_input && self.is_inside_frame && self.chunk.is_empty() {
                if !self.has_finished_frame {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                self.is_inside_frame = false;
            }
        }
        self.decoder = Some(decoder);
        Ok(())
    }
}

impl BufRead for ZstdReader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.chunk.len() {
            self.next_chunk()?;
        }
        Ok(&self.chunk[self.at..])
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
    }
}

impl Read for ZstdReader<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(to)?;
        self.consume(count);
        Ok(count)
    }
}

impl Drop for ZstdReader<'_> {
    fn drop(&mut self) {
        let Some(mut decoder) = self.decoder.take() else {
            return;
        };
        let is_fit = decoder.sizeof() <= MAX_KEPT_SIZE_BYTES
            && decoder.reset(ResetDirective::SessionOnly).is_ok();
        if is_fit {
            self.chunk.clear();
            IDLE.set(Some((decoder, mem::take(&mut self.chunk))));
        }
    }
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
