//! TLS and names of users (`SslConfigs`, `BrokerSecurityConfigs`).

use super::key::{Check, Key, Kind};

/// The keys of this subject.
pub const KEYS: &[Key] = &[
    Key::broker("principal.builder.class", Kind::Class, Some("org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder"))
        .per_broker()
        .refused("Java plugins cannot be loaded, and users would get other names than the plugin gives them; remove the key")
        .says("Java class that turns a connection's credentials into a user name."),
    Key::broker("security.providers", Kind::String, None)
        .says("Java security providers to load."),
    Key::broker("ssl.allow.dn.changes", Kind::Boolean, Some("false"))
        .effective("a_new_certificate_names_the_same_unless_changes_are_allowed")
        .says("Whether a replaced certificate may carry another distinguished name."),
    Key::broker("ssl.allow.san.changes", Kind::Boolean, Some("false"))
        .effective("a_new_certificate_names_the_same_unless_changes_are_allowed")
        .says("Whether a replaced certificate may carry other alternative names."),
    Key::broker("ssl.cipher.suites", Kind::List, Some(""))
        .per_broker()
        .effective("only_enabled_versions_and_named_suites_are_spoken")
        .says("Cipher suites that may be used, by Java's names; empty means all that rustls serves. Names that it does not know are passed over as long as one is known."),
    Key::broker("ssl.client.auth", Kind::String, Some("none"))
        .check(Check::OneOf(&["required", "requested", "none"]))
        .per_broker()
        .effective("clients_must_may_or_need_not_show_a_certificate")
        .says("Whether clients must, may or need not show a certificate; on SASL_SSL only as `listener.name.<name>.ssl.client.auth`."),
    Key::broker("ssl.enabled.protocols", Kind::List, Some("TLSv1.2,TLSv1.3"))
        .per_broker()
        .effective("only_enabled_versions_and_named_suites_are_spoken")
        .says("TLS versions that may be used; those before TLSv1.2 are never spoken."),
    Key::broker("ssl.endpoint.identification.algorithm", Kind::String, Some("https"))
        .per_broker()
        .effective("the_name_dialled_must_be_in_the_certificate_unless_that_is_turned_off")
        .says("How the name of another node is checked against the alternative names of its certificate; empty turns it off."),
    Key::broker("ssl.engine.factory.class", Kind::Class, None)
        .per_broker()
        .refused("Java plugins cannot be loaded, and TLS would be another than the plugin makes it; remove the key")
        .says("Java class that makes TLS engines."),
    Key::broker("ssl.key.password", Kind::Password, None)
        .per_broker()
        .effective("a_store_is_read_as_pem_or_pkcs12_and_opened_by_its_password")
        .says("Password of the private key."),
    Key::broker("ssl.keymanager.algorithm", Kind::String, Some("SunX509"))
        .per_broker()
        .says("Java's key manager algorithm."),
    Key::broker("ssl.keystore.certificate.chain", Kind::Password, None)
        .per_broker()
        .effective("a_server_shows_its_inline_certificate_to_those_that_trust_its_authority")
        .says("Certificate chain as PEM text."),
    Key::broker("ssl.keystore.key", Kind::Password, None)
        .per_broker()
        .effective("a_server_shows_its_inline_certificate_to_those_that_trust_its_authority")
        .says("Private key as PEM text."),
    Key::broker("ssl.keystore.location", Kind::String, None)
        .per_broker()
        .effective("a_store_is_read_as_pem_or_pkcs12_and_opened_by_its_password")
        .says("File with certificate and private key; read again when it changes. A directory is a mounted TLS Secret of Kubernetes, whose `tls.key` and `tls.crt` count (type PEM)."),
    Key::broker("ssl.keystore.password", Kind::Password, None)
        .per_broker()
        .effective("a_store_is_read_as_pem_or_pkcs12_and_opened_by_its_password")
        .says("Password of that file."),
    Key::broker("ssl.keystore.type", Kind::String, Some("JKS"))
        .per_broker()
        .effective("a_store_is_read_as_pem_or_pkcs12_and_opened_by_its_password")
        .says("Format of that file: PEM or PKCS12; under JKS, PKCS12 is read too, as in Java, and a real JKS file refused."),
    Key::broker("ssl.principal.mapping.rules", Kind::String, Some("DEFAULT"))
        .effective("a_clients_name_is_mapped_by_the_rules_and_one_without_a_rule_is_refused")
        .says("Rules that turn a certificate's name into a user name; Java's look-around and back-references are not supported in them."),
    Key::broker("ssl.protocol", Kind::String, Some("TLSv1.3"))
        .per_broker()
        .effective("only_enabled_versions_and_named_suites_are_spoken")
        .says("The highest TLS version spoken to other nodes."),
    Key::broker("ssl.provider", Kind::String, None)
        .per_broker()
        .says("Java security provider for TLS."),
    Key::broker("ssl.secure.random.implementation", Kind::String, None)
        .per_broker()
        .says("Java's source of random numbers for TLS."),
    Key::broker("ssl.trustmanager.algorithm", Kind::String, Some("PKIX"))
        .per_broker()
        .says("Java's trust manager algorithm."),
    Key::broker("ssl.truststore.certificates", Kind::Password, None)
        .per_broker()
        .effective("a_server_shows_its_inline_certificate_to_those_that_trust_its_authority")
        .says("Trusted certificates as PEM text."),
    Key::broker("ssl.truststore.location", Kind::String, None)
        .per_broker()
        .effective("a_store_is_read_as_pem_or_pkcs12_and_opened_by_its_password")
        .says("File with trusted certificates; read again when it changes. A directory is a mounted Secret of Kubernetes, whose `ca.crt` counts (type PEM)."),
    Key::broker("ssl.truststore.password", Kind::Password, None)
        .per_broker()
        .effective("a_store_is_read_as_pem_or_pkcs12_and_opened_by_its_password")
        .says("Password of that file."),
    Key::broker("ssl.truststore.type", Kind::String, Some("JKS"))
        .per_broker()
        .effective("a_store_is_read_as_pem_or_pkcs12_and_opened_by_its_password")
        .says("Format of that file: PEM or PKCS12; under JKS, PKCS12 is read too, as in Java, and a real JKS file refused."),
];
