//! Small things that would become large: arrays within arrays, and records that unfold.

use crate::host::{Target, raw};
use crate::wire::{PRODUCE, produce};
use ottla_protocol::{Bytes, ErrorCode};
use ottla_storage::batch::compress::Compression;
use ottla_storage::batch::{BatchBuilder, Codec, NewRecord};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);

/// Sends a frame and waits for an answer or the end.
async fn send(target: &Target, frame: &[u8]) {
    let mut stream = target.stream().await;
    let _ = stream.write_all(frame).await;
    let _ = timeout(SOON, stream.read(&mut [0; 1 << 12]))
        .await
        .expect("an answer or an end");
}

#[tokio::test]
async fn arrays_that_announce_more_than_they_hold_take_no_memory() {
    let target = Target::start().await;
    let before = target.memory();
    target
        .survives(async {
            for (key, version) in [
                (3, 8),
                (3, 12),
                (9, 5),
                (9, 8),
                (19, 4),
                (19, 7),
                (1, 11),
                (1, 12),
                (2, 7),
                (8, 8),
                (32, 4),
                (44, 1),
            ] {
                let is_flexible = [
                    (3, 12),
                    (9, 8),
                    (19, 7),
                    (1, 12),
                    (2, 7),
                    (8, 8),
                    (32, 4),
                    (44, 1),
                ]
                .contains(&(key, version));
                for count in [i32::MAX, 0x00ff_ffff, -2] {
                    let mut body = vec![0; 21];
                    body.extend(count.to_be_bytes());
                    body.extend([0xff, 0xff, 0xff, 0xff, 0x0f]);
                    body.extend([1; 4_096]);
                    for skip in [0, 4, 17, 21] {
                        send(&target, &raw(key, version, is_flexible, &body[skip..])).await;
                    }
                }
            }
            let taken = target.memory().saturating_sub(before);
            assert!(taken < 32 << 20, "{} MiB", taken >> 20);
        })
        .await;
}

/// Two or three bytes on the wire are a struct of a hundred: a frame of tens of megabytes must not become gigabytes.
#[tokio::test]
async fn arrays_of_almost_nothing_do_not_become_gigabytes() {
    let target = Target::start().await;
    let before = target.memory();
    target
        .survives(async {
            const ELEMENTS: u32 = 6_000_000;
            let varint = |mut value: u32| {
                let mut bytes = Vec::new();
                while value >= 0x80 {
                    bytes.push((value as u8) | 0x80);
                    value >>= 7;
                }
                bytes.push(value as u8);
                bytes
            };
            let mut worst = 0;
            // Metadata 9: names of nothing; OffsetFetch 8: groups; DeleteTopics 4, DescribeGroups 5, CreateTopics 7: no names at all.
            for (key, version, before_array, element) in [
                (3, 9, &[][..], &[1, 0][..]),
                (9, 8, &[], &[1, 1, 0]),
                (15, 5, &[], &[1]),
                (20, 5, &[], &[1]),
                (
                    1,
                    12,
                    &[
                        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0,
                        0, 0, 0, 0,
                    ],
                    &[1, 1, 0],
                ),
                (44, 1, &[], &[2, 1, 1, 0]),
            ] {
                let mut body = before_array.to_vec();
                body.extend(varint(ELEMENTS + 1));
                body.extend(element.repeat(ELEMENTS as usize));
                body.extend([0; 8]);
                let frame = raw(key, version, true, &body);
                let mut streams = Vec::new();
                for _ in 0..3 {
                    let mut stream = target.stream().await;
                    let _ = stream.write_all(&frame).await;
                    streams.push(stream);
                    worst = worst.max(target.memory());
                }
                for mut stream in streams {
                    let answered = timeout(SOON, stream.read(&mut [0; 1 << 12])).await;
                    let _ = answered.expect("an answer or an end");
                    worst = worst.max(target.memory());
                }
            }
            let taken = worst.saturating_sub(before);
            assert!(taken < 700 << 20, "{} MiB", taken >> 20);
        })
        .await;
}

fn bomb(codec: Codec, plain_bytes: usize) -> Bytes {
    let compression = match codec {
        Codec::None => Compression::NONE,
        codec => Compression::of(codec),
    };
    let mut builder = BatchBuilder::new().compression(compression);
    builder.push(NewRecord {
        timestamp: 1,
        value: Some(&vec![0; plain_bytes]),
        ..Default::default()
    });
    builder.build()
}

/// A few kilobytes of zstd would be a gigabyte of zeros.
#[tokio::test]
async fn records_that_unfold_to_gigabytes_are_not_unfolded() {
    let target = Target::start().await;
    let mut client = target.client().await;
    // One topic that keeps batches as they come, one that has to rewrite them.
    client.create("kept", 1, &[]).await.expect("an answer");
    let rewritten = &[("compression.type", "gzip")];
    client
        .create("rewritten", 1, rewritten)
        .await
        .expect("an answer");
    let before = target.memory();
    target
        .survives(async {
            let mut worst = 0;
            for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
                let bytes = bomb(codec, 70 << 20);
                for topic in ["kept", "rewritten"] {
                    let request = produce(topic, 0, bytes.clone());
                    let mut asked = Vec::new();
                    for _ in 0..2 {
                        let mut client = target.client().await;
                        client.send(PRODUCE, &request).await.expect("sent");
                        asked.push(client);
                    }
                    worst = worst.max(target.memory());
                    for mut client in asked {
                        let answer =
                            client.answer::<ottla_protocol::messages::produce::ProduceRequest>();
                        let answer = timeout(SOON, answer).await.expect("an answer in time");
                        let answer = answer.expect("an answer");
                        let error = answer.responses[0].partition_responses[0].error_code;
                        let refusals = [ErrorCode::INVALID_RECORD, ErrorCode::MESSAGE_TOO_LARGE];
                        assert!(refusals.contains(&error), "{codec:?}: {error:?}");
                        worst = worst.max(target.memory());
                    }
                }
            }
            let taken = worst.saturating_sub(before);
            assert!(taken < 300 << 20, "{} MiB", taken >> 20);
        })
        .await;
}
