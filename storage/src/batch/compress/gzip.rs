//! Gzip as Java's `GZIPInputStream` reads it: members follow each other, and what follows the last one is ignored.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

/// Plain bytes put out at a time.
const CHUNK_SIZE_BYTES: usize = 16 * 1024;
/// How a member begins: magic and the one method there is.
const MEMBER_HEAD: [u8; 3] = [0x1f, 0x8b, 8];

pub struct GzipReader<'a> {
    member: BufReader<GzDecoder<&'a [u8]>>,
}

impl<'a> GzipReader<'a> {
    pub fn new(records: &'a [u8]) -> GzipReader<'a> {
        let member = GzDecoder::new(records);
        GzipReader {
            member: BufReader::with_capacity(CHUNK_SIZE_BYTES, member),
        }
    }
}

impl BufRead for GzipReader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.member.fill_buf()?.is_empty() {
            let rest = *self.member.get_ref().get_ref();
            if !rest.starts_with(&MEMBER_HEAD) {
                break;
            }
            *self.member.get_mut() = GzDecoder::new(rest);
        }
        Ok(self.member.buffer())
    }

    fn consume(&mut self, count: usize) {
        self.member.consume(count);
    }
}

impl Read for GzipReader<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(to)?;
        self.consume(count);
        Ok(count)
    }
}
