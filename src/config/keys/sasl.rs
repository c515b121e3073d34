//! SASL and OAuth (`SaslConfigs`, `BrokerSecurityConfigs`).

use super::key::{Check, Key, Kind, Origin};

/// The keys of this subject.
pub const KEYS: &[Key] = &[
    Key::broker("connections.max.reauth.ms", Kind::Long, Some("0"))
        .effective("a_session_ends_unless_it_is_authenticated_again_as_the_same_user")
        .says("How long an authenticated session may last before the client must authenticate again; 0 is no bound."),
    Key::broker("sasl.client.callback.handler.class", Kind::Class, None)
        .says("Java class that answers for the client side of SASL."),
    Key::broker("sasl.enabled.mechanisms", Kind::List, Some("GSSAPI"))
        .per_broker()
        .effective("a_mechanism_that_is_not_enabled_is_answered_with_those_that_are")
        .says("SASL mechanisms that clients may use."),
    Key::broker("sasl.jaas.config", Kind::Password, None)
        .per_broker()
        .effective("a_listeners_own_mechanisms_and_users_are_nearer_than_those_for_all")
        .says("Login of a listener and mechanism, in JAAS form."),
    Key::broker("sasl.kerberos.kinit.cmd", Kind::String, Some("/usr/bin/kinit"))
        .per_broker()
        .says("Path of kinit."),
    Key::broker("sasl.kerberos.min.time.before.relogin", Kind::Long, Some("60000"))
        .per_broker()
        .says("Shortest time between two Kerberos logins."),
    Key::broker("sasl.kerberos.principal.to.local.rules", Kind::List, Some("DEFAULT"))
        .per_broker()
        .says("Rules that turn a Kerberos principal into a user name."),
    Key::broker("sasl.kerberos.service.name", Kind::String, None)
        .per_broker()
        .says("Kerberos service name of the brokers."),
    Key::broker("sasl.kerberos.ticket.renew.jitter", Kind::Double, Some("0.05"))
        .per_broker()
        .says("Random share added to the time of a ticket's renewal."),
    Key::broker("sasl.kerberos.ticket.renew.window.factor", Kind::Double, Some("0.8"))
        .per_broker()
        .says("Share of a ticket's life after which it is renewed."),
    Key::broker("sasl.login.callback.handler.class", Kind::Class, None)
        .says("Java class that answers for a login."),
    Key::broker("sasl.login.class", Kind::Class, None)
        .says("Java class that logs in."),
    Key::broker("sasl.login.connect.timeout.ms", Kind::Int, None)
        .says("How long connecting to an identity provider may take."),
    Key::broker("sasl.login.read.timeout.ms", Kind::Int, None)
        .says("How long reading from an identity provider may take."),
    Key::broker("sasl.login.refresh.buffer.seconds", Kind::Short, Some("300"))
        .per_broker()
        .says("Time kept between a token's renewal and its end."),
    Key::broker("sasl.login.refresh.min.period.seconds", Kind::Short, Some("60"))
        .per_broker()
        .says("Shortest time between two renewals of a token."),
    Key::broker("sasl.login.refresh.window.factor", Kind::Double, Some("0.8"))
        .per_broker()
        .says("Share of a token's life after which it is renewed."),
    Key::broker("sasl.login.refresh.window.jitter", Kind::Double, Some("0.05"))
        .per_broker()
        .says("Random share added to the time of a token's renewal."),
    Key::broker("sasl.login.retry.backoff.max.ms", Kind::Long, Some("10000"))
        .says("Longest pause between attempts to log in at an identity provider."),
    Key::broker("sasl.login.retry.backoff.ms", Kind::Long, Some("100"))
        .says("First pause between attempts to log in at an identity provider."),
    Key::broker("sasl.mechanism.inter.broker.protocol", Kind::String, Some("GSSAPI"))
        .per_broker()
        .effective("everybody_logs_in_and_a_user_made_anywhere_is_known_everywhere_at_once")
        .says("SASL mechanism between brokers."),
    Key::broker("sasl.server.callback.handler.class", Kind::Class, None)
        .says("Java class that answers for the server side of SASL."),
    Key::broker("sasl.server.max.receive.size", Kind::Int, Some("524288"))
        .effective("a_frame_before_the_login_is_no_longer_than_a_token_may_be")
        .says("Largest message that a client may send before it is authenticated."),
    Key::broker("sasl.oauthbearer.allow.unverified.audience", Kind::Boolean, Some("false"))
        .origin(Origin::Upcoming)
        .says("Whether tokens pass without an expected audience (Kafka 4.4)."),
    Key::broker("sasl.oauthbearer.allow.unverified.issuer", Kind::Boolean, Some("false"))
        .origin(Origin::Upcoming)
        .says("Whether tokens pass without an expected issuer (Kafka 4.4)."),
    Key::broker("sasl.oauthbearer.assertion.algorithm", Kind::String, Some("RS256"))
        .check(Check::OneOfIgnoringCase(&["ES256", "RS256"]))
        .says("Algorithm that signs the client's assertion."),
    Key::broker("sasl.oauthbearer.assertion.claim.aud", Kind::String, None)
        .says("Audience claim of the client's assertion."),
    Key::broker("sasl.oauthbearer.assertion.claim.exp.seconds", Kind::Int, Some("300"))
        .check(Check::Between(0, 86_400))
        .says("Life of the client's assertion."),
    Key::broker("sasl.oauthbearer.assertion.claim.iss", Kind::String, None)
        .says("Issuer claim of the client's assertion."),
    Key::broker("sasl.oauthbearer.assertion.claim.jti.include", Kind::Boolean, Some("false"))
        .says("Whether the client's assertion carries an id of its own."),
    Key::broker("sasl.oauthbearer.assertion.claim.nbf.seconds", Kind::Int, Some("60"))
        .check(Check::Between(0, 3600))
        .says("How far back the client's assertion is valid."),
    Key::broker("sasl.oauthbearer.assertion.claim.sub", Kind::String, None)
        .says("Subject claim of the client's assertion."),
    Key::broker("sasl.oauthbearer.assertion.file", Kind::String, None)
        .says("File with a ready client assertion."),
    Key::broker("sasl.oauthbearer.assertion.private.key.file", Kind::String, None)
        .says("File with the key that signs the client's assertion."),
    Key::broker("sasl.oauthbearer.assertion.private.key.passphrase", Kind::Password, None)
        .says("Password of that key."),
    Key::broker("sasl.oauthbearer.assertion.template.file", Kind::String, None)
        .says("File with further claims of the client's assertion."),
    Key::broker("sasl.oauthbearer.client.credentials.client.id", Kind::String, None)
        .says("Client id for the client credentials grant."),
    Key::broker("sasl.oauthbearer.client.credentials.client.secret", Kind::Password, None)
        .says("Client secret for the client credentials grant."),
    Key::broker("sasl.oauthbearer.clock.skew.seconds", Kind::Int, Some("30"))
        .effective("a_token_is_good_from_its_beginning_to_its_end_and_the_skew_around_them")
        .says("Difference of clocks that is forgiven when a token is checked."),
    Key::broker("sasl.oauthbearer.expected.audience", Kind::List, Some(""))
        .effective("issuer_and_audience_are_those_expected")
        .says("Audiences of which a token must name one."),
    Key::broker("sasl.oauthbearer.expected.issuer", Kind::String, None)
        .effective("issuer_and_audience_are_those_expected")
        .says("Issuer that a token must name."),
    Key::broker("sasl.oauthbearer.jwks.endpoint.refresh.ms", Kind::Long, Some("3600000"))
        .says("Time between two fetches of the identity provider's keys."),
    Key::broker("sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", Kind::Long, Some("10000"))
        .says("Longest pause between attempts to fetch the identity provider's keys."),
    Key::broker("sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", Kind::Long, Some("100"))
        .says("First pause between attempts to fetch the identity provider's keys."),
    Key::broker("sasl.oauthbearer.jwks.endpoint.url", Kind::String, None)
        .effective("a_signed_bearer_token_logs_its_subject_in_and_bounds_the_session")
        .says("Where the identity provider publishes its keys."),
    Key::broker("sasl.oauthbearer.jwt.retriever.class", Kind::Class, Some("org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever"))
        .says("Java class that gets tokens."),
    Key::broker("sasl.oauthbearer.jwt.validator.class", Kind::Class, Some("org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator"))
        .says("Java class that checks tokens."),
    Key::broker("sasl.oauthbearer.scope", Kind::String, None)
        .says("Scope asked for with a token."),
    Key::broker("sasl.oauthbearer.scope.claim.name", Kind::String, Some("scope"))
        .effective("a_scope_is_text_or_distinct_texts")
        .says("Name of the claim that carries the scope."),
    Key::broker("sasl.oauthbearer.sub.claim.name", Kind::String, Some("sub"))
        .effective("the_user_is_the_claim_that_is_asked_for")
        .says("Name of the claim that carries the user."),
    Key::broker("sasl.oauthbearer.token.endpoint.url", Kind::String, None)
        .says("Where tokens are asked for."),
];
