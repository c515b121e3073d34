//! The limit probe: floors that no broker can pass, measured in the same run as the brokers (see the project's rules of measuring).
//!
//! `limit-probe DIRECTORY MEBIBYTES` prints one `name value unit` per line:
//! * `produce_floor` receive from loopback in a client's chunks, CRC-32C once, append to a new file in the page cache;
//! * `consume_floor` `sendfile` from the page cache to a loopback reader;
//! * `sync_floor_*` `fdatasync` after an append of a batch;
//! * `echo_floor_*` a loopback echo.
//!
//! CPU is that of the serving thread alone, as a broker's is measured without its clients'.

use rustix::time::{ClockId, clock_gettime};
use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

/// A produce request of librdkafka at `batch.size` 128 KiB.
const CHUNK_BYTES: usize = 128 * 1024;
/// What a consumer asks for at once (`max.partition.fetch.bytes`).
const REGION_BYTES: usize = 1024 * 1024;
const SYNCS: usize = 300;
const ECHOES: usize = 5_000;
const GIGABYTE: f64 = 1e9;

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(directory), Some(size)) = (arguments.next(), arguments.next()) else {
        return Err(Error::new(
            ErrorKind::InvalidInput,
            "usage: limit-probe DIRECTORY MEBIBYTES",
        ));
    };
    let directory = PathBuf::from(directory);
    let mebibytes: usize = size
        .to_string_lossy()
        .parse()
        .map_err(|_| Error::new(ErrorKind::InvalidInput, "MEBIBYTES is a number"))?;
    let file = directory.join("probe.log");
    produce_floor(&file, mebibytes << 20)?;
    consume_floor(&file, mebibytes << 20)?;
    sync_floor(&directory.join("probe.sync"), 16 * 1024)?;
    sync_floor(&directory.join("probe.sync"), CHUNK_BYTES)?;
    echo_floor(1024)?;
    std::fs::remove_file(file)
}

/// CPU time of this thread in seconds.
fn cpu_seconds() -> f64 {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
}

fn pair() -> Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    Ok((near, far))
}

fn produce_floor(path: &Path, total: usize) -> Result<()> {
    let (mut client, mut server) = pair()?;
    let sender = thread::spawn(move || -> Result<()> {
        let chunk = vec![0xA5_u8; CHUNK_BYTES];
        for _ in 0..total / CHUNK_BYTES {
            client.write_all(&chunk)?;
        }
        Ok(())
    });
    let file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .open(path)?;
    let mut buffer = vec![0; CHUNK_BYTES];
    let (before, started) = (cpu_seconds(), Instant::now());
    let mut at = 0;
    let mut sum = 0;
    while at < total {
        server.read_exact(&mut buffer)?;
        sum ^= crc32c::crc32c(&buffer);
        file.write_all_at(&buffer, at as u64)?;
        at += CHUNK_BYTES;
    }
    std::hint::black_box(sum);
    report_throughput("produce_floor", total, cpu_seconds() - before, started);
    sender.join().expect("the sender does not panic")
}

fn consume_floor(path: &Path, total: usize) -> Result<()> {
    let (mut client, server) = pair()?;
    let reader = thread::spawn(move || -> Result<()> {
        let mut buffer = vec![0; REGION_BYTES];
        let mut left = total;
        while left > 0 {
            left -= client.read(&mut buffer)?;
        }
        Ok(())
    });
    let file = File::open(path)?;
    let (before, started) = (cpu_seconds(), Instant::now());
    let mut at = 0_u64;
    while at < total as u64 {
        let count = REGION_BYTES.min(total - at as usize);
        let mut left = count;
        while left > 0 {
            left -= rustix::fs::sendfile(&server, &file, Some(&mut at), left)?;
        }
    }
    report_throughput("consume_floor", total, cpu_seconds() - before, started);
    reader.join().expect("the reader does not panic")
}

fn report_throughput(name: &str, total: usize, cpu: f64, started: Instant) {
    let gigabytes = total as f64 / GIGABYTE;
    println!("{name} {:.4} cpu_seconds_per_gb", cpu / gigabytes);
    println!(
        "{name}_rate {:.3} gb_per_second",
        gigabytes / started.elapsed().as_secs_f64()
    );
}

fn sync_floor(path: &Path, batch_bytes: usize) -> Result<()> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .open(path)?;
    let batch = vec![0x5A; batch_bytes];
    let mut spent_us = Vec::with_capacity(SYNCS);
    for number in 0..SYNCS {
        let started = Instant::now();
        file.write_all_at(&batch, (number * batch_bytes) as u64)?;
        file.sync_data()?;
        spent_us.push(started.elapsed().as_secs_f64() * 1e6);
    }
    report_latency(&format!("sync_floor_{}k", batch_bytes / 1024), spent_us);
    std::fs::remove_file(path)
}

fn echo_floor(size: usize) -> Result<()> {
    let (mut client, mut server) = pair()?;
    let echo = thread::spawn(move || -> Result<()> {
        let mut buffer = vec![0; size];
        for _ in 0..ECHOES {
            server.read_exact(&mut buffer)?;
            server.write_all(&buffer)?;
        }
        Ok(())
    });
    let mut buffer = vec![1; size];
    let mut spent_us = Vec::with_capacity(ECHOES);
    for _ in 0..ECHOES {
        let started = Instant::now();
        client.write_all(&buffer)?;
        client.read_exact(&mut buffer)?;
        spent_us.push(started.elapsed().as_secs_f64() * 1e6);
    }
    report_latency("echo_floor_1k", spent_us);
    echo.join().expect("the echo does not panic")
}

fn report_latency(name: &str, mut spent_us: Vec<f64>) {
    spent_us.sort_by(f64::total_cmp);
    for (label, part) in [("p50", 0.5), ("p99", 0.99)] {
        let at = ((spent_us.len() as f64 * part) as usize).min(spent_us.len() - 1);
        println!("{name}_{label} {:.1} microseconds", spent_us[at]);
    }
}
