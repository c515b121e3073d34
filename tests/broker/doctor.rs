//! `ottla doctor`: one thing is broken at a time, and the finding is read. What takes several nodes is in `tests/cluster/doctor.rs`, what
//! cannot be broken in a test (a disk that is almost full) in the judgements' own tests.

use crate::host::Broker;
use crate::program::{Said, ottla, run};
use crate::wire::authority::{Authority, Issued};
use ottla_protocol::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use serde_json::Value;

/// The sentences of one weight, of all checks but that of the disks: the machine's may be full.
fn findings(said: &Said, weight: &str) -> Vec<String> {
    let told: Value = serde_json::from_str(&said.out)
        .unwrap_or_else(|error| panic!("{error}: {}{}", said.out, said.err));
    let all = told["findings"].as_array().expect("a list").iter();
    let wanted = all.filter(|one| one["weight"] == weight && one["check"] != "disks");
    wanted
        .map(|one| {
            format!(
                "{}; {}",
                one["finding"].as_str().unwrap(),
                one["remedy"].as_str().unwrap()
            )
        })
        .collect()
}

async fn doctor(broker: &Broker, words: &[&str]) -> Said {
    ottla(
        broker,
        &[&["doctor", "--json", "--watch", "0"], words].concat(),
    )
    .await
}

#[tokio::test]
async fn a_broker_that_is_well_has_no_findings() {
    let broker = Broker::start().await;
    ottla(&broker, &["topic", "create", "t", "-p", "3"])
        .await
        .text();
    let said = doctor(&broker, &[]).await;
    for weight in ["problem", "warning", "note"] {
        assert_eq!(findings(&said, weight), Vec::<String>::new());
    }
    let told: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (&told["reached"], &told["looked_at"]["partitions"]),
        (&true.into(), &3.into())
    );
    let text = ottla(&broker, &["doctor"]).await;
    assert!(
        text.out
            .contains("Looked at 1 addresses, 1 broker, 3 partitions, 0 groups"),
        "{}",
        text.out
    );
}

#[tokio::test]
async fn nobody_at_the_address_that_was_named_is_said_with_exit_code_1() {
    let said = run(&["doctor", "-b", "127.0.0.1:1", "--json"], b"").await;
    assert_eq!(said.code, Some(1), "{}", said.err);
    let found = findings(&said, "problem");
    assert!(
        found[0]
            .starts_with("server 127.0.0.1:1 is not there: the connection is refused; start it"),
        "{found:?}"
    );
}

/// Listener 0 is OUT, listener 1 IN; what OUT speaks and what is advertised is up to the test.
async fn two_listeners(protocol: &str, advertised: &str, issued: Option<&Issued>) -> Broker {
    let map = format!("OUT:{protocol},IN:PLAINTEXT");
    let mut settings = vec![
        ("listeners", "OUT://127.0.0.1:0,IN://127.0.0.1:0"),
        ("advertised.listeners", advertised),
        ("listener.security.protocol.map", &map),
        ("inter.broker.listener.name", "IN"),
        ("sasl.enabled.mechanisms", "PLAIN"),
        ("ottla.sasl.users", "alice=secret"),
        ("connection.failed.authentication.delay.ms", "20"),
    ];
    if issued.is_some() {
        settings.extend([
            ("ssl.keystore.type", "PEM"),
            ("ssl.keystore.location", "{}/tls.pem"),
        ]);
    }
    let started = Broker::prepared(&settings, None, |folder| {
        if let Some(issued) = issued {
            std::fs::write(folder.join("tls.pem"), issued.both()).unwrap();
        }
    });
    started.await.expect("starts")
}

const BOTH: &str = "OUT://127.0.0.1:0,IN://127.0.0.1:0";

