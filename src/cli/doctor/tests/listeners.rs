//! What is found of contacts, one broken thing at a time.

use super::*;
use crate::net::tls::look::{Look, Shown};

const NOW_MS: i64 = 1_800_000_000_000;

fn address(host: &str) -> Address {
    Address {
        host: host.to_owned(),
        port: 9092,
    }
}

/// Broker 1 at this host, as it should be.
fn well(host: &str) -> Contact {
    Contact {
        target: Target {
            broker: Some(1),
            listener: Some("OUT".to_owned()),
            protocol: Some(SecurityProtocol::Plaintext),
            address: address(host),
            is_ours: true,
        },
        reached: Reached::Yes,
        look: None,
        answer: Answer::Right {
            cluster_id: Some("ours".to_owned()),
        },
    }
}

fn lines(contacts: &[Contact], server: &str) -> Vec<String> {
    let found = judge(contacts, Some("ours"), &[address(server)], NOW_MS);
    found.iter().map(Finding::to_string).collect()
}

fn failed(error: LinkError) -> Answer {
    Answer::Failed(ClientError::Unreachable {
        address: "kafka-1:9092".to_owned(),
        error,
    })
}

fn look(days_left: i64, is_for_name: bool) -> Look {
    Look {
        chain: vec![Shown {
            subject: "CN=broker".to_owned(),
            not_before_ms: NOW_MS - DAY_MS,
            not_after_ms: NOW_MS + days_left * DAY_MS,
            names: vec!["kafka-9".to_owned(), "10.0.0.9".to_owned()],
        }],
        is_for_name,
    }
}

#[test]
fn what_is_as_it_should_be_is_nothing_to_speak_of() {
    let mut encrypted = well("kafka-1");
    encrypted.target.protocol = Some(SecurityProtocol::Ssl);
    encrypted.look = Some(Ok(look(300, true)));
    assert_eq!(
        lines(&[well("kafka-1"), encrypted], "kafka-1"),
        Vec::<String>::new()
    );
    let local = lines(&[well("localhost")], "localhost");
    assert_eq!(local, Vec::<String>::new(), "everything is on this machine");
}

#[test]
fn each_way_of_not_being_reached_is_told_with_its_remedy() {
    for (reached, sentence) in [
        (
            Reached::Refused,
            "PROBLEM  listeners: broker 1 at listener OUT (kafka-1:9092) is not there: the connection is refused; start it, or correct the port, or set advertised.listeners of broker 1 to what clients reach.",
        ),
        (
            Reached::TimedOut,
            "PROBLEM  listeners: broker 1 at listener OUT (kafka-1:9092) cannot be reached from here: nothing answers in time; open the firewall or forward the port, or set advertised.listeners of broker 1 to what clients reach.",
        ),
        (
            Reached::UnknownHost("no such name".to_owned()),
            "PROBLEM  listeners: broker 1 at listener OUT (kafka-1:9092) cannot be found from here: no such name; use a name that clients can look up, or set advertised.listeners of broker 1 to what clients reach.",
        ),
    ] {
        let mut contact = well("kafka-1");
        contact.reached = reached;
        contact.answer = Answer::NotAsked;
        assert_eq!(lines(std::slice::from_ref(&contact), "kafka-1"), [sentence]);
        contact.target.is_ours = false;
        let found = lines(&[contact], "kafka-1");
        assert!(
            found[0].starts_with("WARNING"),
            "others' listeners may be reached by others: {found:?}"
        );
    }
}

#[test]
fn an_address_where_somebody_else_answers_is_a_problem() {
    for (answer, part) in [
        (
            Answer::Right {
                cluster_id: Some("theirs".to_owned()),
            },
            "answers another cluster; set advertised.listeners of broker 1 to its own address.",
        ),
        (
            Answer::Wrong("Unexpected broker id, expected 2".to_owned()),
            "answers another broker (Unexpected broker id, expected 2); set",
        ),
    ] {
        let mut contact = well("kafka-1");
        contact.answer = answer;
        let found = lines(&[contact], "kafka-1");
        assert!(found[0].contains(part), "{found:?}");
    }
    let mut second = well("kafka-1");
    second.target.broker = Some(2);
    let found = lines(&[well("kafka-1"), second], "kafka-1");
    assert!(
        found[0].contains("brokers 1, 2 all advertise kafka-1:9092; give each"),
        "{found:?}"
    );
}

