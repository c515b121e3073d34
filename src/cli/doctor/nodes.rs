//! What nodes say of themselves over HTTP (`/readyz`, `/metrics`), where their admin listeners are given: file limits, certificates of
//! listeners that were not dialled, the software of clients, the clock.

use super::clock::{Reading, http_date_ms};
use super::finding::{Check, Finding, named};
use crate::cli::client::Address;
use crate::net::settings::SocketOptions;
use crate::net::tcp::Tcp;
use crate::net::world::Net;
use crate::world::Clock;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PAGE_MAX_BYTES: u64 = 32 * 1024 * 1024;
/// Each partition takes a few, each connection one.
const FILES_ENOUGH: f64 = 65_536.0;
const EXPIRY_DAYS: f64 = 30.0;

/// A page over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub status: u16,
    pub date_ms: Option<i64>,
    pub body: String,
}

/// What is found of one node; with its clock, if it tells.
pub async fn look(
    address: &Address,
    clock: &Clock,
    time: Duration,
) -> (Vec<Finding>, Option<Reading>) {
    let asked_ms = clock.wall_ms();
    let page = |path: &'static str| async move {
        match tokio::time::timeout(time, get(address, path)).await {
            Ok(page) => page,
            Err(_) => Err("no answer in time".to_owned()),
        }
    };
    let ready = match page("/readyz").await {
        Ok(ready) => ready,
        Err(why) => {
            let says = format!("the admin listener {address} cannot be asked: {why}");
            let remedy = "set admin.listeners of the node to an address that is reached from here";
            return (vec![Finding::warning(Check::Files, says, remedy)], None);
        }
    };
    let reading = ready.date_ms.map(|told_ms| Reading {
        whose: format!("the node at {address}"),
        told_ms,
        asked_ms,
        answered_ms: clock.wall_ms(),
        grain_ms: 1_000,
    });
    let mut findings = Vec::new();
    if ready.status != 200 {
        let says = format!("the node at {address} is not ready: {}", ready.body.trim());
        findings.push(Finding::problem(
            Check::Brokers,
            says,
            "wait; its log says what it is at",
        ));
    }
    if let Ok(metrics) = page("/metrics").await {
        findings.extend(judge(address, &metrics.body));
    }
    (findings, reading)
}

/// Asks in HTTP/1.0, whose answers end with the connection.
async fn get(address: &Address, path: &str) -> Result<Page, String> {
    let host = address.host.trim_start_matches('[').trim_end_matches(']');
    let found = Tcp.resolve(host).await.map_err(|error| error.to_string())?;
    let options = SocketOptions::default();
    let mut last = "it has no address".to_owned();
    for one in found {
        let address = SocketAddr::new(one, address.port);
        match Tcp.connect(address, &options).await {
            Ok(mut stream) => {
                let request = format!("GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n");
                let wrong = |error: std::io::Error| error.to_string();
                stream.write_all(request.as_bytes()).await.map_err(wrong)?;
                let mut bytes = Vec::new();
                let mut limited = stream.take(PAGE_MAX_BYTES);
                limited.read_to_end(&mut bytes).await.map_err(wrong)?;
                return parse(&String::from_utf8_lossy(&bytes))
                    .ok_or_else(|| "what it answers is no HTTP".to_owned());
            }
            Err(error) => last = error.to_string(),
        }
    }
    Err(last)
}

fn parse(text: &str) -> Option<Page> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.strip_prefix("HTTP/1.")?;
    let date = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("date").then(|| value.trim())
    });
    Some(Page {
        status: status.split_whitespace().nth(1)?.parse().ok()?,
        date_ms: date.and_then(http_date_ms),
        body: body.to_owned(),
    })
}

/// Values of one metric with their labels, as they stand in the text.
fn values<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = (&'a str, f64)> {
    text.lines().filter_map(move |line| {
        let rest = line.strip_prefix(name)?;
        let (labels, value) = match rest.strip_prefix('{') {
            Some(rest) => rest.rsplit_once('}')?,
            None => ("", rest),
        };
        let value = value.strip_prefix(' ')?.split_whitespace().next()?;
        Some((labels, value.parse().ok()?))
    })
}

