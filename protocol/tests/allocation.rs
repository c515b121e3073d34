//! No decoder allocates beyond a small multiple of its input, whatever lengths the input claims.
//!
//! A binary of its own, as it replaces the allocator by one that counts; one test, as the count is of the whole process.

#![expect(unsafe_code, reason = "an allocator cannot be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use ottla_protocol::Bytes;
use ottla_protocol::arbitrary::Random;
use ottla_protocol::probe::{self, Probe};

/// A string is the widest element for its least size: 32 bytes in memory for one on the wire. 35 is the most that was seen.
const MULTIPLE: usize = 40;
/// What small inputs may take beyond the multiple.
const ALLOWANCE_BYTES: usize = 1024;

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator with the arguments as they came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn peak_of(work: impl FnOnce()) -> usize {
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    work();
    PEAK.load(Ordering::Relaxed) - before
}

#[test]
fn decoding_never_allocates_beyond_a_multiple_of_the_input() {
    let mut random = Random::new(9);
    let mut worst = (0, String::new());
    for Probe {
        name,
        versions,
        decode,
        sample,
        ..
    } in probe::all()
    {
        for version in versions {
            for input in hostile(&mut random, |random| sample(random, version)) {
                let length = input.len();
                let peak = peak_of(|| {
                    let _ = decode(input, version);
                });
                let bound = MULTIPLE * length + ALLOWANCE_BYTES;
                assert!(
                    peak <= bound,
                    "{name} {version}: {peak} bytes for an input of {length}"
                );
                let multiple = peak.saturating_sub(ALLOWANCE_BYTES) / length.max(1);
                if multiple > worst.0 {
                    worst = (
                        multiple,
                        format!("{name} {version}: {peak} bytes for {length}"),
                    );
                }
            }
        }
    }
    println!("most: {}", worst.1);
}

/// Inputs that claim more than they hold: samples with huge lengths inside, and long runs of one byte.
fn hostile(random: &mut Random, sample: impl Fn(&mut Random) -> Bytes) -> Vec<Bytes> {
    let mut inputs: Vec<Bytes> = [0x00, 0x01, 0x02, 0x03, 0x7f, 0xff]
        .map(|byte| vec![byte; 3000].into())
        .into();
    for _ in 0..20 {
        let mut bytes = sample(random).to_vec();
        for _ in 0..1 + random.below(2) {
            let position = random.below(bytes.len() + 1);
            let lengths: [&[u8]; 4] = [
                &[0x7f, 0xff, 0xff, 0xff],
                &[0xff, 0xff, 0xff, 0xff, 0x07],
                &[0x00, 0x00, 0x03, 0x00],
                &[0x80, 0x08],
            ];
            bytes.splice(position..position, lengths[random.below(4)].iter().copied());
        }
        bytes.extend_from_slice(&[random.below(3) as u8; 2000]);
        inputs.push(bytes.into());
    }
    inputs
}
