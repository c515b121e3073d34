//! Listeners, connections and their limits (`SocketServerConfigs`).

use super::key::{Check, Key, Kind};

/// The keys of this subject.
pub const KEYS: &[Key] = &[
    Key::broker("listeners", Kind::List, Some("PLAINTEXT://localhost:9092"))
        .unlike_kafka("PLAINTEXT://:9092")
        .check(Check::Entries { allowed: &[], may_be_empty: false })
        .per_broker()
        .effective("a_broker_listens_on_every_listener_of_its_config")
        .says("The addresses to accept connections on, each `NAME://host:port`; an empty host means every interface and port 0 lets the system choose."),
    Key::broker("advertised.listeners", Kind::List, None)
        .check(Check::Entries { allowed: &[], may_be_empty: false })
        .effective("each_listener_answers_with_its_own_advertised_address")
        .says("The addresses given to clients, per listener name, where they differ from the ones bound; unset means the bound ones."),
    Key::broker("listener.security.protocol.map", Kind::String, Some("SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT"))
        .per_broker()
        .effective("a_listener_name_maps_to_its_security_protocol")
        .says("Which security protocol each listener name speaks, as `NAME:PROTOCOL` pairs."),
    Key::broker("inter.broker.listener.name", Kind::String, None)
        .effective("the_inter_broker_listener_must_be_advertised")
        .says("Name of the listener over which brokers talk to each other."),
    Key::broker("security.inter.broker.protocol", Kind::String, Some("PLAINTEXT"))
        .check(Check::OneOf(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]))
        .effective("the_inter_broker_listener_must_be_advertised")
        .says("Security protocol between brokers when no `inter.broker.listener.name` is given."),
    Key::broker("connection.failed.authentication.delay.ms", Kind::Int, Some("100"))
        .check(Check::AtLeast(0))
        .effective("a_wrong_password_is_told_after_a_delay_and_then_the_connection_is_closed")
        .says("How long to hold back the answer to a failed authentication, so that guessing is slow."),
    Key::broker("connections.max.idle.ms", Kind::Long, Some("600000"))
        .effective("an_idle_connection_is_closed_counting_from_the_last_answer")
        .says("A connection that has carried nothing for this long is closed."),
    Key::broker("max.connection.creation.rate", Kind::Int, Some("2147483647"))
        .check(Check::AtLeast(0))
        .cluster_wide()
        .effective("connections_over_the_rate_wait_by_listener_and_in_all")
        .says("Connections per second that the broker accepts; beyond it, accepting waits. Also per listener."),
    Key::broker("max.connections", Kind::Int, Some("2147483647"))
        .check(Check::AtLeast(0))
        .cluster_wide()
        .effective("a_connection_over_the_limit_waits_until_another_ends")
        .says("Connections that the broker holds at once, over all listeners. Also per listener."),
    Key::broker("max.connections.per.ip", Kind::Int, Some("2147483647"))
        .check(Check::AtLeast(0))
        .cluster_wide()
        .effective("an_address_with_its_share_of_connections_is_refused_one_more")
        .says("Connections that one client address may hold at once."),
    Key::broker("max.connections.per.ip.overrides", Kind::String, Some(""))
        .cluster_wide()
        .effective("an_override_replaces_the_share_of_its_address")
        .says("Exceptions to `max.connections.per.ip`, as `address:count` pairs."),
    Key::broker("num.network.threads", Kind::Int, Some("3"))
        .check(Check::AtLeast(1))
        .cluster_wide()
        .says("Network threads per listener in Kafka; Ottla's runtime sizes itself by the machine."),
    Key::broker("queued.max.request.bytes", Kind::Long, Some("-1"))
        .effective("a_large_frame_waits_for_the_budget_and_a_begun_one_does_not")
        .says("Bytes of received requests that may wait or be in work before reading from clients pauses; -1 is Ottla's own bound of 256 MiB."),
    Key::broker("queued.max.requests", Kind::Int, Some("500"))
        .check(Check::AtLeast(1))
        .says("Requests that may wait between network and request threads in Kafka; Ottla bounds them in bytes."),
    Key::broker("socket.listen.backlog.size", Kind::Int, Some("50"))
        .check(Check::AtLeast(1))
        .effective("a_listener_is_bound_with_its_backlog")
        .says("Connections that the kernel may hold for a listener before they are accepted."),
    Key::broker("socket.receive.buffer.bytes", Kind::Int, Some("102400"))
        .effective("sockets_take_the_configured_buffer_sizes")
        .says("Kernel receive buffer (SO_RCVBUF) of client connections; -1 leaves the system's choice."),
    Key::broker("socket.request.max.bytes", Kind::Int, Some("104857600"))
        .check(Check::AtLeast(1))
        .effective("a_length_over_the_limit_takes_no_memory")
        .says("Largest request frame that is read; a longer announced size closes the connection before anything is allocated."),
    Key::broker("socket.send.buffer.bytes", Kind::Int, Some("102400"))
        .effective("sockets_take_the_configured_buffer_sizes")
        .says("Kernel send buffer (SO_SNDBUF) of client connections; -1 leaves the system's choice."),
    Key::broker("socket.connection.setup.timeout.ms", Kind::Long, Some("10000"))
        .says("First limit on how long an outgoing connection may take to open; it doubles with every failure in a row."),
    Key::broker("socket.connection.setup.timeout.max.ms", Kind::Long, Some("30000"))
        .says("Upper bound of the growing limit on opening an outgoing connection."),
];
