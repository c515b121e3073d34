//! The commands that ask a cluster, as processes: what they print, and their exit codes.

use crate::host::Broker;
use crate::program::{ottla, ottla_with, run};
use crate::wire::authority::Authority;
use serde_json::Value;
use std::path::PathBuf;

#[tokio::test]
async fn topics_are_made_described_changed_and_deleted() {
    let broker = Broker::start().await;
    let words = [
        "topic",
        "create",
        "orders",
        "-p",
        "2",
        "-c",
        "retention.ms=60000",
    ];
    let created = ottla(&broker, &words).await.text();
    assert!(
        created.contains("orders: created, 2 partitions"),
        "{created}"
    );
    let again = ottla(&broker, &words).await;
    assert_eq!(again.code, Some(1));
    assert!(again.out.contains("TOPIC_ALREADY_EXISTS"), "{}", again.out);
    let kept = ottla(&broker, &[&words[..], &["--if-not-exists"]].concat()).await;
    assert!(kept.text().contains("was there already"));
    let listed = ottla(&broker, &["topic", "list", "--json"]).await.json();
    assert_eq!(listed[0]["topic"], "orders");
    assert_eq!(listed[0]["partitions"], 2);
    let altered = [
        "topic",
        "alter",
        "orders",
        "--set",
        "max.message.bytes=2000000",
        "--unset",
        "retention.ms",
        "-p",
        "3",
    ];
    ottla(&broker, &altered).await.text();
    let described = ottla(&broker, &["topic", "describe", "orders", "--json"]).await;
    let described = &described.json()[0];
    let config = &described["configs"];
    assert_eq!(config.as_array().unwrap().len(), 1, "{config}");
    assert_eq!(config[0]["key"], "max.message.bytes");
    assert_eq!(described["partitions"][2]["leader"], 1);
    assert_eq!(described["partitions"][2]["end"], 0);
    let table = ottla(&broker, &["topic", "describe", "orders"])
        .await
        .text();
    assert!(table.contains("PARTITION  LEADER  REPLICAS"), "{table}");
    let nothing = ottla(&broker, &["topic", "alter", "orders"]).await;
    assert_eq!(nothing.code, Some(2));
    ottla(&broker, &["topic", "delete", "orders"]).await.text();
    let gone = ottla(&broker, &["topic", "describe", "orders", "--json"]).await;
    assert_eq!(gone.code, Some(1));
    assert!(
        gone.out.contains(r#"{"error":"there is no topic orders"}"#),
        "{}",
        gone.out
    );
}

#[tokio::test]
async fn what_is_produced_is_consumed_with_keys_headers_and_nulls_in_every_codec() {
    let broker = Broker::start().await;
    ottla(&broker, &["topic", "create", "t", "-p", "1"])
        .await
        .text();
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let words = [
            "produce",
            "t",
            "-K",
            ":",
            "-H",
            "from=test",
            "-Z",
            "-z",
            codec,
        ];
        let produced = ottla_with(&broker, &words, b"a:1\nb:\nno key\n").await;
        produced.text();
    }
    let read = ["consume", "t", "-e", "-f", "%p %o %K %k %S %s %h\\n"];
    let text = ottla(&broker, &read).await.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 15, "{text}");
    for (index, of_codec) in lines.chunks(3).enumerate() {
        let offset = index * 3;
        assert_eq!(of_codec[0], format!("0 {offset} 1 a 1 1 from=test"));
        assert_eq!(of_codec[1], format!("0 {} 1 b -1  from=test", offset + 1));
        assert_eq!(
            of_codec[2],
            format!("0 {} -1  6 no key from=test", offset + 2)
        );
    }
    for (words, expected) in [
        (&["-o", "-2", "-c", "1"][..], "NULL-no"),
        (&["-o", "12", "-e"], "1\n\nno key\n"),
        (&["-o", "@0", "-c", "1"], "1\n"),
        (&["-o", "end", "-e"], ""),
    ] {
        let words = [&["consume", "t"], words].concat();
        let text = ottla(&broker, &words).await.text();
        let expected = expected.replace("NULL-no", "\n");
        assert_eq!(text, expected, "{words:?}");
    }
    let json = ottla(&broker, &["consume", "t", "-o", "14", "-c", "1", "--json"]).await;
    let json = json.json();
    assert_eq!(
        (&json["offset"], &json["value"]),
        (&14.into(), &"no key".into())
    );
    assert_eq!(
        (&json["key"], &json["headers"][0]["name"]),
        (&Value::Null, &"from".into())
    );
}

