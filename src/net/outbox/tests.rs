//! Answers with file regions, over a stream that copies and over a socket that takes `sendfile`.

use super::*;
use crate::net::memory::Memory;
use crate::net::records::{SEND_FILE_MIN_BYTES, STAGE_BYTES};
use bytes::BytesMut;
use futures::FutureExt;
use ottla_protocol::RecordSource;
use ottla_storage::disk::{Disk, DiskFile, OpenHow, RealDisk};
use prometheus::IntGauge;
use std::any::Any;
use std::io::IoSlice;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

#[derive(Debug)]
struct Parts(Vec<Region>);
impl RecordSource for Parts {}

fn regions_of(deferred: &DeferredRecords) -> Option<Vec<Region>> {
    let source: &dyn Any = &*deferred.source;
    Some(source.downcast_ref::<Parts>()?.0.clone())
}

fn records(regions: Vec<Region>) -> Chunk {
    let size_bytes = regions.iter().map(Region::size_bytes).sum();
    Chunk::Deferred(DeferredRecords {
        size_bytes,
        source: Arc::new(Parts(regions)),
    })
}

struct Fixture {
    outbox: Outbox,
    used: IntGauge,
    content: Vec<u8>,
    file: Arc<dyn DiskFile>,
    _folder: tempfile::TempDir,
}

/// A file of 4 MiB of which no two places look alike.
fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..1024 * 1024_u32).flat_map(u32::to_be_bytes).collect();
    let file = RealDisk
        .open(&folder.path().join("log"), OpenHow::Create)
        .unwrap();
    file.write_vectored_at(&[IoSlice::new(&content)], 0)
        .unwrap();
    let used = IntGauge::new("used", "used").unwrap();
    let pool = Pool::new(Memory::new(64 * STAGE_BYTES, used.clone()));
    let outbox = Outbox::new(pool, Workers::tasks(), regions_of);
    Fixture {
        outbox,
        used,
        content,
        file,
        _folder: folder,
    }
}

impl Fixture {
    fn region(&self, position: usize, size_bytes: usize) -> Region {
        Region::of_file(self.file.clone(), position as u64, size_bytes)
    }

    /// An answer that takes every way out, and its bytes.
    fn answer(&self) -> (Vec<Chunk>, Vec<u8>) {
        let long = Bytes::from(vec![9; 100_000]);
        let spans = [
            (10, 100),
            (5_000, 70_000),
            (100_001, SEND_FILE_MIN_BYTES),
            (3, 3_000_000),
            (7, 1),
        ];
        let (mut chunks, mut expected) = (Vec::new(), BytesMut::new());
        for (position, size) in spans {
            chunks.push(Chunk::Bytes(Bytes::from_static(b"head")));
            chunks.push(records(vec![
                self.region(position, size),
                self.region(0, 0),
                self.region(1, 50),
            ]));
            expected.extend_from_slice(b"head");
            expected.extend_from_slice(&self.content[position..position + size]);
            expected.extend_from_slice(&self.content[1..51]);
        }
        chunks.push(Chunk::Bytes(long.clone()));
        expected.extend_from_slice(&long);
        (chunks, expected.to_vec())
    }

    async fn send<T: Transport>(&mut self, transport: &mut T) -> Result<(), SendError> {
        std::future::poll_fn(|context| self.outbox.poll_send(context, transport)).await
    }
}

async fn assert_arrives<T: Transport>(
    mut fixture: Fixture,
    mut near: T,
    mut far: impl AsyncReadExt + Unpin,
) {
    let (chunks, expected) = fixture.answer();
    fixture.outbox.push(chunks).unwrap();
    let receiving = async {
        let mut received = vec![0; expected.len()];
        far.read_exact(&mut received).await.unwrap();
        received
    };
    let (sent, received) = tokio::join!(fixture.send(&mut near), receiving);
    sent.unwrap();
    assert!(received == expected);
    assert!(fixture.outbox.is_empty());
    assert_eq!(fixture.outbox.sent_bytes(), expected.len() as u64);
    assert_eq!(fixture.used.get(), 0);
}

#[tokio::test]
async fn an_answer_is_copied_whole_and_in_order() {
    let (near, far) = tokio::io::duplex(50_000);
    assert_arrives(fixture(), near, far).await;
}

