//! Every codec there and back, and what must not get through.

use std::io::{BufRead, Read, Write};
use std::sync::LazyLock;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::batch::Codec;

const LIMIT: usize = 1 << 20;

/// The same numbers in every codec.
static SAMPLES: LazyLock<Vec<(Codec, Bytes)>> = LazyLock::new(|| {
    let plain: Vec<u8> = (0..2_000u32).flat_map(|n| (n / 3).to_be_bytes()).collect();
    Codec::ALL
        .map(|codec| (codec, compress(codec, &plain)))
        .to_vec()
});

fn compress(codec: Codec, plain: &[u8]) -> Bytes {
    let mut stream = Compressor::new(Compression::of(codec), Sink::new(Vec::new(), usize::MAX))
        .expect("memory takes everything");
    stream.write_all(plain).expect("memory takes everything");
    stream.finish().expect("memory takes everything").into()
}

fn assert_corrupt(codec: Codec, records: &[u8]) {
    let found = decompress(codec, &Bytes::copy_from_slice(records), LIMIT);
    assert!(
        matches!(found, Err(DecompressError::Corrupt(_))),
        "{codec:?}: {found:?}"
    );
}

#[test]
fn output_beyond_the_limit_is_refused_and_up_to_it_is_not() {
    for codec in Codec::ALL {
        let records = compress(codec, &vec![7; 100_000]);
        let at_limit = decompress(codec, &records, 100_000);
        assert_eq!(at_limit.map(|plain| plain.len()), Ok(100_000), "{codec:?}");
        let refused = decompress(codec, &records, 99_999);
        assert_eq!(
            refused,
            Err(DecompressError::TooLarge {
                limit_bytes: 99_999
            }),
            "{codec:?}"
        );
    }
}

#[test]
fn a_small_batch_that_unfolds_to_megabytes_meets_the_limit_early() {
    for codec in [Codec::Gzip, Codec::Zstd, Codec::Lz4, Codec::Snappy] {
        let mut stream = Compressor::new(Compression::of(codec), Sink::new(Vec::new(), usize::MAX))
            .expect("memory");
        for _ in 0..8 {
            stream.write_all(&vec![0; 1 << 20]).expect("memory");
        }
        let bomb: Bytes = stream.finish().expect("memory").into();
        let refused = decompress(codec, &bomb, LIMIT);
        assert_eq!(
            refused,
            Err(DecompressError::TooLarge { limit_bytes: LIMIT }),
            "{codec:?}"
        );
    }
}

#[test]
fn a_sink_refuses_what_exceeds_it() {
    let noise: Vec<u8> = (0..50_000u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes())
        .collect();
    for codec in Codec::ALL {
        let written = Compressor::new(Compression::of(codec), Sink::new(Vec::new(), 1_000))
            .and_then(|mut stream| {
                stream.write_all(&noise)?;
                stream.finish()
            });
        assert_eq!(
            written.map_err(|error| error.kind()),
            Err(std::io::ErrorKind::FileTooLarge),
            "{codec:?}"
        );
    }
}

#[test]
fn a_bare_snappy_block_is_read_as_a_frame_is() {
    let bare = snap::raw::Encoder::new()
        .compress_vec(b"sent by librdkafka")
        .expect("short");
    assert_eq!(
        decompress(Codec::Snappy, &bare.into(), LIMIT).as_deref(),
        Ok(&b"sent by librdkafka"[..])
    );
    let framed = compress(Codec::Snappy, b"sent by Java");
    assert_eq!(framed[..8], [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0]);
    let twice: Bytes = [&framed[..], &framed[..]].concat().into();
    let plain = decompress(Codec::Snappy, &twice, LIMIT);
    assert_eq!(
        plain.as_deref(),
        Ok(&b"sent by Javasent by Java"[..]),
        "frames may follow each other"
    );
}

#[test]
fn gzip_members_follow_each_other_and_what_follows_them_is_ignored() {
    let one = compress(Codec::Gzip, b"one");
    let all: Bytes = [
        &one[..],
        &compress(Codec::Gzip, b""),
        &one,
        b"ignored, as Java ignores it",
    ]
    .concat()
    .into();
    assert_eq!(
        decompress(Codec::Gzip, &all, LIMIT).as_deref(),
        Ok(&b"oneone"[..])
    );
    assert_corrupt(Codec::Gzip, b"no member at all");
}

#[test]
fn a_snappy_block_cannot_claim_gigabytes() {
    assert_corrupt(Codec::Snappy, &[0xff, 0xff, 0xff, 0xff, 0x0f, 0, 1]);
    assert_corrupt(Codec::Snappy, &[]);
}