#[test]
fn each_misunderstanding_of_protocols_is_told_apart() {
    let tls = |why: &str| LinkError::Unreachable(format!("TLS of listener SSL: {why}"));
    let login = LinkError::Unreachable("the login failed: wrong".to_owned());
    for (protocol, looked, error, part) in [
        (
            SecurityProtocol::Plaintext,
            Some(Ok(look(300, true))),
            LinkError::Closed,
            "speaks TLS, and these properties do not; set security.protocol to SSL",
        ),
        (
            SecurityProtocol::Ssl,
            Some(Err("no TLS".to_owned())),
            tls("no TLS"),
            "speaks no TLS, and these properties do; set security.protocol to PLAINTEXT",
        ),
        (
            SecurityProtocol::Ssl,
            Some(Ok(look(300, true))),
            tls("untrusted"),
            "makes no TLS connection: kafka-1:9092: TLS of listener SSL: untrusted; set ssl.truststore.location",
        ),
        (
            SecurityProtocol::SaslPlaintext,
            None,
            login,
            "refuses the login: kafka-1:9092: the login failed: wrong; check sasl.mechanism",
        ),
        (
            SecurityProtocol::Plaintext,
            Some(Err("closed".to_owned())),
            LinkError::Closed,
            "hangs up without an answer; set security.protocol",
        ),
        (
            SecurityProtocol::Plaintext,
            None,
            LinkError::TimedOut,
            "is reached and does not answer: kafka-1:9092: no answer in time; look at its log",
        ),
    ] {
        let mut contact = well("kafka-1");
        contact.target.protocol = Some(protocol);
        contact.look = looked;
        contact.answer = failed(error);
        let found = lines(&[contact], "kafka-1");
        assert!(
            found.iter().any(|one| one.contains(part)),
            "{part}: {found:?}"
        );
    }
}

#[test]
fn an_address_that_is_every_machines_own_is_a_problem_to_those_who_come_from_afar() {
    for (host, server, count) in [
        ("localhost", "kafka.example.org", 1),
        ("127.0.0.1", "10.0.0.7", 1),
        ("0.0.0.0", "localhost", 1),
        ("127.0.0.1", "localhost", 0),
        ("10.0.0.7", "10.0.0.7", 0),
    ] {
        let found = lines(&[well(host)], server);
        assert_eq!(found.len(), count, "{host} from {server}: {found:?}");
        assert!(
            found
                .iter()
                .all(|one| one.contains("sends clients to an address that is each machine's own"))
        );
    }
}

#[test]
fn certificates_are_judged_by_their_days_and_their_names() {
    for (look, sentence) in [
        (
            look(10, true),
            "WARNING  certificates: the certificate CN=broker of broker 1 at listener OUT (kafka-1:9092) expires in 10 days; replace it",
        ),
        (
            look(-3, true),
            "PROBLEM  certificates: the certificate CN=broker of broker 1 at listener OUT (kafka-1:9092) has expired 2 days ago; replace it",
        ),
        (
            look(300, false),
            "PROBLEM  certificates: the certificate of broker 1 at listener OUT (kafka-1:9092) is not for kafka-1, but for kafka-9, 10.0.0.9; issue one with kafka-1 among",
        ),
    ] {
        let mut contact = well("kafka-1");
        contact.target.protocol = Some(SecurityProtocol::Ssl);
        contact.look = Some(Ok(look));
        let found = lines(&[contact], "kafka-1");
        assert!(found[0].starts_with(sentence), "{found:?}");
    }
}

#[test]
fn listeners_are_read_off_a_brokers_configuration() {
    let configs = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        pairs.collect()
    };
    let all = configs(&[
        (
            "listeners",
            "IN://0.0.0.0:1,OUT://0.0.0.0:2,CONTROLLER://:3",
        ),
        (
            "advertised.listeners",
            "IN://a:11,OUT://b:12,CONTROLLER://c:13,ANY://d:0",
        ),
        (
            "listener.security.protocol.map",
            "IN:PLAINTEXT,out:SASL_SSL,CONTROLLER:PLAINTEXT",
        ),
        ("controller.listener.names", "CONTROLLER"),
    ]);
    let found = advertised(&all);
    let names: Vec<(&str, Option<SecurityProtocol>, String)> = found
        .iter()
        .map(|(name, protocol, address)| (name.as_str(), *protocol, address.to_string()))
        .collect();
    let expected = [
        ("IN", Some(SecurityProtocol::Plaintext), "a:11".to_owned()),
        ("OUT", Some(SecurityProtocol::SaslSsl), "b:12".to_owned()),
    ];
    assert_eq!(names, expected);
    let plain = configs(&[("listeners", "PLAINTEXT://:1,SSL://host:2")]);
    assert_eq!(
        advertised(&plain).len(),
        1,
        "a host that is not named cannot be dialled"
    );
}