/// Where nobody listens now; below the ports that the kernel gives to connections.
fn free_port() -> u16 {
    let seed = std::time::UNIX_EPOCH
        .elapsed()
        .expect("after 1970")
        .subsec_nanos();
    let candidates = (0..10_000).map(|step| 12_000 + ((seed / 1_000 + step * 7) % 19_000) as u16);
    let mut free =
        candidates.filter(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.next().expect("a free port")
}

#[tokio::test]
async fn every_advertised_address_is_dialled_at_every_listener() {
    for (advertised, weight, part) in [
        (
            "OUT://127.0.0.1:0,IN://127.0.0.1:1",
            "warning",
            "broker 1 at listener IN (127.0.0.1:1) is not there: the connection is refused; start it, or correct the port, or set advertised.listeners of broker 1",
        ),
        (
            "OUT://no-such-host.invalid:0,IN://127.0.0.1:0",
            "problem",
            "(no-such-host.invalid:",
        ),
    ] {
        let broker = two_listeners("PLAINTEXT", advertised, None).await;
        let said = doctor(&broker, &[]).await;
        let found = findings(&said, weight);
        assert!(
            found.iter().any(|one| one.contains(part)),
            "{part}: {}",
            said.out
        );
        if weight == "problem" {
            assert_eq!(said.code, Some(3));
        }
    }
}

#[tokio::test]
async fn an_address_where_another_broker_answers_is_found() {
    let other = Broker::with(&[("node.id", "2"), ("broker.id", "2")]).await;
    let advertised = format!("OUT://127.0.0.1:0,IN://127.0.0.1:{}", other.port_of(0));
    let broker = two_listeners("PLAINTEXT", &advertised, None).await;
    let found = findings(&doctor(&broker, &[]).await, "problem");
    assert!(
        found
            .iter()
            .any(|one| one.contains("answers another broker (Unexpected broker id, expected 2")),
        "{found:?}"
    );
}

#[tokio::test]
async fn what_does_not_speak_the_same_is_told_apart() {
    let authority = Authority::new("A");
    let issued = authority.issue("broker", &["127.0.0.1"]);
    let ca = |broker: &Broker| {
        let path = broker.folder().join("ca.crt");
        std::fs::write(&path, &authority.pem).unwrap();
        format!("ssl.ca.location={}", path.display())
    };
    let sasl = [
        "-X",
        "sasl.mechanism=PLAIN",
        "-X",
        "sasl.username=alice",
        "-X",
    ];
    for (protocol, properties, part) in [
        (
            "SSL",
            &[][..],
            "speaks TLS, and these properties do not; set security.protocol to SSL or SASL_SSL",
        ),
        (
            "PLAINTEXT",
            &["-X", "security.protocol=SSL"],
            "speaks no TLS, and these properties do; set security.protocol to PLAINTEXT",
        ),
        (
            "SASL_PLAINTEXT",
            &[],
            "hangs up without an answer; set security.protocol to what the listener speaks",
        ),
        (
            "SASL_PLAINTEXT",
            &[
                &["-X", "security.protocol=SASL_PLAINTEXT"],
                &sasl[..],
                &["sasl.password=guess"],
            ]
            .concat(),
            "refuses the login",
        ),
    ] {
        let issued = Some(&issued).filter(|_| protocol == "SSL");
        let broker = two_listeners(protocol, BOTH, issued).await;
        let trust = ca(&broker);
        let words = [properties, &["-X", &trust]].concat();
        let said = doctor(&broker, &words).await;
        assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
        let found = findings(&said, "problem");
        assert!(
            found.iter().any(|one| one.contains(part)),
            "{part}: {found:?}"
        );
    }
}

#[tokio::test]
async fn names_days_and_issuers_of_certificates_are_judged_on_listeners_that_others_use_too() {
    let (authority, stranger) = (Authority::new("A"), Authority::new("B"));
    for (issued, part) in [
        (authority.issue("broker", &["127.0.0.1"]), ""),
        (
            authority.issue("broker", &["kafka-9.example.org"]),
            "the certificate of broker 1 at listener OUT (127.0.0.1:",
        ),
        (
            authority.issue_expired("broker", &["127.0.0.1"]),
            "has expired",
        ),
        (
            stranger.issue("broker", &["127.0.0.1"]),
            "makes no TLS connection: ",
        ),
    ] {
        // A port that the system chooses is not in what a broker says it is configured with.
        let port = free_port();
        let broker = tls_at(port, &issued).await;
        let path = broker.folder().join("ca.crt");
        std::fs::write(&path, &authority.pem).unwrap();
        let trust = format!("ssl.ca.location={}", path.display());
        // From the listener for plaintext: OUT is one that others use.
        let server = format!("127.0.0.1:{}", broker.port_of(1));
        let words = ["doctor", "--json", "-b", &server, "-X", &trust];
        let said = run(&words, b"").await;
        assert!(said.out.contains(r#""addresses":2"#), "{}", said.out);
        let found = [findings(&said, "problem"), findings(&said, "warning")].concat();
        match part {
            "" => assert_eq!(found, Vec::<String>::new()),
            part => assert!(
                found.iter().any(|one| one.contains(part)),
                "{part}: {found:?}"
            ),
        }
    }
}

/// OUT speaks TLS at this port, IN plaintext at any.
async fn tls_at(port: u16, issued: &Issued) -> Broker {
    let listeners = format!("OUT://127.0.0.1:{port},IN://127.0.0.1:0");
    let settings = [
        ("listeners", &*listeners),
        ("listener.security.protocol.map", "OUT:SSL,IN:PLAINTEXT"),
        ("inter.broker.listener.name", "IN"),
        ("ssl.keystore.type", "PEM"),
        ("ssl.keystore.location", "{}/tls.pem"),
    ];
    let started = Broker::prepared(&settings, None, |folder| {
        std::fs::write(folder.join("tls.pem"), issued.both()).unwrap();
    });
    started.await.expect("starts")
}

fn join(client: &str) -> JoinGroupRequest {
    JoinGroupRequest {
        group_id: "stuck".into(),
        session_timeout_ms: 45_000,
        rebalance_timeout_ms: 60_000,
        protocol_type: client.into(),
        protocols: vec![JoinGroupRequestProtocol {
            name: "range".into(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

#[tokio::test]
async fn a_group_that_does_not_finish_its_rebalance_is_found_with_its_members() {
    let settings = [
        ("group.initial.rebalance.delay.ms", "0"),
        ("offsets.topic.num.partitions", "1"),
    ];
    let broker = Broker::with(&settings).await;
    // The coordinator's topic is there once somebody has asked for it.
    ottla(&broker, &["topic", "create", "t", "-p", "1"])
        .await
        .text();
    ottla(
        &broker,
        &["group", "reset", "other", "--to", "0", "--topic", "t"],
    )
    .await
    .text();
    let (mut first, mut second) = (broker.client().await, broker.client().await);
    let joined = first.ask(3, &join("consumer")).await.unwrap();
    assert_eq!(joined.error_code, ottla_protocol::ErrorCode::NONE);
    let found = findings(&doctor(&broker, &[]).await, "warning");
    let leader = "group stuck has not finished its rebalance (CompletingRebalance) for at least 0 s: it waits for its leader, one of 1 members";
    assert!(found.iter().any(|one| one.starts_with(leader)), "{found:?}");
    // Its leader is to join again, and does not.
    second.send(3, &join("consumer")).await.unwrap();
    let words = ["group", "describe", "stuck", "--json"];
    crate::host::until("the group waits for its first member", async || {
        let described = ottla(&broker, &words).await.json();
        (described[0]["state"] == "PreparingRebalance").then_some(())
    })
    .await;
    let found = findings(&doctor(&broker, &[]).await, "warning");
    let waits = "group stuck has not finished its rebalance (PreparingRebalance) for at least 0 s: it waits until all 2 members have joined again";
    assert!(found.iter().any(|one| one.starts_with(waits)), "{found:?}");
}