#[tokio::test]
async fn many_records_come_back_in_order_and_go_to_partitions_by_their_keys() {
    let broker = Broker::start().await;
    ottla(&broker, &["topic", "create", "many", "-p", "3"])
        .await
        .text();
    let lines: Vec<String> = (0..20_000)
        .map(|number| format!("key{}\t{number:0100}", number % 7))
        .collect();
    let input = lines.join("\n");
    let words = ["produce", "many", "-K", "\\t", "--json"];
    let produced = ottla_with(&broker, &words, input.as_bytes()).await.json();
    assert_eq!(produced["records"], 20_000);
    let text = ottla(&broker, &["consume", "many", "-e", "-f", "%p %k\\t%s\\n"])
        .await
        .text();
    let mut last = std::collections::BTreeMap::new();
    let mut count = 0;
    for line in text.lines() {
        let (place, value) = line.split_once('\t').unwrap();
        let value: u32 = value.parse().unwrap();
        // A key has one place, and its records come in the order they were written.
        let key = place.split_once(' ').unwrap().1.to_owned();
        let (was, before) = last
            .insert(key, (place.to_owned(), value))
            .unwrap_or((place.to_owned(), 0));
        assert!(
            was == place && before <= value,
            "{line} after {before} at {was}"
        );
        count += 1;
    }
    assert_eq!((count, last.len()), (20_000, 7));
}

#[tokio::test]
async fn what_is_refused_is_said_and_nothing_that_is_missing_is_made() {
    let broker = Broker::start().await;
    let missing = ottla_with(&broker, &["produce", "missing"], b"x\n").await;
    assert_eq!(missing.code, Some(1));
    assert!(
        missing.err.contains("there is no topic missing"),
        "{}",
        missing.err
    );
    let create = [
        "topic",
        "create",
        "small",
        "-p",
        "1",
        "-c",
        "max.message.bytes=1000",
    ];
    ottla(&broker, &create).await.text();
    let large = ottla_with(&broker, &["produce", "small"], &[b'x'; 5_000]).await;
    assert_eq!(large.code, Some(1));
    assert!(
        large.err.contains("MESSAGE_TOO_LARGE")
            && large.err.contains("0 records were acknowledged before"),
        "{}",
        large.err
    );
    for words in [
        &["produce", "small", "-p", "9"][..],
        &["consume", "small", "-p", "9"],
        &["consume", "small", "-o", "middle"],
        &["produce", "small", "-z", "brotli"],
    ] {
        assert_eq!(ottla(&broker, words).await.code, Some(2), "{words:?}");
    }
    let nobody = run(&["topic", "list", "-b", "127.0.0.1:1"], b"").await;
    assert_eq!(nobody.code, Some(1));
    assert!(
        nobody
            .err
            .contains("127.0.0.1:1: the connection was refused"),
        "{}",
        nobody.err
    );
}

#[tokio::test]
async fn a_groups_offsets_are_set_shown_and_deleted() {
    let broker = Broker::with(&[("offsets.topic.num.partitions", "1")]).await;
    ottla(&broker, &["topic", "create", "t", "-p", "2"])
        .await
        .text();
    ottla_with(&broker, &["produce", "t", "-p", "1"], b"1\n2\n3\n4\n")
        .await
        .text();
    let reset = |to: &'static str, more: &'static [&'static str]| {
        [&["group", "reset", "g", "--to", to, "--json"][..], more].concat()
    };
    let none = ottla(&broker, &reset("+1", &[])).await;
    assert_eq!(none.code, Some(2), "{}", none.err);
    let dry = ottla(&broker, &reset("latest", &["--topic", "t", "--dry-run"]))
        .await
        .json();
    assert_eq!(
        (&dry["set"], &dry["partitions"][1]["after"]),
        (&false.into(), &4.into())
    );
    for (words, before, after) in [
        (reset("1", &["--topic", "t:1"]), Value::Null, 1),
        (reset("+2", &[]), 1.into(), 3),
        (reset("-9", &[]), 3.into(), 0),
        (reset("@0", &[]), 0.into(), 0),
        (reset("latest", &[]), 0.into(), 4),
        (reset("-3", &[]), 4.into(), 1),
    ] {
        let changed = ottla(&broker, &words).await.json();
        let partitions = &changed["partitions"];
        assert_eq!(partitions.as_array().unwrap().len(), 1, "{words:?}");
        assert_eq!(
            (&partitions[0]["before"], &partitions[0]["after"]),
            (&before, &after.into()),
            "{words:?}"
        );
    }
    let described = ottla(&broker, &["group", "describe", "g", "--json"])
        .await
        .json();
    assert_eq!(
        (&described[0]["state"], &described[0]["lag"]),
        (&"Empty".into(), &3.into())
    );
    let listed = ottla(&broker, &["group", "list"]).await.text();
    assert!(
        listed
            .lines()
            .any(|line| line.starts_with("g ") && line.contains("Empty")),
        "{listed}"
    );
    ottla(&broker, &["group", "delete", "g"]).await.text();
    let gone = ottla(&broker, &["group", "describe", "g"]).await;
    assert_eq!(gone.code, Some(1));
    assert!(gone.err.contains("GROUP_ID_NOT_FOUND"), "{}", gone.err);
}