#[tokio::test]
async fn an_answer_goes_by_sendfile_whole_and_in_order() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (near, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    assert_arrives(fixture(), near.unwrap(), accepted.unwrap().0).await;
}

#[tokio::test]
async fn a_cold_region_is_read_by_a_worker() {
    let mut fixture = fixture();
    fixture.file = Arc::new(Cold::new(&fixture.file));
    let (near, far) = tokio::io::duplex(50_000);
    assert_arrives(fixture, near, far).await;
}

#[tokio::test]
async fn a_region_that_becomes_resident_while_it_is_read_is_sent_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (near, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (mut near, mut far) = (near.unwrap(), accepted.unwrap().0);
    let mut fixture = fixture();
    let cold = Arc::new(Cold::new(&fixture.file));
    fixture.file = cold.clone();
    let chunks = vec![
        records(vec![fixture.region(0, SEND_FILE_MIN_BYTES)]),
        Chunk::Bytes(Bytes::from_static(b"tail")),
    ];
    fixture.outbox.push(chunks).unwrap();
    let begun = fixture.send(&mut near).now_or_never();
    assert!(begun.is_none(), "the worker has not run yet");
    cold.is_resident.store(true, Ordering::Relaxed);
    fixture.send(&mut near).await.unwrap();
    let mut received = vec![0; SEND_FILE_MIN_BYTES + 4];
    far.read_exact(&mut received).await.unwrap();
    let (region, tail) = received.split_at(SEND_FILE_MIN_BYTES);
    assert!(region == &fixture.content[..SEND_FILE_MIN_BYTES] && tail == b"tail");
}

#[tokio::test]
async fn a_reader_that_does_not_read_holds_one_buffer() {
    let mut fixture = fixture();
    let (mut near, _far) = tokio::io::duplex(1_000);
    let regions = (0..200).map(|_| fixture.region(0, 1_000_000)).collect();
    fixture
        .outbox
        .push(vec![
            Chunk::Bytes(Bytes::from_static(b"head")),
            records(regions),
        ])
        .unwrap();
    let sending = tokio::time::timeout(std::time::Duration::ZERO, fixture.send(&mut near));
    assert!(sending.await.is_err(), "still sending");
    assert_eq!(fixture.used.get(), STAGE_BYTES as i64);
    drop(fixture.outbox);
    assert_eq!(fixture.used.get(), 0);
}

#[tokio::test]
async fn a_file_that_was_cut_ends_the_connection() {
    for size in [1_000, 1_000_000] {
        let mut fixture = fixture();
        let (mut near, _far) = tokio::io::duplex(8_000_000);
        let region = fixture.region(fixture.content.len() - size / 2, size);
        fixture.outbox.push(vec![records(vec![region])]).unwrap();
        let sent = fixture.send(&mut near).await;
        assert!(matches!(sent, Err(SendError::Records(_))), "{sent:?}");
    }
}

#[tokio::test]
async fn records_that_nobody_can_read_are_refused_before_anything_is_sent() {
    #[derive(Debug)]
    struct Strange;
    impl RecordSource for Strange {}
    let mut outbox = fixture().outbox;
    let strange = DeferredRecords {
        size_bytes: 10,
        source: Arc::new(Strange),
    };
    let pushed = outbox.push(vec![Chunk::Deferred(strange)]);
    assert!(matches!(pushed, Err(SendError::Records(_))), "{pushed:?}");
}

/// A file of which nothing is resident, until it is.
#[derive(Debug)]
struct Cold {
    file: Arc<dyn DiskFile>,
    is_resident: AtomicBool,
}

impl Cold {
    fn new(file: &Arc<dyn DiskFile>) -> Self {
        Self {
            file: file.clone(),
            is_resident: AtomicBool::new(false),
        }
    }
}

impl DiskFile for Cold {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }
    fn read_at_if_cached(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match self.is_resident.load(Ordering::Relaxed) {
            true => self.read_at(buffer, offset),
            false => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
    fn write_vectored_at(&self, _: &[IoSlice<'_>], _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }
    fn size_bytes(&self) -> io::Result<u64> {
        self.file.size_bytes()
    }
    fn set_size_bytes(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn allocate(&self, _: u64) -> io::Result<()> {
        Ok(())
    }
    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.file.as_fd()
    }
}
