//! The arguments of `ottla consume`, and the loop that prints.

use super::fetch::Reader;
use super::format::{Format, Shown};
use super::start::{From, starts};
use crate::cli::catalog::Catalog;
use crate::cli::client::Client;
use crate::cli::progress::Progress;
use crate::cli::reach::{self, Access};
use crate::cli::report::{self, Failure, Report};
use clap::Args;
use std::io::Write;
use std::process::ExitCode;

const AFTER: &str = "\
Format:  %t topic  %p partition  %o offset  %T timestamp in ms  %k key  %K its length or -1  %s value  %S its length or -1
         %h headers as name=value,…  %% a percent sign; \\n, \\t, \\xNN are understood

Examples:
  ottla consume orders -e
      All there is now, and then ends.
  ottla consume orders -o -10 -c 10 -f '%p/%o %k=%s\\n'
      Some of the last.
  ottla consume orders -o @1700000000000 --json
      From a time on, as JSON, one object per line.

Exit codes:  0 the end or the count was reached, or the reader of standard output has left    1 the cluster does not answer, or
             refused    2 bad arguments";

/// Prints records of a topic.
#[derive(Debug, PartialEq, Args)]
#[command(after_help = AFTER)]
pub struct ConsumeCommand {
    #[arg(value_name = "TOPIC")]
    topic: String,
    /// Only this partition; may be repeated.
    #[arg(short, long = "partition", value_name = "INDEX")]
    partitions: Vec<i32>,
    /// Where to begin in each partition: beginning, end, an offset, -N before the end, or @MILLISECONDS since 1970.
    #[arg(short, long, value_name = "WHERE", default_value = "beginning", value_parser = From::parse, allow_hyphen_values = true)]
    offset: From,
    /// Ends after so many records.
    #[arg(short, long, value_name = "COUNT")]
    count: Option<u64>,
    /// Ends where the partitions end now.
    #[arg(short = 'e', long)]
    exit: bool,
    /// How a record is printed.
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "%s\\n",
        conflicts_with = "json"
    )]
    format: String,
    #[command(flatten)]
    access: Access,
}

/// Does it.
pub fn run(command: ConsumeCommand) -> ExitCode {
    reach::run(&command.access, async |client| {
        // What there is to say has been printed.
        let report = consume(&client, &command).await.map(|()| Report {
            text: String::new(),
            json: crate::cli::json::Json::Null,
            code: 0,
        });
        match report {
            Ok(_) => ExitCode::SUCCESS,
            failed => report::show(failed, command.access.json),
        }
    })
}

async fn consume(client: &Client, command: &ConsumeCommand) -> Result<(), Failure> {
    let format = match command.access.json {
        true => Format::json(),
        false => Format::parse(&command.format),
    };
    let topic = Catalog::topic(client, &command.topic).await?;
    let ranges = starts(client, &topic, &command.partitions, command.offset).await?;
    let total: i64 = ranges
        .values()
        .map(|(start, end)| (end - start).max(0))
        .sum();
    let bounded = command.exit || command.count.is_some();
    let total = command
        .count
        .map_or(usize::try_from(total).unwrap_or(0), |count| {
            usize::try_from(count).unwrap_or(usize::MAX)
        });
    let mut progress = Progress::beside_output();
    let mut reader = Reader::new(client, topic, &ranges, command.exit);
    let (mut out, mut left) = (std::io::stdout().lock(), command.count);
    let mut printed = 0;
    while left != Some(0) {
        let Some(fetched) = reader.next().await? else {
            break;
        };
        let mut text = Vec::new();
        for record in fetched.records() {
            let record: Shown<'_> = record.map_err(Failure::of)?;
            format.write(&record, &mut text);
            printed += 1;
            left = left.map(|left| left - 1);
            if left == Some(0) {
                break;
            }
        }
        // Whoever read this has had enough.
        if out.write_all(&text).and_then(|()| out.flush()).is_err() {
            break;
        }
        if bounded {
            progress.show(printed, total, "records");
        }
    }
    Ok(())
}
