//! The arguments of `ottla cluster`, what its commands print, and their exit codes.

use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;

use super::drain::{Drain, DrainError, Drained};
use super::status::Status;
use crate::cli::client::Client;
use crate::cli::json::Json;
use crate::cli::progress::Progress;
use crate::cli::reach::{self, Access};
use crate::cli::report::{NOT_FINE, TIMED_OUT};
use crate::cli::{BAD_USAGE, FAILURE};

const DRAIN_AFTER: &str = "\
What it does: cordons the broker (new partitions go elsewhere), moves its replicas to the others a few at a time, takes it
out of the voters if it is one, and unregisters it. Then its process can be stopped for good. Interrupted, it goes on
where it was when it is run again.

Exit codes:  0 drained, or not there any more    1 the cluster does not answer, or refused    2 bad arguments
             3 no broker can take some replica    4 --timeout is over; run it again";
const STATUS_AFTER: &str = "\
Exit codes:  0 all is well    1 the cluster does not answer    2 bad arguments
             3 a broker is fenced, or a partition without a leader or under-replicated";

#[derive(Debug, PartialEq, Subcommand)]
pub enum ClusterCommand {
    /// Shows brokers, quorum and partitions, and what is not as it should be.
    #[command(after_help = STATUS_AFTER)]
    Status {
        #[command(flatten)]
        access: Access,
    },
    /// Takes a broker out of the cluster, with nobody losing anything.
    #[command(after_help = DRAIN_AFTER)]
    Drain {
        /// The broker's id.
        #[arg(value_name = "ID")]
        broker: i32,
        #[command(flatten)]
        access: Access,
        /// Partitions that move at the same time.
        #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        at_once: u32,
        /// Lets a partition have a replica fewer when no broker can take it.
        #[arg(long)]
        allow_fewer_replicas: bool,
        /// Gives up after so many seconds; what has moved stays moved.
        #[arg(long, value_name = "SECONDS")]
        timeout: Option<u64>,
    },
}

/// Does it.
pub fn run(command: ClusterCommand) -> ExitCode {
    match command {
        ClusterCommand::Status { access } => {
            reach::run(&access, async |client| status(&client, access.json).await)
        }
        ClusterCommand::Drain {
            broker,
            access,
            at_once,
            allow_fewer_replicas,
            timeout,
        } => {
            if broker < 0 {
                eprintln!("ottla: {broker} is no broker's id");
                return ExitCode::from(BAD_USAGE);
            }
            let drain = Drain {
                broker,
                at_once: usize::try_from(at_once).unwrap_or(usize::MAX),
                may_shrink: allow_fewer_replicas,
                timeout: timeout.map(Duration::from_secs),
            };
            reach::run(&access, async |client| {
                let mut progress = Progress::new(access.json);
                let drained = drain.run(&client, &mut progress).await;
                tell(&drain, &drained, access.json)
            })
        }
    }
}

async fn status(client: &Client, json: bool) -> ExitCode {
    let status = match Status::of(client).await {
        Ok(status) => status,
        Err(error) => return fail(&error.to_string()),
    };
    match json {
        true => println!("{}", status.json()),
        false => println!("{}", status.text()),
    }
    match status.is_healthy() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(NOT_FINE),
    }
}

fn tell(drain: &Drain, drained: &Result<Drained, DrainError>, json: bool) -> ExitCode {
    let broker = drain.broker;
    match drained {
        Ok(done) if json => {
            let done = Json::Object(vec![
                ("broker", broker.into()),
                ("drained", Json::Flag(true)),
                ("was_gone", Json::Flag(done.was_gone)),
                ("partitions", done.partitions.into()),
                ("was_voter", Json::Flag(done.was_voter)),
            ]);
            println!("{done}");
        }
        Ok(Drained { was_gone: true, .. }) => {
            println!("Broker {broker} is not in the cluster: there is nothing to do.");
        }
        Ok(done) => println!(
            "Broker {broker} is drained: {} partitions moved. Its process can be stopped.",
            done.partitions
        ),
        Err(error) => {
            if json {
                let failed = Json::Object(vec![
                    ("broker", broker.into()),
                    ("drained", Json::Flag(false)),
                    ("error", error.to_string().into()),
                ]);
                println!("{failed}");
            } else {
                eprintln!("ottla: broker {broker} is not drained: {error}");
            }
            return ExitCode::from(match error {
                DrainError::Client(_) | DrainError::Refused(..) => FAILURE,
                DrainError::NoRoom(_) => NOT_FINE,
                DrainError::TimedOut { .. } => TIMED_OUT,
            });
        }
    }
    ExitCode::SUCCESS
}

fn fail(why: &str) -> ExitCode {
    eprintln!("ottla: {why}");
    ExitCode::from(FAILURE)
}