fn label<'a>(labels: &'a str, name: &str) -> &'a str {
    let begins = format!("{name}=\"");
    let found = labels.split(&begins).nth(1);
    found
        .and_then(|rest| rest.split('"').next())
        .unwrap_or_default()
}

fn judge(address: &Address, metrics: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let one = |name| values(metrics, name).next().map(|(_, value)| value);
    if let (Some(open), Some(most)) = (one("process_open_fds"), one("process_max_fds")) {
        let remedy = "raise LimitNOFILE (or ulimit -n) to 100000 or more and restart the node";
        if open > most * 0.8 {
            let says = format!("the node at {address} has {open} of at most {most} files open");
            findings.push(Finding::problem(Check::Files, says, remedy));
        } else if most < FILES_ENOUGH {
            let says = format!(
                "the node at {address} may open {most} files, which is few: each partition takes several, each connection one"
            );
            findings.push(Finding::warning(Check::Files, says, remedy));
        }
    }
    for (labels, days) in values(metrics, "ottla_tls_certificate_days_left") {
        if days < EXPIRY_DAYS {
            let listener = label(labels, "listener");
            let says = format!(
                "the certificate of listener {listener} of the node at {address} expires in {days} days"
            );
            let remedy = "replace it: brokers take a new file up without a restart";
            findings.push(Finding::warning(Check::Certificates, says, remedy));
        }
    }
    let mut software: Vec<(i64, String)> =
        values(metrics, "ottla_client_software_connections_total")
            .map(|(labels, count)| {
                let name = format!("{} {}", label(labels, "name"), label(labels, "version"));
                (-(count as i64), format!("{} ({count})", name.trim()))
            })
            .collect();
    software.sort();
    if !software.is_empty() {
        let names: Vec<String> = software.into_iter().map(|(_, name)| name).collect();
        let says = format!(
            "clients seen at the node at {address}, with connections since its start: {}",
            named(&names)
        );
        findings.push(Finding::note(Check::Clients, says));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address {
            host: "kafka-0".to_owned(),
            port: 9644,
        }
    }

    #[test]
    fn a_page_is_read_with_its_status_and_date() {
        let text = "HTTP/1.0 503 Service Unavailable\r\ncontent-length: 9\r\nDate: Thu, 01 Jan 1970 00:00:07 GMT\r\n\r\nstarting\n";
        let page = parse(text).unwrap();
        assert_eq!((page.status, page.date_ms), (503, Some(7_000)));
        assert_eq!(page.body, "starting\n");
        assert_eq!(parse("220 mail.example.org ESMTP\r\n\r\n"), None);
    }

    #[test]
    fn metrics_tell_of_files_certificates_and_clients() {
        for (metrics, says) in [
            ("process_open_fds 10\nprocess_max_fds 1048576\n", None),
            (
                "process_open_fds 10\nprocess_max_fds 1024\n",
                Some("WARNING  files: the node at kafka-0:9644 may open 1024 files"),
            ),
            (
                "process_open_fds 900\nprocess_max_fds 1024\n",
                Some("PROBLEM  files: the node at kafka-0:9644 has 900 of at most 1024 files open"),
            ),
            (
                "# HELP process_open_fds Open.\nprocess_open_fds 900\n",
                None,
            ),
            (
                "ottla_tls_certificate_days_left{listener=\"SSL\"} 12\n",
                Some(
                    "WARNING  certificates: the certificate of listener SSL of the node at kafka-0:9644 expires in 12 days",
                ),
            ),
            (
                "ottla_client_software_connections_total{name=\"librdkafka\",version=\"2.0.2\"} 3\nottla_client_software_connections_total{name=\"sarama\",version=\"1.4\"} 9\n",
                Some(
                    "NOTE     clients: clients seen at the node at kafka-0:9644, with connections since its start: sarama 1.4 (9), librdkafka 2.0.2 (3).",
                ),
            ),
        ] {
            let found = judge(&address(), metrics);
            match says {
                None => assert_eq!(found, []),
                Some(says) => assert!(found[0].to_string().starts_with(says), "{}", found[0]),
            }
        }
    }
}
