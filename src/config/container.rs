//! The start path of the `apache/kafka` image (`ottla serve --container`): what its scripts make of the environment, and what holds in a
//! container where nobody says otherwise (`docker/resources/common-scripts/configure`, `KafkaDockerWrapper`). Pure.

use std::collections::BTreeMap;

/// The file that the image takes its configuration from, if it is there; the environment wins over it.
pub const MOUNTED_FILE: &str = "/mnt/shared/config/server.properties";
/// Where the image looks for keystores and for files with their passwords.
const SECRETS: &str = "/etc/kafka/secrets";
/// Variables that name a file there, and those that they stand for.
const LOCATIONS: &[(&str, &str)] = &[
    ("KAFKA_SSL_KEYSTORE_FILENAME", "KAFKA_SSL_KEYSTORE_LOCATION"),
    (
        "KAFKA_SSL_TRUSTSTORE_FILENAME",
        "KAFKA_SSL_TRUSTSTORE_LOCATION",
    ),
];
/// Variables that name a file with a password there, and those that they stand for.
const PASSWORDS: &[(&str, &str)] = &[
    ("KAFKA_SSL_KEY_CREDENTIALS", "KAFKA_SSL_KEY_PASSWORD"),
    (
        "KAFKA_SSL_KEYSTORE_CREDENTIALS",
        "KAFKA_SSL_KEYSTORE_PASSWORD",
    ),
    (
        "KAFKA_SSL_TRUSTSTORE_CREDENTIALS",
        "KAFKA_SSL_TRUSTSTORE_PASSWORD",
    ),
];

/// The environment with the image's own variables for TLS replaced by those of keys. `read` reads a file with a password.
///
/// # Errors
/// What `read` says.
pub fn environment(
    mut environment: BTreeMap<String, String>,
    read: impl Fn(&str) -> Result<String, String>,
) -> Result<BTreeMap<String, String>, String> {
    for (variable, stands_for) in LOCATIONS {
        if let Some(name) = environment.remove(*variable) {
            environment.insert((*stands_for).to_owned(), format!("{SECRETS}/{name}"));
        }
    }
    for (variable, stands_for) in PASSWORDS {
        if let Some(name) = environment.remove(*variable) {
            let password = read(&format!("{SECRETS}/{name}"))?;
            // As a shell's `$(cat …)` has it.
            let password = password.trim_end_matches('\n').to_owned();
            environment.insert((*stands_for).to_owned(), password);
        }
    }
    Ok(environment)
}

/// What holds in a container where it is not set: data in the image's volume, health and metrics for whoever asks, and the listener of the
/// image's own file where no listener is named.
pub fn defaults(is_set: impl Fn(&str) -> bool) -> Vec<(&'static str, &'static str)> {
    let mut defaults = Vec::new();
    if !is_set("log.dirs") && !is_set("log.dir") {
        defaults.push(("log.dirs", "/var/lib/kafka/data"));
    }
    if !is_set("admin.listeners") {
        defaults.push(("admin.listeners", "http://:9644"));
    }
    if !is_set("listeners") && !is_set("advertised.listeners") {
        defaults.push(("listeners", "PLAINTEXT://:9092"));
        defaults.push(("advertised.listeners", "PLAINTEXT://localhost:9092"));
    }
    defaults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_images_variables_for_tls_name_files_in_its_folder() {
        let given = [
            ("KAFKA_SSL_KEYSTORE_FILENAME", "k.p12"),
            ("KAFKA_SSL_KEY_CREDENTIALS", "creds"),
            ("KAFKA_NODE_ID", "3"),
        ];
        let given: BTreeMap<String, String> = given
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let read = |path: &str| Ok(format!("secret of {path}\n"));
        let found = environment(given.clone(), read).unwrap();
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("KAFKA_NODE_ID", "3"),
                ("KAFKA_SSL_KEYSTORE_LOCATION", "/etc/kafka/secrets/k.p12"),
                (
                    "KAFKA_SSL_KEY_PASSWORD",
                    "secret of /etc/kafka/secrets/creds"
                ),
            ]
        );
        let refused = environment(given, |path| Err(format!("no {path}")));
        assert_eq!(refused, Err("no /etc/kafka/secrets/creds".to_owned()));
    }

    #[test]
    fn a_listener_is_given_only_where_none_is_named() {
        let named = |keys: &[&str]| {
            let found = defaults(|key| keys.contains(&key));
            found.into_iter().map(|(key, _)| key).collect::<Vec<_>>()
        };
        assert_eq!(
            named(&[]),
            [
                "log.dirs",
                "admin.listeners",
                "listeners",
                "advertised.listeners"
            ]
        );
        assert_eq!(named(&["log.dir", "listeners", "admin.listeners"]), [""; 0]);
        assert_eq!(
            named(&["advertised.listeners"]),
            ["log.dirs", "admin.listeners"]
        );
    }
}