/// Listener 0 asks for TLS and a login, listener 1 for nothing.
async fn secured(authority: &Authority) -> Broker {
    let issued = authority.issue("broker", &["127.0.0.1", "localhost"]);
    let settings = [
        ("listeners", "OUT://127.0.0.1:0,IN://127.0.0.1:0"),
        (
            "listener.security.protocol.map",
            "OUT:SASL_SSL,IN:PLAINTEXT",
        ),
        ("inter.broker.listener.name", "IN"),
        (
            "sasl.enabled.mechanisms",
            "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        ),
        ("ottla.sasl.users", "alice=secret"),
        ("ssl.keystore.type", "PEM"),
        ("ssl.keystore.location", "{}/tls.pem"),
        ("connection.failed.authentication.delay.ms", "20"),
    ];
    let started = Broker::prepared(&settings, None, |folder| {
        std::fs::write(folder.join("tls.pem"), issued.both()).unwrap();
    });
    started.await.expect("starts")
}

#[tokio::test]
async fn a_file_of_client_properties_opens_tls_and_logs_in_and_what_is_wrong_in_it_is_said() {
    let (authority, stranger) = (Authority::new("A"), Authority::new("B"));
    let broker = secured(&authority).await;
    let file = |name: &str, text: &str| -> String {
        let path: PathBuf = broker.folder().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let trusted = file("ca.crt", &authority.pem);
    let other = file("other.crt", &stranger.pem);
    let kafkas = |mechanism: &str, module: &str, password: &str, ca: &str| {
        format!(
            "security.protocol=SASL_SSL\nsasl.mechanism={mechanism}\nsasl.jaas.config=org.apache.kafka.common.security.{module} required username=\"alice\" password=\"{password}\";\nssl.truststore.type=PEM\nssl.truststore.location={ca}\n"
        )
    };
    let (plain, scram) = ("plain.PlainLoginModule", "scram.ScramLoginModule");
    let librdkafkas = format!(
        "security.protocol=sasl_ssl\nsasl.mechanisms=SCRAM-SHA-256\nsasl.username=alice\nsasl.password=secret\nssl.ca.location={trusted}\n"
    );
    for (properties, code, part) in [
        (kafkas("PLAIN", plain, "secret", &trusted), 0, ""),
        (kafkas("SCRAM-SHA-512", scram, "secret", &trusted), 0, ""),
        (librdkafkas, 0, ""),
        (
            kafkas("PLAIN", plain, "guess", &trusted),
            1,
            "the login failed",
        ),
        (
            kafkas("SCRAM-SHA-256", scram, "guess", &trusted),
            1,
            "the login failed",
        ),
        (
            kafkas("PLAIN", plain, "secret", &other),
            1,
            "from none that ssl.truststore trusts",
        ),
        (
            kafkas("PLAIN", plain, "secret", "/nowhere"),
            2,
            "ssl.truststore.location=/nowhere",
        ),
        (
            "security.protocol=SASL_SSL\n".to_owned(),
            2,
            "set sasl.mechanism",
        ),
        (
            format!("security.protocol=SSL\nssl.ca.location={trusted}\n"),
            1,
            "closed before the answer",
        ),
    ] {
        let path = file("client.properties", &properties);
        let said = ottla(&broker, &["topic", "list", "--command-config", &path]).await;
        assert_eq!(said.code, Some(code), "{properties}{}", said.err);
        assert!(said.err.contains(part), "{properties}{}", said.err);
    }
    // The same by flags.
    let ca = format!("ssl.ca.location={trusted}");
    let words = [
        "topic",
        "list",
        "-X",
        "security.protocol=SASL_SSL",
        "-X",
        "sasl.mechanism=PLAIN",
        "-X",
        "sasl.username=alice",
        "-X",
        "sasl.password=secret",
        "-X",
        &ca,
    ];
    ottla(&broker, &words).await.text();
}
