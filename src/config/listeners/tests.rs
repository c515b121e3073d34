//! What listener keys mean, and which combinations are refused.

use super::*;
use crate::config::load::StaticConfig;
use crate::config::settings::Unset;

fn parse(pairs: &[(&str, &str)]) -> Result<Listeners, String> {
    let node = StaticConfig::of(pairs);
    let layers = Layers {
        broker: &Unset,
        cluster: &Unset,
        node: &node,
    };
    Listeners::parse(&layers, Roles::parse(&layers))
}

fn shown(listeners: &[Listener]) -> Vec<String> {
    listeners.iter().map(ToString::to_string).collect()
}

#[test]
fn a_node_without_configuration_listens_on_localhost() {
    let listeners = parse(&[]).unwrap();
    assert_eq!(shown(&listeners.bound), ["PLAINTEXT://localhost:9092"]);
    assert_eq!(shown(&listeners.advertised), ["PLAINTEXT://localhost:9092"]);
    assert_eq!(listeners.inter_broker.as_str(), "PLAINTEXT");
}

#[test]
fn the_file_that_kafka_ships_is_understood() {
    let listeners = parse(&[
        ("listeners", "PLAINTEXT://:9092,CONTROLLER://:9093"),
        ("inter.broker.listener.name", "PLAINTEXT"),
        (
            "advertised.listeners",
            "PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093",
        ),
        ("controller.listener.names", "CONTROLLER"),
        (
            "listener.security.protocol.map",
            "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL",
        ),
    ])
    .unwrap();
    assert_eq!(shown(&listeners.bound), ["PLAINTEXT://:9092"]);
    assert_eq!(shown(&listeners.controller), ["CONTROLLER://:9093"]);
    assert_eq!(shown(&listeners.advertised), ["PLAINTEXT://localhost:9092"]);
}

#[test]
fn a_listener_name_maps_to_its_security_protocol() {
    let listeners = parse(&[
        ("listeners", "internal://[::1]:1,EXTERNAL://h:2"),
        (
            "listener.security.protocol.map",
            "INTERNAL:PLAINTEXT, external:plaintext",
        ),
        ("inter.broker.listener.name", "Internal"),
    ])
    .unwrap();
    assert_eq!(
        shown(&listeners.bound),
        ["INTERNAL://[::1]:1", "EXTERNAL://h:2"]
    );
    assert_eq!(listeners.inter_broker.as_str(), "INTERNAL");
}

#[test]
fn one_port_serves_one_address_of_each_family() {
    let map = (
        "listener.security.protocol.map",
        "PLAINTEXT:PLAINTEXT,B:PLAINTEXT",
    );
    assert!(parse(&[("listeners", "PLAINTEXT://127.0.0.1:1,B://[::1]:1"), map]).is_ok());
    assert!(
        parse(&[
            ("listeners", "PLAINTEXT://127.0.0.1:1,B://127.0.0.2:1"),
            map
        ])
        .is_err()
    );
    assert!(parse(&[("listeners", "PLAINTEXT://h:0,B://h:0"), map]).is_ok());
}

#[test]
fn listeners_that_cannot_work_are_refused_with_what_is_allowed() {
    type Pairs = &'static [(&'static str, &'static str)];
    let cases: &[(Pairs, &str)] = &[
        (
            &[("listeners", "PLAINTEXT:9092")],
            "Unable to parse PLAINTEXT:9092 to a broker endpoint",
        ),
        (
            &[("listeners", "PLAINTEXT://h:99999")],
            "must be a number from 0 to 65535",
        ),
        (
            &[("listeners", "OTHER://h:1")],
            "No security protocol defined for listener OTHER",
        ),
        (
            &[("listeners", "PLAINTEXT://a:1,plaintext://b:2")],
            "PLAINTEXT stands twice",
        ),
        (
            &[("listeners", "PLAINTEXT://a:1,SSL://b:1")],
            "Each listener must have a different port",
        ),
        (
            &[("listeners", "PLAINTEXT://0.0.0.0:1")],
            "cannot use the nonroutable meta-address 0.0.0.0",
        ),
        (
            &[("advertised.listeners", "SSL://h:1")],
            "The valid options based on currently configured listeners are SSL",
        ),
        (
            &[("advertised.listeners", "PLAINTEXT://h:1,SSL://h:2")],
            "must be equal to or a subset of the ones defined in listeners",
        ),
        (
            &[("listener.security.protocol.map", "PLAINTEXT:TLS")],
            "Invalid security protocol `TLS`",
        ),
        (
            &[("listener.security.protocol.map", "PLAINTEXT")],
            "is not NAME:PROTOCOL",
        ),
        (
            &[("controller.listener.names", "PLAINTEXT")],
            "There must be at least one broker advertised listener",
        ),
        (
            &[("inter.broker.listener.name", "SSL")],
            "inter.broker.listener.name must be a listener name defined in",
        ),
        (
            &[("inter.broker.listener.name", "X")],
            "Listener with name X defined in inter.broker.listener.name not found",
        ),
    ];
    for (pairs, part) in cases {
        let error = parse(pairs).unwrap_err();
        assert!(error.contains(part), "{pairs:?}: {error}");
    }
}

#[test]
fn the_inter_broker_listener_must_be_advertised() {
    let map = ("listener.security.protocol.map", "A:PLAINTEXT,B:PLAINTEXT");
    let base = [
        ("listeners", "A://h:1,B://h:2"),
        ("inter.broker.listener.name", "B"),
        map,
    ];
    assert!(parse(&base).is_ok());
    let only_a = [
        base[0],
        base[1],
        base[2],
        ("advertised.listeners", "A://h:1"),
    ];
    assert!(
        parse(&only_a)
            .unwrap_err()
            .contains("The valid options based on currently configured listeners are A")
    );
}