#[test]
fn lz4_frames_that_kafka_refuses_are_refused() {
    let frame = compress(Codec::Lz4, &[5; 1_000]);
    let resealed = |at: usize, value: u8| {
        let mut bytes = frame.to_vec();
        bytes[at] = value;
        bytes[6] = (twox_hash::XxHash32::oneshot(0, &bytes[4..6]) >> 8) as u8;
        bytes
    };
    assert_eq!(resealed(4, frame[4]), &frame[..]);
    assert_corrupt(Codec::Lz4, &resealed(4, frame[4] & !0x20)); // linked blocks
    assert_corrupt(Codec::Lz4, &resealed(4, frame[4] | 0x02)); // reserved
    assert_corrupt(Codec::Lz4, &resealed(4, 0x80 | frame[4] & 0x3f)); // version
    assert_corrupt(Codec::Lz4, &resealed(5, 0x30)); // block size
    let mut wrong = frame.to_vec();
    wrong[6] ^= 1; // header checksum
    assert_corrupt(Codec::Lz4, &wrong);
    assert_corrupt(Codec::Lz4, &frame[..frame.len() - 4]); // no end mark
    let mut trailing = frame.to_vec();
    trailing.extend_from_slice(b"ignored, as Kafka ignores it");
    assert!(decompress(Codec::Lz4, &trailing.into(), LIMIT).is_ok());
}

#[test]
fn lz4_checksums_and_sizes_of_other_writers_are_read() {
    use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};
    let plain: Vec<u8> = (0..300_000u32).map(|n| (n / 7) as u8).collect();
    for block_size in [
        BlockSize::Max64KB,
        BlockSize::Max256KB,
        BlockSize::Max1MB,
        BlockSize::Max4MB,
    ] {
        let info = FrameInfo::new()
            .block_size(block_size)
            .block_checksums(true)
            .content_checksum(true)
            .content_size(Some(plain.len() as u64));
        let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
        encoder.write_all(&plain).expect("memory");
        let mut frame = encoder.finish().expect("memory");
        assert_eq!(
            decompress(Codec::Lz4, &frame.clone().into(), LIMIT).as_deref(),
            Ok(&plain[..])
        );
        frame[40] ^= 1;
        assert_corrupt(Codec::Lz4, &frame); // block checksum
    }
}

#[test]
fn truncated_streams_are_refused() {
    let plain: Vec<u8> = (0..100_000u32)
        .flat_map(|n| (n / 3).to_be_bytes())
        .collect();
    for codec in [Codec::Gzip, Codec::Zstd, Codec::Lz4] {
        let records = compress(codec, &plain);
        for cut in [1, 5, records.len() / 2, records.len() - 1] {
            assert_corrupt(codec, &records[..cut]);
        }
    }
    let records = compress(Codec::Snappy, &plain);
    assert_corrupt(Codec::Snappy, &records[..records.len() - 1]);
}

#[test]
fn levels_are_taken() {
    let plain: Vec<u8> = (0..20_000u32)
        .flat_map(|n| (n % 1_000).to_be_bytes())
        .collect();
    for (codec, levels) in [
        (Codec::Gzip, &[-1, 1, 9][..]),
        (Codec::Lz4, &[1, 9, 17]),
        (Codec::Zstd, &[-131_072, -7, 1, 19, 22]),
    ] {
        for level in levels {
            let compression = Compression {
                codec,
                level: Some(*level),
            };
            let mut stream = Compressor::new(compression, Sink::new(Vec::new(), usize::MAX))
                .expect("a known level");
            stream.write_all(&plain).expect("memory");
            let records = stream.finish().expect("memory").into();
            assert_eq!(
                decompress(codec, &records, LIMIT).as_deref(),
                Ok(&plain[..]),
                "{codec:?} {level}"
            );
        }
    }
}

proptest! {
    #[test]
    fn plain_bytes_survive_every_codec(
        pieces in proptest::collection::vec((any::<u8>(), 1..5_000usize), 0..10),
        noise in proptest::collection::vec(any::<u8>(), 0..5_000),
    ) {
        let mut plain: Vec<u8> = pieces.iter().flat_map(|(byte, count)| std::iter::repeat_n(*byte, *count)).collect();
        plain.extend_from_slice(&noise);
        for codec in Codec::ALL {
            let records = compress(codec, &plain);
            if plain.is_empty() && codec == Codec::Lz4 { continue }
            let found = decompress(codec, &records, LIMIT);
            prop_assert_eq!(found.as_deref(), Ok(&plain[..]), "{:?}", codec);
            // in drops
            let mut drops = Vec::new();
            let mut stream = Plain::new(codec, &records, LIMIT).expect("just compressed");
            while !stream.fill_buf().expect("just compressed").is_empty() {
                let mut drop = [0; 100];
                let count = stream.read(&mut drop).expect("just compressed");
                drops.extend_from_slice(&drop[..count]);
            }
            prop_assert_eq!(&drops, &plain);
        }
    }

    #[test]
    fn any_bytes_are_decompressed_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for codec in Codec::ALL {
            let _ = decompress(codec, &Bytes::copy_from_slice(&bytes), 100_000);
        }
    }

    #[test]
    fn a_damaged_stream_is_decompressed_or_refused(at in any::<prop::sample::Index>(), bit in 0..8u32) {
        for (codec, records) in SAMPLES.iter() {
            let mut records = records.to_vec();
            let at = at.index(records.len());
            records[at] ^= 1 << bit;
            let _ = decompress(*codec, &records.into(), 100_000);
        }
    }
}
