//! Judgements about where brokers tell clients to come, and about the certificates that they show there. Pure.

use super::contact::{Answer, Contact, Reached, Target};
use super::finding::{Check, Finding, Weight};
use crate::cli::client::{Address, ClientError};
use crate::config::SecurityProtocol;
use crate::peers::LinkError;
use std::collections::BTreeMap;

const DAY_MS: i64 = 24 * 3600 * 1000;
/// A certificate that lives no longer is to be replaced.
const EXPIRY_DAYS: i64 = 30;

/// The addresses of all listeners that a broker's configuration names: listener, protocol, address. Those that clients are not told of (a
/// controller's, or one whose port the system chose) are left out.
pub fn advertised(
    configs: &BTreeMap<String, String>,
) -> Vec<(String, Option<SecurityProtocol>, Address)> {
    let text = |key: &str| configs.get(key).map(String::as_str).unwrap_or_default();
    let map: BTreeMap<String, &str> = text("listener.security.protocol.map")
        .split(',')
        .filter_map(|entry| entry.trim().split_once(':'))
        .map(|(name, protocol)| (name.to_uppercase(), protocol))
        .collect();
    let controllers: Vec<String> = text("controller.listener.names")
        .split(',')
        .map(|name| name.trim().to_uppercase())
        .collect();
    let listeners = match text("advertised.listeners") {
        "" => text("listeners"),
        advertised => advertised,
    };
    let entries = listeners.split(',').filter_map(|entry| {
        let (name, address) = entry.trim().split_once("://")?;
        let name = name.to_uppercase();
        let (host, port) = address.rsplit_once(':')?;
        let port = port.parse().ok().filter(|port| *port > 0)?;
        let protocol = map.get(&name).copied().unwrap_or(&name).to_uppercase();
        let is_told = !host.is_empty() && !controllers.contains(&name);
        is_told.then(|| {
            let address = Address {
                host: host.to_owned(),
                port,
            };
            (name.clone(), known_protocol(&protocol), address)
        })
    });
    entries.collect()
}

fn known_protocol(name: &str) -> Option<SecurityProtocol> {
    let all = [
        SecurityProtocol::Plaintext,
        SecurityProtocol::Ssl,
        SecurityProtocol::SaslPlaintext,
        SecurityProtocol::SaslSsl,
    ];
    all.into_iter().find(|one| one.name() == name)
}

/// All that the contacts tell. `cluster_id`: of the cluster that is looked at; `servers`: what the user named.
pub fn judge(
    contacts: &[Contact],
    cluster_id: Option<&str>,
    servers: &[Address],
    now_ms: i64,
) -> Vec<Finding> {
    let mut findings = shared(contacts);
    for contact in contacts {
        let certificate = certificate(contact, now_ms);
        // What is wrong with a certificate is said once, with its remedy.
        let is_said = !certificate.is_empty() && is_about_certificate(&contact.answer);
        let reached = unreached(contact);
        let reached = reached.or_else(|| unheard(contact, cluster_id).filter(|_| !is_said));
        findings.extend(reached.or_else(|| nowhere(&contact.target, servers)));
        findings.extend(certificate);
    }
    findings.sort();
    findings.dedup();
    findings
}

fn is_about_certificate(answer: &Answer) -> bool {
    match answer {
        Answer::Failed(error) => error.to_string().contains("certificate is not accepted"),
        _ => false,
    }
}

/// As in `broker 2 at listener INTERNAL (kafka-2:9092)`.
fn who(target: &Target) -> String {
    match (target.broker, &target.listener) {
        (Some(id), Some(listener)) => {
            format!("broker {id} at listener {listener} ({})", target.address)
        }
        (Some(id), None) => format!("broker {id} ({})", target.address),
        (None, _) => format!("server {}", target.address),
    }
}

fn weighed(target: &Target, says: String, remedy: String) -> Finding {
    match target.is_ours {
        true => Finding::problem(Check::Listeners, says, remedy),
        // Clients of that listener may be where it is reached.
        false => Finding::warning(Check::Listeners, says, remedy),
    }
}

fn unreached(contact: &Contact) -> Option<Finding> {
    let target = &contact.target;
    let (what, why) = match &contact.reached {
        Reached::Yes => return None,
        Reached::UnknownHost(why) => (
            format!("cannot be found from here: {why}"),
            "use a name that clients can look up",
        ),
        Reached::Refused => (
            "is not there: the connection is refused".to_owned(),
            "start it, or correct the port",
        ),
        Reached::TimedOut => (
            "cannot be reached from here: nothing answers in time".to_owned(),
            "open the firewall or forward the port",
        ),
        Reached::Failed(why) => (
            format!("cannot be reached from here: {why}"),
            "look at the network between",
        ),
    };
    let remedy = match target.broker {
        Some(id) => {
            format!("{why}, or set advertised.listeners of broker {id} to what clients reach")
        }
        None => format!("{why}, or name another server with --bootstrap-server"),
    };
    Some(weighed(target, format!("{} {what}", who(target)), remedy))
}

fn unheard(contact: &Contact, cluster_id: Option<&str>) -> Option<Finding> {
    let target = &contact.target;
    let remedy = match target.broker {
        Some(id) => format!("set advertised.listeners of broker {id} to its own address"),
        None => "name servers of one cluster only".to_owned(),
    };
    match &contact.answer {
        Answer::NotAsked => None,
        Answer::Right { cluster_id: other } => {
            let is_other =
                matches!((other, cluster_id), (Some(other), Some(ours)) if other != ours);
            is_other.then(|| {
                let says = format!("at the address of {} answers another cluster", who(target));
                Finding::problem(Check::Listeners, says, remedy)
            })
        }
        Answer::Wrong(message) => {
            let says = format!(
                "at the address of {} answers another broker ({message})",
                who(target)
            );
            Some(Finding::problem(Check::Listeners, says, remedy))
        }
        Answer::Failed(error) => Some(failed(contact, error)),
    }
}

