//! The arguments of `ottla group`.

use super::target::Target;
use super::{change, show};
use crate::cli::reach::{self, Access};
use crate::cli::report;
use clap::Subcommand;
use std::process::ExitCode;

const AFTER: &str = "\
Exit codes:  0 done    1 the cluster does not answer, or refused    2 bad arguments    3 the group has members, and cannot be changed";

#[derive(Debug, PartialEq, Subcommand)]
pub enum GroupCommand {
    /// Lists groups.
    #[command(after_help = AFTER)]
    List {
        #[command(flatten)]
        access: Access,
    },
    /// Shows members, what each of them has, committed offsets and how far they are behind.
    #[command(after_help = AFTER)]
    Describe {
        #[arg(value_name = "GROUP", required = true)]
        groups: Vec<String>,
        #[command(flatten)]
        access: Access,
    },
    /// Deletes groups without members, with their offsets.
    #[command(after_help = AFTER)]
    Delete {
        #[arg(value_name = "GROUP", required = true)]
        groups: Vec<String>,
        #[command(flatten)]
        access: Access,
    },
    /// Sets the offsets of a group without members.
    #[command(name = "reset", after_help = AFTER)]
    Reset {
        #[arg(value_name = "GROUP")]
        group: String,
        /// Where to: earliest, latest, an offset, +N or -N from where it is, or @MILLISECONDS since 1970.
        #[arg(long, value_name = "WHERE", value_parser = Target::parse, allow_hyphen_values = true)]
        to: Target,
        /// Of this topic, or of one partition as TOPIC:PARTITION; may be repeated. Else of every partition with an offset.
        #[arg(short, long = "topic", value_name = "TOPIC[:PARTITION]")]
        topics: Vec<String>,
        /// Only shows what would be set.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        access: Access,
    },
}

/// Does it.
pub fn run(command: GroupCommand) -> ExitCode {
    match command {
        GroupCommand::List { access } => reach::run(&access, async |client| {
            report::show(show::list(&client).await, access.json)
        }),
        GroupCommand::Describe { groups, access } => reach::run(&access, async |client| {
            report::show(show::describe(&client, &groups).await, access.json)
        }),
        GroupCommand::Delete { groups, access } => reach::run(&access, async |client| {
            report::show(change::delete(&client, &groups).await, access.json)
        }),
        GroupCommand::Reset {
            group,
            to,
            topics,
            dry_run,
            access,
        } => reach::run(&access, async |client| {
            let reset = change::reset(&client, &group, to, &topics, dry_run).await;
            report::show(reset, access.json)
        }),
    }
}
