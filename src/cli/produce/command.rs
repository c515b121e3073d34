//! The arguments of `ottla produce`, and the loop from standard input to acknowledgements.

use super::batches::{Batches, Choice};
use super::input::{Cut, Input};
use super::send::Sender;
use crate::cli::client::Client;
use crate::cli::escape::unescaped;
use crate::cli::json::Json;
use crate::cli::progress::Progress;
use crate::cli::reach::{self, Access};
use crate::cli::report::{self, Failure, Report};
use crate::world::Workers;
use clap::Args;
use ottla_storage::batch::Codec;
use ottla_storage::batch::compress::Compression;
use std::io::Read;
use std::process::ExitCode;
use std::time::Duration;

/// Read at most at once.
const READ_MAX_BYTES: usize = 512 * 1024;

const AFTER: &str = "\
Examples:
  echo hello | ottla produce greetings
  ottla produce orders -K : -H source=shop < orders.txt
      Each line is key:value, with a header.
  ottla produce orders -k 17 -Z < /dev/null
      Nothing on standard input is no record; `echo | ottla produce orders -k 17 -Z` writes a null for the key 17.

Exit codes:  0 all is acknowledged    1 the cluster does not answer, or refused: standard error says how many records were
             acknowledged    2 bad arguments";

/// Writes standard input to a topic, a record per line.
#[derive(Debug, PartialEq, Args)]
#[command(after_help = AFTER)]
pub struct ProduceCommand {
    #[arg(value_name = "TOPIC")]
    topic: String,
    /// To this partition; else by the key as Java's producer chooses, and without one by turns.
    #[arg(short, long, value_name = "INDEX")]
    partition: Option<i32>,
    /// The key of every record.
    #[arg(short, long, value_name = "KEY", conflicts_with = "key_delimiter")]
    key: Option<String>,
    /// What stands between key and value of each record.
    #[arg(short = 'K', long, value_name = "DELIMITER")]
    key_delimiter: Option<String>,
    /// What stands between records; \\n, \\t, \\xNN are understood.
    #[arg(short = 'D', long, value_name = "DELIMITER", default_value = "\\n")]
    delimiter: String,
    /// A header of every record; may be repeated.
    #[arg(short = 'H', long = "header", value_name = "NAME=VALUE", value_parser = header)]
    headers: Vec<(String, Option<String>)>,
    /// An empty value, or key, is a null.
    #[arg(short = 'Z', long)]
    null: bool,
    /// none, gzip, snappy, lz4 or zstd.
    #[arg(short = 'z', long, value_name = "CODEC", default_value = "none", value_parser = codec)]
    compression: Codec,
    /// Who must have a record before it counts as written: all that are in sync, or only the leader (1).
    #[arg(long, value_name = "ACKS", default_value = "all", value_parser = acks)]
    acks: i16,
    /// How long to try again what was refused for now, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    timeout: u32,
    #[command(flatten)]
    access: Access,
}

fn header(text: &str) -> Result<(String, Option<String>), String> {
    Ok(match text.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (text.to_owned(), None),
    })
}

fn codec(text: &str) -> Result<Codec, String> {
    match text {
        "none" => Ok(Codec::None),
        "gzip" => Ok(Codec::Gzip),
        "snappy" => Ok(Codec::Snappy),
        "lz4" => Ok(Codec::Lz4),
        "zstd" => Ok(Codec::Zstd),
        _ => Err("there are none, gzip, snappy, lz4 and zstd".to_owned()),
    }
}

fn acks(text: &str) -> Result<i16, String> {
    match text {
        "all" | "-1" => Ok(-1),
        "1" => Ok(1),
        _ => {
            Err("all or 1: who asks for no acknowledgement is not told what was refused".to_owned())
        }
    }
}

/// Does it.
pub fn run(command: ProduceCommand) -> ExitCode {
    reach::run(&command.access, async |client| {
        report::show(produce(&client, &command).await, command.access.json)
    })
}

async fn produce(client: &Client, command: &ProduceCommand) -> Result<Report, Failure> {
    let mut input = Input::new(Cut {
        delimiter: unescaped(&command.delimiter),
        key_delimiter: command.key_delimiter.as_deref().map(unescaped),
        key: command.key.as_ref().map(|key| key.clone().into_bytes()),
        is_null_when_empty: command.null,
    });
    let mut sender = Sender::open(
        client,
        &command.topic,
        command.acks,
        Duration::from_secs(command.timeout.into()),
    )
    .await?;
    let headers: Vec<(&[u8], Option<&[u8]>)> = command
        .headers
        .iter()
        .map(|(name, value)| (name.as_bytes(), value.as_ref().map(String::as_bytes)))
        .collect();
    let mut batches = Batches::new(
        Choice::new(command.partition, sender.partitions())?,
        Compression::of(command.compression),
    );
    let (mut progress, mut done, total) = (Progress::watched(), 0, file_size_bytes());
    let workers = Workers::threads("input", 1).map_err(Failure::of)?;
    let mut reading = Box::pin(workers.run(read));
    loop {
        let read = reading.as_mut().await;
        let bytes = match read.unwrap_or_else(|| Ok(Vec::new())) {
            Ok(bytes) => bytes,
            Err(error) => return Err(sender.failed(format!("standard input: {error}"))),
        };
        let is_over = bytes.is_empty();
        // The next is read while this is sent.
        if !is_over {
            reading = Box::pin(workers.run(self::read));
        }
        for record in input.take(&bytes, is_over) {
            batches.add(&record, &headers, client.clock.wall_ms());
        }
        sender.send(batches.taken()).await?;
        done += bytes.len();
        progress.show(done, total, "bytes");
        if is_over {
            break;
        }
    }
    Ok(Report {
        text: String::new(),
        json: Json::Object(vec![
            ("topic", command.topic.as_str().into()),
            ("records", Json::Number(sender.acknowledged())),
        ]),
        code: 0,
    })
}

/// Of a file on standard input; 0 for what has no end that is known.
fn file_size_bytes() -> usize {
    let found = std::fs::metadata("/dev/stdin").ok();
    let file = found.filter(std::fs::Metadata::is_file);
    file.map_or(0, |file| usize::try_from(file.len()).unwrap_or(usize::MAX))
}

/// What there is to be read now; nothing at the end.
fn read() -> std::io::Result<Vec<u8>> {
    let mut buffer = vec![0; READ_MAX_BYTES];
    let count = std::io::stdin().read(&mut buffer)?;
    buffer.truncate(count);
    Ok(buffer)
}
