//! The command line: `ottla serve`, which is the broker, and commands that ask a cluster; what they print. For people: `docs/commands.md`.
//!
//! Reads arguments, environment and file, and hands a checked configuration to the broker. Exit codes: 0 for a clean stop,
//! 1 for a failure, 2 for arguments or a configuration that cannot be started with; those of other commands: [`report`]. What the broker
//! does with signals is the broker's.

mod catalog;
mod client;
mod cluster;
mod consume;
mod doctor;
mod escape;
mod group;
mod help;
mod json;
mod logging;
mod offsets;
mod produce;
mod progress;
mod reach;
mod report;
mod serve;
mod table;
mod topic;

use std::ffi::OsString;
use std::fmt::Display;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};

use crate::config::{BrokerConfig, documentation};
use crate::logging::Loggers;

const FAILURE: u8 = 1;
const BAD_USAGE: u8 = 2;

/// A broker that Kafka clients cannot tell from Apache Kafka.
#[derive(Debug, PartialEq, Parser)]
#[command(name = "ottla", version, after_help = help::AFTER, max_term_width = 120)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    /// Sets one configuration key; wins over environment and file. May be repeated.
    #[arg(long = "override", value_name = "KEY=VALUE", global = true)]
    overrides: Vec<String>,
}

#[derive(Debug, PartialEq, Subcommand)]
enum Command {
    /// Runs a broker until SIGTERM or SIGINT; `ottla` alone is the same without a file.
    #[command(after_help = help::AFTER)]
    Serve {
        /// A `server.properties` with Kafka's own keys.
        #[arg(value_name = "SERVER.PROPERTIES")]
        file: Option<PathBuf>,

        /// Starts as the apache/kafka image does: takes /mnt/shared/config/server.properties if it is there, keeps data in
        /// /var/lib/kafka/data and serves on every interface where nothing else is set.
        #[arg(long)]
        container: bool,
    },
    /// Looks at a cluster, and takes brokers out of it.
    #[command(subcommand)]
    Cluster(cluster::ClusterCommand),
    /// Lists, describes, makes, changes and deletes topics.
    #[command(subcommand)]
    Topic(topic::TopicCommand),
    /// Lists and describes groups with their lag, deletes them, and sets their offsets.
    #[command(subcommand)]
    Group(group::GroupCommand),
    Doctor(doctor::DoctorCommand),
    Produce(produce::ProduceCommand),
    Consume(consume::ConsumeCommand),
    /// Prints the table of configuration keys as Markdown.
    #[command(hide = true)]
    DocsConfig,
}

/// Does what the arguments say. `run` is the broker: it is called with the checked configuration and the process's
/// loggers, and its error is printed.
pub fn main<Run, Running, Failure>(arguments: impl Iterator<Item = OsString>, run: Run) -> ExitCode
where
    Run: FnOnce(BrokerConfig, Arc<Loggers>) -> Running,
    Running: Future<Output = Result<(), Failure>>,
    Failure: Display,
{
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(answer) => {
            // Help and version come as "errors" too; there is nobody to tell when even printing fails.
            let _ = answer.print();
            return ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(BAD_USAGE));
        }
    };
    match arguments.command {
        Some(Command::DocsConfig) => {
            print!("{}", documentation::markdown());
            ExitCode::SUCCESS
        }
        Some(Command::Cluster(command)) => cluster::run(command),
        Some(Command::Topic(command)) => topic::run(command),
        Some(Command::Group(command)) => group::run(command),
        Some(Command::Doctor(command)) => doctor::run(command),
        Some(Command::Produce(command)) => produce::run(command),
        Some(Command::Consume(command)) => consume::run(command),
        Some(Command::Serve { file, container }) => {
            let asked = serve::Asked {
                file: file.as_deref(),
                is_container: container,
                overrides: &arguments.overrides,
            };
            serve::serve(asked, run)
        }
        None => {
            let asked = serve::Asked {
                overrides: &arguments.overrides,
                ..serve::Asked::default()
            };
            serve::serve(asked, run)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from([&["ottla"], words].concat())
    }

    #[test]
    fn ottla_alone_serves_without_a_file() {
        assert_eq!(
            parse(&[]).unwrap(),
            Arguments {
                command: None,
                overrides: Vec::new()
            }
        );
    }

    #[test]
    fn serve_takes_a_file_and_overrides_in_order() {
        let expected = Arguments {
            command: Some(Command::Serve {
                file: Some(PathBuf::from("a.properties")),
                container: false,
            }),
            overrides: vec!["x=1".to_owned(), "y=2".to_owned()],
        };
        for words in [
            &[
                "serve",
                "a.properties",
                "--override",
                "x=1",
                "--override",
                "y=2",
            ][..],
            &["serve", "--override=x=1", "a.properties", "--override=y=2"],
        ] {
            assert_eq!(parse(words).unwrap(), expected, "{words:?}");
        }
    }

    #[test]
    fn bad_usage_exits_with_2_and_help_with_0() {
        for (words, code) in [
            (&["serve", "a", "b"][..], 2),
            (&["--nonsense"], 2),
            (&["--help"], 0),
            (&["serve", "--help"], 0),
            (&["--version"], 0),
        ] {
            assert_eq!(parse(words).unwrap_err().exit_code(), code, "{words:?}");
        }
    }

    #[test]
    fn help_teaches_precedence_environment_and_examples() {
        let help = parse(&["serve", "--help"]).unwrap_err().to_string();
        for part in [
            "Examples:",
            "KAFKA_LOG_RETENTION_MS",
            "flag > environment > file > default",
            "OTTLA_LOG",
        ] {
            assert!(help.contains(part), "{part} is missing in:\n{help}");
        }
    }
}
