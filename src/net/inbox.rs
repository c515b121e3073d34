//! From bytes to frames: what a connection has read and not yet handled.
//!
//! ```text
//!   i32 length │ length bytes │ i32 length │ …
//! ```
//! A length is checked on its four bytes, before memory is taken for the rest (`socket.request.max.bytes`). Small frames are read many at
//! a time into one buffer that is used again; a large frame is read straight into a buffer of its size, so that its records are never
//! copied, together with the four bytes that announce the next one. Memory follows the bytes that arrive, not the length claimed: beyond
//! [`GRANT_BYTES`] it doubles what is there, and what is charged to the node's budget is what was written to, not what was set aside. Once
//! the budget is used up no large frame begins, and those that have begun are read one at a time; who then sends little is in the way.

use super::memory::{Charge, Memory};
use super::world::Transport;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures::future::BoxFuture;
use ottla_protocol::frame::{self, FrameError};
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncReadExt;

const PREFIX_BYTES: usize = 4;
/// What a connection begins with, and an idle one goes back to.
const INITIAL_BYTES: usize = 1024;
/// Frames up to this size share buffers and are not charged.
const SMALL_BYTES: usize = 64 * 1024;
/// What is taken at once on the word of the peer: a batch of the default `max.message.bytes` with what surrounds it.
const GRANT_BYTES: usize = (1024 + 64) * 1024;
/// A large frame of which less than this arrives between two looks, which are seconds apart, is slow.
const SLOW_BYTES: usize = 256 * 1024;
/// What the next frame may be expected to take after one of that size.
const EXPECTED_MAX_BYTES: usize = 4 * 1024 * 1024;

/// The reading half of a connection.
pub struct Inbox {
    buffer: BytesMut,
    /// The size of the frame at the front, prefix included, once known.
    announced: Option<usize>,
    /// The capacity that the next buffer should have, learned from the frames before.
    capacity_wanted: usize,
    request_max_bytes: usize,
    memory: Arc<Memory>,
    charge: Charge,
    /// How much of the buffer was ever written to, which is what it takes of the machine's memory.
    touched_bytes: usize,
    /// Of large frames, since somebody last looked.
    arrived_bytes: usize,
    was_slow: bool,
    waiting_for_memory: Option<BoxFuture<'static, ()>>,
}

/// One frame without its length.
pub struct Frame {
    pub bytes: Bytes,
    /// Held until the request was handled.
    pub charge: Charge,
}

impl Inbox {
    pub fn new(request_max_bytes: usize, memory: Arc<Memory>) -> Self {
        Self {
            buffer: BytesMut::new(),
            announced: None,
            capacity_wanted: INITIAL_BYTES,
            request_max_bytes,
            memory,
            charge: Charge::default(),
            touched_bytes: 0,
            arrived_bytes: 0,
            was_slow: false,
            waiting_for_memory: None,
        }
    }

    /// From now on frames may be this long.
    pub fn set_limit(&mut self, request_max_bytes: usize) {
        self.request_max_bytes = request_max_bytes;
    }

    /// Whether a whole frame is at the front.
    ///
    /// # Errors
    /// A length that no frame may have; the connection is beyond repair.
    pub fn has_frame(&mut self) -> Result<bool, FrameError> {
        if self.announced.is_none()
            && let Some(prefix) = self.buffer.first_chunk::<PREFIX_BYTES>()
        {
            let size = frame::size(*prefix, self.request_max_bytes)?;
            self.announced = Some(PREFIX_BYTES + size);
        }
        Ok(self.announced.is_some_and(|size| self.buffer.len() >= size))
    }

