//! Judgements about log directories. Pure.

use super::finding::{Check, Finding, named};
use ottla_protocol::messages::describe_log_dirs::DescribeLogDirsResult;

/// Of each directory's file system.
const WARNING_PERCENT: i64 = 15;
const PROBLEM_PERCENT: i64 = 5;
/// As much is kept back for what must go on when a disk is full (`src/partition/reserve.rs`); it is no sign of need on a small disk.
const ENOUGH_BYTES: i64 = 100 << 30;

/// Those of one broker.
pub fn judge(broker: i32, directories: &[DescribeLogDirsResult]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let failed = directories.iter().filter(|one| one.error_code.is_error());
    let failed: Vec<String> = failed
        .map(|one| format!("{} ({})", one.log_dir, one.error_code))
        .collect();
    if !failed.is_empty() {
        findings.push(Finding::problem(
            Check::Disks,
            format!(
                "log directories of broker {broker} are out of use: {}",
                named(&failed)
            ),
            "mend or replace the disk and restart the broker",
        ));
    }
    for one in directories.iter().filter(|one| !one.error_code.is_error()) {
        findings.extend(room(broker, one));
    }
    let is_cordoned = |one: &&DescribeLogDirsResult| one.is_cordoned;
    let cordoned = directories.iter().filter(is_cordoned).count();
    if cordoned > 0 {
        findings.push(Finding::note(
            Check::Disks,
            format!("{cordoned} of {} log directories of broker {broker} are cordoned: no new partition goes there", directories.len()),
        ));
    }
    findings
}

fn room(broker: i32, directory: &DescribeLogDirsResult) -> Option<Finding> {
    let (total, usable) = (directory.total_bytes, directory.usable_bytes);
    if total <= 0 || usable < 0 {
        return None;
    }
    // Without overflow on any disk there is.
    let percent = usable / (total / 100).max(1);
    if percent >= WARNING_PERCENT || usable >= ENOUGH_BYTES {
        return None;
    }
    let says = format!(
        "log directory {} of broker {broker} has {} of {} left ({percent} %)",
        directory.log_dir,
        bytes(usable),
        bytes(total)
    );
    let remedy = "make room: lower retention.ms or retention.bytes of the largest topics, or enlarge the disk; producers are refused before it is quite full";
    Some(match percent < PROBLEM_PERCENT {
        true => Finding::problem(Check::Disks, says, remedy),
        false => Finding::warning(Check::Disks, says, remedy),
    })
}

fn bytes(count: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
    let unit = UNITS.iter().find(|(bits, _)| count >> bits > 0);
    match unit {
        Some((bits, name)) => format!("{:.1} {name}", count as f64 / (1_i64 << bits) as f64),
        None => format!("{count} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_protocol::ErrorCode;

    fn directory(total_bytes: i64, usable_bytes: i64) -> DescribeLogDirsResult {
        DescribeLogDirsResult {
            log_dir: "/data".into(),
            total_bytes,
            usable_bytes,
            ..Default::default()
        }
    }

    #[test]
    fn a_disk_is_judged_by_its_share_of_room_and_a_large_rest_is_enough() {
        for (total, usable, says) in [
            (100 << 30, 50 << 30, None),
            (
                100 << 30,
                10 << 30,
                Some(
                    "WARNING  disks: log directory /data of broker 1 has 10.0 GiB of 100.0 GiB left (10 %)",
                ),
            ),
            (
                100 << 30,
                3 << 30,
                Some(
                    "PROBLEM  disks: log directory /data of broker 1 has 3.0 GiB of 100.0 GiB left (3 %)",
                ),
            ),
            (10 << 40, 200 << 30, None),
            (-1, -1, None),
        ] {
            let found = judge(1, &[directory(total, usable)]);
            match says {
                None => assert_eq!(found, []),
                Some(says) => assert!(found[0].to_string().starts_with(says), "{}", found[0]),
            }
        }
    }

    #[test]
    fn a_directory_that_failed_and_one_that_is_cordoned_are_said() {
        let failed = DescribeLogDirsResult {
            error_code: ErrorCode::KAFKA_STORAGE_ERROR,
            ..directory(-1, -1)
        };
        let cordoned = DescribeLogDirsResult {
            is_cordoned: true,
            ..directory(-1, -1)
        };
        let found = judge(2, &[failed, cordoned]);
        let says = "log directories of broker 2 are out of use: /data (KAFKA_STORAGE_ERROR)";
        assert_eq!(found[0].says, says);
        assert!(
            found[1]
                .says
                .starts_with("1 of 2 log directories of broker 2 are cordoned")
        );
    }
}
