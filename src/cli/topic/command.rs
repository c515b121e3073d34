//! The arguments of `ottla topic`.

use super::change::{Alteration, Creation};
use super::{change, show};
use crate::cli::reach::{self, Access};
use crate::cli::report;
use clap::Subcommand;
use std::process::ExitCode;

const AFTER: &str = "\
Exit codes:  0 done    1 the cluster does not answer, or refused; what was done before that stays    2 bad arguments";

#[derive(Debug, PartialEq, Subcommand)]
pub enum TopicCommand {
    /// Lists topics.
    #[command(after_help = AFTER)]
    List {
        /// Those of the cluster's own as well.
        #[arg(long)]
        internal: bool,
        #[command(flatten)]
        access: Access,
    },
    /// Shows partitions, replicas, offsets, and what is configured otherwise than by default.
    #[command(after_help = AFTER)]
    Describe {
        #[arg(value_name = "TOPIC", required = true)]
        topics: Vec<String>,
        #[command(flatten)]
        access: Access,
    },
    /// Makes topics.
    #[command(after_help = AFTER)]
    Create {
        #[arg(value_name = "TOPIC", required = true)]
        topics: Vec<String>,
        #[command(flatten)]
        creation: Creation,
        #[command(flatten)]
        access: Access,
    },
    /// Changes a topic's configuration, or gives it more partitions.
    #[command(after_help = AFTER)]
    Alter {
        #[arg(value_name = "TOPIC")]
        topic: String,
        #[command(flatten)]
        alteration: Alteration,
        #[command(flatten)]
        access: Access,
    },
    /// Deletes topics and all that is in them.
    #[command(after_help = AFTER)]
    Delete {
        #[arg(value_name = "TOPIC", required = true)]
        topics: Vec<String>,
        /// A topic that is not there is none to complain of.
        #[arg(long)]
        if_exists: bool,
        #[command(flatten)]
        access: Access,
    },
}

/// Does it.
pub fn run(command: TopicCommand) -> ExitCode {
    match command {
        TopicCommand::List { internal, access } => reach::run(&access, async |client| {
            report::show(show::list(&client, internal).await, access.json)
        }),
        TopicCommand::Describe { topics, access } => reach::run(&access, async |client| {
            report::show(show::describe(&client, &topics).await, access.json)
        }),
        TopicCommand::Create {
            topics,
            creation,
            access,
        } => reach::run(&access, async |client| {
            let created = change::create(&client, &topics, &creation).await;
            report::show(created, access.json)
        }),
        TopicCommand::Alter {
            topic,
            alteration,
            access,
        } => reach::run(&access, async |client| {
            let altered = change::alter(&client, &topic, &alteration).await;
            report::show(altered, access.json)
        }),
        TopicCommand::Delete {
            topics,
            if_exists,
            access,
        } => reach::run(&access, async |client| {
            let deleted = change::delete(&client, &topics, if_exists).await;
            report::show(deleted, access.json)
        }),
    }
}
