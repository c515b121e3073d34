//! Single requests, as bytes on a socket: Metadata v4 (which creates the topic) and Produce v3, acks=1.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(120);

/// Asks until a record is acknowledged, from before the broker listens on; says when that was, in seconds since 1970.
pub fn first(address: &str, topic: &str) -> String {
    let started = Instant::now();
    while started.elapsed() < LIMIT {
        if attempt(address, topic).is_ok_and(|error| error == 0) {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            return format!(
                r#"{{"acknowledged_at": {:.4}}}"#,
                now.expect("after 1970").as_secs_f64()
            );
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("no record was acknowledged");
}

fn attempt(address: &str, topic: &str) -> std::io::Result<i16> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    exchange(&mut stream, &metadata(topic))?;
    produce_error(&exchange(&mut stream, &produce(topic, 100))?, topic)
}

/// On each connection one record after another, each acknowledged before the next; `count` in all.
pub fn round_trips(
    address: &str,
    topic: &str,
    size: usize,
    count: usize,
    connections: usize,
) -> String {
    while attempt(address, topic).expect("a broker") != 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    let started = Instant::now();
    let each = count / connections;
    let mut took_us: Vec<f64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..connections)
            .map(|_| scope.spawn(|| trips(address, topic, size, each)))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("no panic"))
            .collect()
    });
    let per_second = took_us.len() as f64 / started.elapsed().as_secs_f64();
    took_us.sort_by(f64::total_cmp);
    let at = |share: f64| took_us[((took_us.len() - 1) as f64 * share) as usize];
    format!(
        r#"{{"per_second": {per_second:.0}, "p50_us": {:.1}, "p99_us": {:.1}}}"#,
        at(0.5),
        at(0.99)
    )
}

fn trips(address: &str, topic: &str, size: usize, count: usize) -> Vec<f64> {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_nodelay(true).expect("an option");
    let request = produce(topic, size);
    let mut trip = || {
        let started = Instant::now();
        let answer = exchange(&mut stream, &request).expect("an answer");
        assert_eq!(produce_error(&answer, topic).expect("whole"), 0);
        started.elapsed().as_secs_f64() * 1e6
    };
    (0..count).map(|_| trip()).collect()
}

pub fn exchange(stream: &mut TcpStream, request: &[u8]) -> std::io::Result<Vec<u8>> {
    send(stream, request)?;
    receive(stream)
}

pub fn send(stream: &mut TcpStream, request: &[u8]) -> std::io::Result<()> {
    stream.write_all(request)
}

/// The next answer without its size.
pub fn receive(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut size = [0; 4];
    stream.read_exact(&mut size)?;
    let mut answer = vec![0; u32::from_be_bytes(size) as usize];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

/// The error of the only partition.
fn produce_error(answer: &[u8], topic: &str) -> std::io::Result<i16> {
    let at = 4 + 4 + 2 + topic.len() + 4 + 4;
    let bytes = answer
        .get(at..at + 2)
        .ok_or(std::io::ErrorKind::UnexpectedEof)?;
    Ok(i16::from_be_bytes([bytes[0], bytes[1]]))
}

pub fn frame(key: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let mut header = [key.to_be_bytes(), version.to_be_bytes()].concat();
    header.extend([0, 0, 0, 1, 0, 5]);
    header.extend(b"bench");
    let size = (header.len() + body.len()) as u32;
    [&size.to_be_bytes()[..], &header, body].concat()
}

pub fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat()
}

pub fn metadata(topic: &str) -> Vec<u8> {
    frame(
        3,
        4,
        &[&1u32.to_be_bytes()[..], &string(topic), &[1]].concat(),
    )
}

fn produce(topic: &str, size: usize) -> Vec<u8> {
    let batch = batch(size);
    let body = [
        &[0xff, 0xff, 0, 1, 0, 0, 0x75, 0x30][..], // no transaction, acks=1, 30 s
        &1u32.to_be_bytes(),
        &string(topic),
        &1u32.to_be_bytes(),
        &0u32.to_be_bytes(),
        &(batch.len() as u32).to_be_bytes(),
        &batch,
    ];
    frame(0, 3, &body.concat())
}

/// A batch of one record without key.
fn batch(size: usize) -> Vec<u8> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now_ms = (now.expect("after 1970").as_millis() as i64).to_be_bytes();
    let mut record = vec![0, 0, 0, 1]; // attributes, deltas, no key
    record.extend(varint(size));
    record.extend(std::iter::repeat_n(b'x', size));
    record.push(0);
    let no_producer = [0xff; 8 + 2 + 4];
    let checked = [
        &[0; 2 + 4][..],
        &now_ms,
        &now_ms,
        &no_producer,
        &1u32.to_be_bytes(),
        &varint(record.len()),
        &record,
    ];
    let checked = checked.concat();
    let crc = crc32c::crc32c(&checked).to_be_bytes();
    let length = (4 + 1 + 4 + checked.len()) as u32;
    [
        &[0; 8][..],
        &length.to_be_bytes(),
        &[0; 4],
        &[2],
        &crc,
        &checked,
    ]
    .concat()
}

/// Zigzag, as records have it.
fn varint(number: usize) -> Vec<u8> {
    let mut rest = number << 1;
    let mut bytes = Vec::new();
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}