    /// Takes the frame at the front.
    ///
    /// # Errors
    /// As [`Inbox::has_frame`].
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        if !self.has_frame()? {
            return Ok(None);
        }
        let size = self
            .announced
            .take()
            .expect("a whole frame has announced its size");
        let mut bytes = self.buffer.split_to(size);
        bytes.advance(PREFIX_BYTES);
        let is_large = size > SMALL_BYTES;
        self.capacity_wanted = match is_large {
            true => size.min(EXPECTED_MAX_BYTES) + PREFIX_BYTES,
            false => self.capacity_wanted.min(SMALL_BYTES),
        };
        let charge = std::mem::take(&mut self.charge);
        if is_large {
            self.touched_bytes = self.buffer.len();
            self.was_slow = false;
            return Ok(Some(Frame {
                bytes: bytes.freeze(),
                charge,
            }));
        }
        if self.buffer.is_empty() && charge.size_bytes() > 0 {
            // Small frames have begun: what was for large ones goes.
            self.buffer = BytesMut::new();
            self.touched_bytes = 0;
        } else {
            self.charge = charge;
        }
        let charge = Charge::default();
        Ok(Some(Frame {
            bytes: bytes.freeze(),
            charge,
        }))
    }

    /// Reads once, as much as is there and fits; 0 when the peer has closed. Waits for memory first when a large frame begins, or goes on,
    /// and the node's budget is used up.
    pub fn poll_fill<T: Transport>(
        &mut self,
        context: &mut Context<'_>,
        transport: &mut T,
    ) -> Poll<io::Result<usize>> {
        if let Some(room) = &mut self.waiting_for_memory {
            ready!(room.as_mut().poll(context));
            self.waiting_for_memory = None;
        }
        let was_overdrawn = self.charge.is_overdrawn();
        let Some(limit) = self.make_room() else {
            let memory = self.memory.clone();
            self.waiting_for_memory = Some(match self.has_begun() {
                true => Box::pin(memory.turn()),
                false => Box::pin(memory.room()),
            });
            return self.poll_fill(context, transport);
        };
        let mut target = (&mut self.buffer).limit(limit);
        let Poll::Ready(read) = pin!(transport.read_buf(&mut target)).poll(context) else {
            if !was_overdrawn {
                // Nothing is there to go on with: let somebody else.
                self.charge.end_overdraft();
            }
            return Poll::Pending;
        };
        let count = read?;
        self.charge_touched(self.buffer.len());
        self.arrived_bytes += count;
        if count == limit && self.capacity_wanted < SMALL_BYTES {
            self.capacity_wanted *= 2;
        }
        Poll::Ready(Ok(count))
    }

    /// Whether a frame is under way that is charged.
    pub fn has_begun(&self) -> bool {
        self.charge.size_bytes() > 0 && !self.buffer.is_empty()
    }

    /// Whether it waits for the node's memory and not for its peer.
    pub fn is_waiting_for_memory(&self) -> bool {
        self.waiting_for_memory.is_some()
    }

    /// Looks how much of a large frame has arrived since the last look: whether its peer is slow, was slow, and others need the memory.
    pub fn is_in_the_way(&mut self) -> bool {
        let is_slow = std::mem::take(&mut self.arrived_bytes) < SLOW_BYTES
            && self.has_begun()
            && !self.is_waiting_for_memory();
        let was_slow = std::mem::replace(&mut self.was_slow, is_slow);
        is_slow && was_slow && !self.memory.has_room()
    }

    /// Gives memory back while nothing is under way.
    pub fn shrink(&mut self) {
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
            self.charge = Charge::default();
            self.touched_bytes = 0;
            self.capacity_wanted = INITIAL_BYTES;
        }
    }

    /// Whether [`Inbox::shrink`] would give anything back.
    pub fn is_shrunk(&self) -> bool {
        !self.buffer.is_empty() || self.buffer.capacity() == 0
    }

    /// Sees to capacity for the next read and says how many bytes it may take; `None` when there is no memory to begin a large frame.
    fn make_room(&mut self) -> Option<usize> {
        let have = self.buffer.len();
        let Some(size) = self.announced else {
            let has_room = self.memory.has_room();
            if !has_room {
                self.shed();
            } else if self.buffer.capacity() - have < PREFIX_BYTES || have == 0 {
                self.ensure_capacity(self.capacity_wanted);
            }
            let room = self.buffer.capacity() - have;
            return Some(match has_room {
                true => room,
                false => room.min(INITIAL_BYTES),
            });
        };
        if size <= SMALL_BYTES {
            self.ensure_capacity(size);
            return Some(self.buffer.capacity() - have);
        }
        let whole = size + PREFIX_BYTES;
        if !self.may_go_on() {
            return None;
        }
        if self.buffer.capacity() < size {
            // Doubling only once the granted part is full keeps the copies below the bytes received.
            if self.buffer.capacity() == have || self.buffer.capacity() < GRANT_BYTES {
                let granted = GRANT_BYTES.max(self.capacity_wanted).max(2 * have);
                self.ensure_capacity(whole.min(granted));
            }
        }
        Some((self.buffer.capacity() - have).min(whole - have))
    }

    /// Keeps no more than it needs to hear of the next frame.
    fn shed(&mut self) {
        let have = self.buffer.len();
        if self.touched_bytes > SMALL_BYTES || self.buffer.capacity() - have < PREFIX_BYTES {
            let mut small = BytesMut::with_capacity(INITIAL_BYTES);
            small.put_slice(&self.buffer);
            self.buffer = small;
            self.touched_bytes = have;
            self.charge = Charge::default();
        }
    }

    fn may_go_on(&mut self) -> bool {
        self.memory.has_room() || self.has_begun() && self.memory.overdraw(&mut self.charge)
    }

    /// Uses the buffer's own memory again where nothing else refers to it; replaces the buffer otherwise.
    fn ensure_capacity(&mut self, capacity: usize) {
        let have = self.buffer.len();
        if self.buffer.capacity() >= capacity {
            return;
        }
        if self.buffer.try_reclaim(capacity - have) {
            self.charge_touched(self.buffer.capacity());
            return;
        }
        let mut larger = BytesMut::with_capacity(capacity);
        larger.put_slice(&self.buffer);
        self.buffer = larger;
        self.touched_bytes = 0;
        self.charge_touched(have);
    }

    /// So much of the buffer was written to.
    fn charge_touched(&mut self, size_bytes: usize) {
        self.touched_bytes = self.touched_bytes.max(size_bytes);
        let charged = match self.touched_bytes {
            0..=SMALL_BYTES => 0,
            bytes => bytes,
        };
        match self.charge.size_bytes() {
            held if held == charged => {}
            0 => self.charge = self.memory.charge(charged),
            _ => self.charge.resize(charged),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use prometheus::IntGauge;
    use tokio::io::{AsyncWriteExt, DuplexStream};

    struct Reader {
        inbox: Inbox,
        far: DuplexStream,
        near: DuplexStream,
        used: IntGauge,
    }

    fn reader(request_max_bytes: usize, memory_bytes: usize) -> Reader {
        let used = IntGauge::new("used", "used").unwrap();
        let (near, far) = tokio::io::duplex(8 * 1024 * 1024);
        let memory = Memory::new(memory_bytes, used.clone());
        Reader {
            inbox: Inbox::new(request_max_bytes, memory),
            far,
            near,
            used,
        }
    }

    impl Reader {
        async fn fill(&mut self) -> usize {
            let fill =
                std::future::poll_fn(|context| self.inbox.poll_fill(context, &mut self.near));
            fill.await.unwrap()
        }

        async fn frame(&mut self) -> Frame {
            loop {
                if let Some(frame) = self.inbox.next_frame().unwrap() {
                    return frame;
                }
                assert_ne!(self.fill().await, 0, "closed");
            }
        }

        async fn send(&mut self, size: usize, fill: u8) {
            self.far.write_i32(size as i32).await.unwrap();
            self.far.write_all(&vec![fill; size]).await.unwrap();
        }
    }

    #[tokio::test]
    async fn frames_of_all_sizes_arrive_whole_and_in_order() {
        let mut reader = reader(8 * 1024 * 1024, usize::MAX);
        for round in 0..3 {
            for size in [
                0,
                1,
                100,
                4 * 1024,
                65_532,
                65_533,
                200_000,
                200_000,
                3_000_000,
                10,
            ] {
                reader.send(size, round).await;
                let frame = reader.frame().await;
                assert!(
                    frame.bytes.len() == size && frame.bytes.iter().all(|byte| *byte == round),
                    "{size}"
                );
            }
        }
        assert_eq!(
            reader.used.get(),
            0,
            "nothing is charged once the frames are gone"
        );
    }

    #[tokio::test]
    async fn small_frames_are_read_many_at_a_time() {
        let mut reader = reader(1_000, usize::MAX);
        for _ in 0..5 {
            reader.send(100, 1).await;
        }
        assert_eq!(reader.fill().await, 520);
        for _ in 0..5 {
            assert!(reader.inbox.next_frame().unwrap().is_some());
        }
    }

    #[tokio::test]
    async fn a_length_over_the_limit_takes_no_memory() {
        let mut reader = reader(100 * 1024 * 1024, usize::MAX);
        reader.far.write_i32(i32::MAX).await.unwrap();
        reader.fill().await;
        assert!(reader.inbox.next_frame().is_err());
        assert!(reader.inbox.buffer.capacity() <= INITIAL_BYTES);
        assert_eq!(reader.used.get(), 0);
    }

    #[tokio::test]
    async fn memory_follows_the_bytes_that_arrive_and_not_the_length_claimed() {
        let mut reader = reader(100 * 1024 * 1024, usize::MAX);
        reader.far.write_i32(100 * 1024 * 1024).await.unwrap();
        reader.fill().await;
        assert!(!reader.inbox.has_frame().unwrap());
        reader.far.write_all(&[0; 10]).await.unwrap();
        reader.fill().await;
        assert!(reader.inbox.buffer.capacity() <= 2 * GRANT_BYTES);
        reader
            .far
            .write_all(&vec![0; 3 * GRANT_BYTES])
            .await
            .unwrap();
        while reader.inbox.buffer.len() < 3 * GRANT_BYTES {
            reader.fill().await;
            assert!(
                reader.inbox.buffer.capacity() <= 2 * reader.inbox.buffer.len().max(GRANT_BYTES)
            );
        }
    }

    #[tokio::test]
    async fn a_large_frame_waits_for_the_budget_and_a_begun_one_does_not() {
        let mut reader = reader(1024 * 1024, 300_000);
        let _taken = reader.inbox.memory.charge(200_000);
        reader.send(500_000, 1).await;
        let begun = reader.frame().await;
        reader.send(500_000, 2).await;
        {
            let mut second = pin!(reader.frame());
            assert!(second.as_mut().now_or_never().is_none(), "no room");
            drop(begun);
            assert_eq!(second.await.bytes.len(), 500_000);
        }
    }

    #[tokio::test]
    async fn like_frames_are_read_into_the_same_memory() {
        let mut reader = reader(1024 * 1024, usize::MAX);
        let mut addresses = Vec::new();
        for round in 0..6 {
            reader.send(130_000, round).await;
            addresses.push(reader.frame().await.bytes.as_ptr() as usize);
        }
        assert!(
            addresses[2..]
                .iter()
                .all(|address| *address == addresses[2]),
            "{addresses:?}"
        );
    }

    #[tokio::test]
    async fn an_idle_connection_holds_no_buffer() {
        let mut reader = reader(1024 * 1024, usize::MAX);
        reader.send(300_000, 1).await;
        drop(reader.frame().await);
        assert!(!reader.inbox.is_shrunk());
        reader.inbox.shrink();
        assert!(reader.inbox.is_shrunk());
        assert_eq!((reader.inbox.buffer.capacity(), reader.used.get()), (0, 0));
    }

    /// Sends all of a frame but its last byte, and has it read as far as that goes.
    async fn begin(reader: &mut Reader, size: usize) {
        reader.far.write_i32(size as i32).await.unwrap();
        reader.far.write_all(&vec![1; size - 1]).await.unwrap();
        while !reader.inbox.has_frame().unwrap() && reader.fill_now().is_some() {}
    }

    impl Reader {
        fn fill_now(&mut self) -> Option<usize> {
            let fill =
                std::future::poll_fn(|context| self.inbox.poll_fill(context, &mut self.near));
            fill.now_or_never().map(Result::unwrap)
        }

        /// Another connection of the same node.
        fn neighbour(&self) -> Self {
            let (near, far) = tokio::io::duplex(8 * 1024 * 1024);
            Self {
                inbox: Inbox::new(8 * 1024 * 1024, self.inbox.memory.clone()),
                far,
                near,
                used: self.used.clone(),
            }
        }
    }

    #[tokio::test]
    async fn what_was_announced_and_not_sent_is_not_charged() {
        let mut reader = reader(100 * 1024 * 1024, usize::MAX);
        reader.far.write_i32(100 * 1024 * 1024).await.unwrap();
        reader.far.write_all(&[0; 1_000]).await.unwrap();
        while !reader.inbox.has_frame().unwrap() && reader.fill_now().is_some() {}
        assert_eq!(reader.used.get(), 0);
    }

    #[tokio::test]
    async fn begun_frames_stay_within_the_budget_but_for_one() {
        const LIMIT: usize = 4 * 1024 * 1024;
        const LARGE: usize = 3 * 1024 * 1024;
        let mut first = reader(8 * 1024 * 1024, LIMIT);
        let mut crowd: Vec<Reader> = (0..20).map(|_| first.neighbour()).collect();
        // All begin before the budget is used up.
        for some in &mut crowd {
            some.far.write_i32(LARGE as i32).await.unwrap();
            some.far.write_all(&vec![1; 150_000]).await.unwrap();
            while !some.inbox.has_frame().unwrap() && some.fill_now().is_some() {}
        }
        for some in &mut crowd {
            some.far.write_all(&vec![1; LARGE - 150_000]).await.unwrap();
        }
        let mut done = 0;
        for _ in 0..1_000 {
            // A task that reads and reads is told to wait by the runtime.
            tokio::task::yield_now().await;
            for some in &mut crowd {
                if !some.inbox.has_frame().unwrap() {
                    some.fill_now();
                }
                let used = first.used.get() as usize;
                // One goes on, one was read when there was room, one buffer waits for more like it.
                assert!(used <= LIMIT + 3 * LARGE, "{used}");
                if let Some(frame) = some.inbox.next_frame().unwrap() {
                    assert_eq!(frame.bytes.len(), LARGE);
                    done += 1;
                }
            }
        }
        assert_eq!(done, 20, "nobody waits for ever");
        drop(crowd);
        assert_eq!(first.used.get(), 0);
        first.send(100_000, 1).await;
        first.frame().await;
    }

    #[tokio::test]
    async fn who_is_slow_is_in_the_way_only_where_memory_is_short() {
        let mut slow = reader(8 * 1024 * 1024, 1_000_000);
        begin(&mut slow, 600_000).await;
        assert!(!slow.inbox.is_in_the_way(), "it has just begun");
        assert!(!slow.inbox.is_in_the_way() && !slow.inbox.is_in_the_way());
        let _others = slow.inbox.memory.charge(500_000);
        assert!(slow.inbox.is_in_the_way());
        let mut waiting = slow.neighbour();
        waiting.far.write_i32(600_000).await.unwrap();
        while !waiting.inbox.has_frame().unwrap() && waiting.fill_now().is_some() {}
        for _ in 0..3 {
            assert!(!waiting.inbox.is_in_the_way(), "it is the node that waits");
        }
    }
}
