//! The arguments of `ottla doctor`, and how what it found is told.

use super::checkup::Checkup;
use super::finding::{Finding, Weight};
use crate::cli::FAILURE;
use crate::cli::client::{Address, addresses};
use crate::cli::json::Json;
use crate::cli::reach::{self, Access};
use crate::cli::report::{self, NOT_FINE, Report};
use clap::Args;
use std::process::ExitCode;
use std::time::Duration;

const AFTER: &str = "\
What it looks at: every address that brokers advertise, at every listener, dialled from here: names, ports, TLS (names,
expiry, trust), login, and whether the right broker answers; the metadata quorum, brokers, partitions and their replicas,
log directories; groups that do not finish a rebalance; clocks. With --admin also file limits and the software of clients.
It changes nothing.

Examples:
  ottla doctor --bootstrap-server kafka-0.example.org:9092
  ottla doctor -b kafka.example.org:9094 --command-config client.properties --json
      Run it once per listener that clients use, from where they are.

Exit codes:  0 no problem; there may be warnings    1 no server answers    2 bad arguments    3 there are problems (with
             --strict, or warnings)";

/// Finds what is wrong with a cluster, and with the way to it.
#[derive(Debug, PartialEq, Args)]
#[command(after_help = AFTER)]
pub struct DoctorCommand {
    /// Admin listeners of Ottla nodes, as host:port,host:port; may be repeated.
    #[arg(long, value_name = "ADDRESSES", value_parser = Admins::parse)]
    admin: Vec<Admins>,
    /// How long groups that rebalance are watched, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    watch: u32,
    /// Warnings count as problems for the exit code.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    access: Access,
}

#[derive(Clone, Debug, PartialEq)]
struct Admins(Vec<Address>);

impl Admins {
    fn parse(text: &str) -> Result<Self, String> {
        addresses(text).map(Self)
    }
}

/// Does it.
pub fn run(command: DoctorCommand) -> ExitCode {
    reach::run(&command.access, async |client| {
        let admins: Vec<Address> = command.admin.iter().flat_map(|one| one.0.clone()).collect();
        let watch = Duration::from_secs(command.watch.into());
        let checkup = Box::pin(Checkup::of(&client, &admins, watch)).await;
        report::show(Ok(told(&checkup, command.strict)), command.access.json)
    })
}

fn told(checkup: &Checkup, strict: bool) -> Report {
    let count = |weight| {
        let found = checkup.findings.iter();
        found.filter(|finding| finding.weight == weight).count()
    };
    let (problems, warnings) = (count(Weight::Problem), count(Weight::Warning));
    let mut lines: Vec<String> = checkup.findings.iter().map(Finding::to_string).collect();
    if !lines.is_empty() {
        lines.push(String::new());
    }
    let verdict = match (checkup.reached, problems, warnings) {
        (false, ..) => "no server answers".to_owned(),
        (true, 0, 0) => "all is well".to_owned(),
        (true, problems, warnings) => {
            format!(
                "{}, {}",
                counted(problems, "problem"),
                counted(warnings, "warning")
            )
        }
    };
    lines.push(format!(
        "Looked at {} addresses, {}, {}, {}: {verdict}.",
        checkup.addresses,
        counted(checkup.brokers, "broker"),
        counted(checkup.partitions, "partition"),
        counted(checkup.groups, "group"),
    ));
    let json = Json::Object(vec![
        ("healthy", (checkup.reached && problems == 0).into()),
        ("reached", checkup.reached.into()),
        ("problems", problems.into()),
        ("warnings", warnings.into()),
        (
            "looked_at",
            Json::Object(vec![
                ("addresses", checkup.addresses.into()),
                ("brokers", checkup.brokers.into()),
                ("partitions", checkup.partitions.into()),
                ("groups", checkup.groups.into()),
            ]),
        ),
        (
            "findings",
            Json::List(checkup.findings.iter().map(Finding::json).collect()),
        ),
    ]);
    Report {
        text: lines.join("\n"),
        json,
        code: match (checkup.reached, problems, warnings) {
            (false, ..) => FAILURE,
            (true, 1.., _) => NOT_FINE,
            (true, 0, 1..) if strict => NOT_FINE,
            _ => 0,
        },
    }
}

/// `1 broker`, `2 brokers`.
fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Check;

    #[test]
    fn the_exit_code_says_how_bad_it_is() {
        let problem = || Finding::problem(Check::Disks, "a", "b");
        let warning = || Finding::warning(Check::Disks, "a", "b");
        for (reached, findings, strict, code) in [
            (true, vec![], true, 0),
            (true, vec![warning()], false, 0),
            (true, vec![warning()], true, 3),
            (true, vec![warning(), problem()], false, 3),
            (false, vec![problem()], false, 1),
        ] {
            let checkup = Checkup {
                reached,
                findings,
                ..Checkup::default()
            };
            assert_eq!(told(&checkup, strict).code, code, "{checkup:?}");
        }
    }
}
