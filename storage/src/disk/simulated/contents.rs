//! One simulated file: what reads see, what is durable, and the changes in between.

use super::Random;
use std::io;

/// The unit that a device writes whole.
const SECTOR_BYTES: usize = 512;

#[derive(Debug, Default)]
pub(super) struct Contents {
    current: Vec<u8>,
    durable: Vec<u8>,
    /// Since the last sync, oldest first.
    unsynced: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Size(usize),
}

impl Contents {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.current
    }

    pub(super) fn read(&self, buffer: &mut [u8], offset: usize) -> usize {
        let available = self.current.get(offset..).unwrap_or(&[]);
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        length
    }

    pub(super) fn write(&mut self, at: usize, bytes: Vec<u8>) {
        write(&mut self.current, at, &bytes);
        self.unsynced.push(Change::Write { at, bytes });
    }

    pub(super) fn set_size(&mut self, size_bytes: usize) {
        self.current.resize(size_bytes, 0);
        self.unsynced.push(Change::Size(size_bytes));
    }

    pub(super) fn sync(&mut self) {
        for change in std::mem::take(&mut self.unsynced) {
            match change {
                Change::Write { at, bytes } => write(&mut self.durable, at, &bytes),
                Change::Size(size_bytes) => self.durable.resize(size_bytes, 0),
            }
        }
    }

    pub(super) fn flip_bits(&mut self, offset: usize, mask: u8) -> io::Result<()> {
        for bytes in [&mut self.current, &mut self.durable] {
            if let Some(byte) = bytes.get_mut(offset) {
                *byte ^= mask;
            }
        }
        if offset < self.current.len() {
            Ok(())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    /// Each unsynced change stays, goes, or (a write) stays in some of its sectors. One time in four all go, one in four all stay but the last
    /// write is torn: the cases that matter most.
    pub(super) fn lose_unsynced(&mut self, random: &mut Random) {
        let mood = random.below(4);
        let changes = std::mem::take(&mut self.unsynced);
        let count = changes.len();
        for (index, change) in changes.into_iter().enumerate() {
            let is_last = index + 1 == count;
            let fate = match mood {
                0 => 0,
                1 => {
                    if is_last {
                        2
                    } else {
                        1
                    }
                }
                _ => random.below(3),
            };
            match (fate, change) {
                (0, _) => {}
                (1, Change::Write { at, bytes }) => write(&mut self.durable, at, &bytes),
                (_, Change::Write { at, bytes }) => {
                    write_torn(&mut self.durable, at, &bytes, random)
                }
                (_, Change::Size(size_bytes)) => self.durable.resize(size_bytes, 0),
            }
        }
        self.current.clone_from(&self.durable);
    }
}

fn write(contents: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if contents.len() < end {
        contents.resize(end, 0);
    }
    contents[at..end].copy_from_slice(bytes);
}

/// Writes some of the sectors that `bytes` touches.
fn write_torn(contents: &mut Vec<u8>, at: usize, bytes: &[u8], random: &mut Random) {
    let mut from = 0;
    while from < bytes.len() {
        let to = bytes
            .len()
            .min(((at + from) / SECTOR_BYTES + 1) * SECTOR_BYTES - at);
        if random.coin() {
            write(contents, at + from, &bytes[from..to]);
        }
        from = to;
    }
}
