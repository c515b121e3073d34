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
        .says("Whether a replaced certificate may carry another distinguished name."),
    Key::broker("ssl.allow.san.changes", Kind::Boolean, Some("false"))
        .says("Whether a replaced certificate may carry other alternative names."),
    Key::broker("ssl.cipher.suites", Kind::List, Some(""))
        .per_broker()
        .says("Cipher suites that may be used; empty means the library's choice."),
    Key::broker("ssl.client.auth", Kind::String, Some("none"))
        .check(Check::OneOf(&["required", "requested", "none"]))
        .per_broker()
        .says("Whether clients must, may or need not show a certificate."),
    Key::broker("ssl.enabled.protocols", Kind::List, Some("TLSv1.2,TLSv1.3"))
        .per_broker()
        .says("TLS versions that may be used."),
    Key::broker("ssl.endpoint.identification.algorithm", Kind::String, Some("https"))
        .per_broker()
        .says("How a server's name is checked against its certificate; empty turns it off."),
    Key::broker("ssl.engine.factory.class", Kind::Class, None)
        .per_broker()
        .says("Java class that makes TLS engines."),
    Key::broker("ssl.key.password", Kind::Password, None)
        .per_broker()
        .says("Password of the private key."),
    Key::broker("ssl.keymanager.algorithm", Kind::String, Some("SunX509"))
        .per_broker()
        .says("Java's key manager algorithm."),
    Key::broker("ssl.keystore.certificate.chain", Kind::Password, None)
        .per_broker()
        .says("Certificate chain as PEM text."),
    Key::broker("ssl.keystore.key", Kind::Password, None)
        .per_broker()
        .says("Private key as PEM text."),
    Key::broker("ssl.keystore.location", Kind::String, None)
        .per_broker()
        .says("File with certificate and private key."),
    Key::broker("ssl.keystore.password", Kind::Password, None)
        .per_broker()
        .says("Password of that file."),
    Key::broker("ssl.keystore.type", Kind::String, Some("JKS"))
        .per_broker()
        .says("Format of that file: JKS, PKCS12 or PEM."),
    Key::broker("ssl.principal.mapping.rules", Kind::String, Some("DEFAULT"))
        .says("Rules that turn a certificate's name into a user name."),
    Key::broker("ssl.protocol", Kind::String, Some("TLSv1.3"))
        .per_broker()
        .says("TLS version to begin with."),
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
        .says("Trusted certificates as PEM text."),
    Key::broker("ssl.truststore.location", Kind::String, None)
        .per_broker()
        .says("File with trusted certificates."),
    Key::broker("ssl.truststore.password", Kind::Password, None)
        .per_broker()
        .says("Password of that file."),
    Key::broker("ssl.truststore.type", Kind::String, Some("JKS"))
        .per_broker()
        .says("Format of that file: JKS, PKCS12 or PEM."),
];