/// It was reached, and there is no answer: most often both sides do not speak the same.
fn failed(contact: &Contact, error: &ClientError) -> Finding {
    let target = &contact.target;
    let speaks_tls = matches!(contact.look, Some(Ok(_)));
    let why = error.to_string();
    let is_encrypted = target.protocol.is_some_and(SecurityProtocol::is_encrypted);
    let hung_up = matches!(
        error,
        ClientError::Unreachable {
            error: LinkError::Closed | LinkError::Malformed(_),
            ..
        }
    );
    let (says, remedy) = if speaks_tls && !is_encrypted {
        (
            "speaks TLS, and these properties do not".to_owned(),
            "set security.protocol to SSL or SASL_SSL",
        )
    } else if is_encrypted && !speaks_tls {
        (
            "speaks no TLS, and these properties do".to_owned(),
            "set security.protocol to PLAINTEXT or SASL_PLAINTEXT, or go to the listener with TLS",
        )
    } else if why.contains("the login failed") {
        (
            format!("refuses the login: {why}"),
            "check sasl.mechanism, name and password against the users of the cluster",
        )
    } else if why.contains("TLS of listener") {
        (
            format!("makes no TLS connection: {why}"),
            "set ssl.truststore.location to the authority of its certificate, and ssl.keystore.location if it asks for one",
        )
    } else if hung_up {
        (
            "hangs up without an answer".to_owned(),
            "set security.protocol to what the listener speaks: it may ask for a login (SASL_PLAINTEXT)",
        )
    } else {
        (
            format!("is reached and does not answer: {why}"),
            "look at its log",
        )
    };
    weighed(target, format!("{} {says}", who(target)), remedy.to_owned())
}

/// An address that is reached here, and nowhere else.
fn nowhere(target: &Target, servers: &[Address]) -> Option<Finding> {
    let id = target.broker?;
    let came_from_afar = servers.iter().any(|server| !is_loopback(&server.host));
    let is_odd = match &*target.address.host {
        "0.0.0.0" | "::" | "[::]" => true,
        host => is_loopback(host) && came_from_afar,
    };
    is_odd.then(|| {
        let says = format!(
            "{} sends clients to an address that is each machine's own",
            who(target)
        );
        let remedy =
            format!("set advertised.listeners of broker {id} to a name that clients can reach");
        weighed(target, says, remedy)
    })
}

fn is_loopback(host: &str) -> bool {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    let address: Option<std::net::IpAddr> = literal.parse().ok();
    host.eq_ignore_ascii_case("localhost") || address.is_some_and(|address| address.is_loopback())
}

/// Addresses that several brokers advertise.
fn shared(contacts: &[Contact]) -> Vec<Finding> {
    let mut brokers: BTreeMap<&Address, Vec<i32>> = BTreeMap::new();
    for target in contacts.iter().map(|contact| &contact.target) {
        if let Some(id) = target.broker {
            let all = brokers.entry(&target.address).or_default();
            if !all.contains(&id) {
                all.push(id);
            }
        }
    }
    let shared = brokers.into_iter().filter(|(_, ids)| ids.len() > 1);
    let finding = |(address, ids): (&Address, Vec<i32>)| {
        let ids: Vec<String> = ids.iter().map(i32::to_string).collect();
        let says = format!("brokers {} all advertise {address}", ids.join(", "));
        Finding::problem(
            Check::Listeners,
            says,
            "give each broker an address of its own in advertised.listeners",
        )
    };
    shared.map(finding).collect()
}

fn certificate(contact: &Contact, now_ms: i64) -> Vec<Finding> {
    let target = &contact.target;
    let Some(Ok(look)) = &contact.look else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let replace = "replace it: brokers take a new file up without a restart";
    for shown in &look.chain {
        let days = (shown.not_after_ms - now_ms).div_euclid(DAY_MS);
        let says = |what: String| {
            format!(
                "the certificate {} of {} {what}",
                shown.subject,
                who(target)
            )
        };
        if shown.not_after_ms <= now_ms {
            let says = says(format!("has expired {} days ago", -days - 1));
            findings.push(Finding::problem(Check::Certificates, says, replace));
        } else if shown.not_before_ms > now_ms {
            let says = says("is not valid yet".to_owned());
            let remedy = "set the clocks of this machine and of the one that issued it";
            findings.push(Finding::problem(Check::Certificates, says, remedy));
        } else if days < EXPIRY_DAYS {
            let says = says(format!("expires in {days} days"));
            findings.push(Finding::warning(Check::Certificates, says, replace));
        }
    }
    if let Some(own) = look.chain.first().filter(|_| !look.is_for_name) {
        let names = match own.names.is_empty() {
            true => "no name at all (a CN does not count)".to_owned(),
            false => own.names.join(", "),
        };
        let says = format!(
            "the certificate of {} is not for {}, but for {names}",
            who(target),
            target.address.host
        );
        let remedy = format!(
            "issue one with {} among its subject alternative names, or advertise a name that it has",
            target.address.host
        );
        let weight = match target.is_ours {
            true => Weight::Problem,
            false => Weight::Warning,
        };
        findings.push(Finding {
            weight,
            ..Finding::problem(Check::Certificates, says, remedy)
        });
    }
    findings
}

#[cfg(test)]
#[path = "tests/listeners.rs"]
mod tests;
