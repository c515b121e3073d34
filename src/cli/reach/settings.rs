//! Client properties as words, from a file, the environment and flags. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

/// What a variable begins with: `OTTLA_CLIENT_SASL_PASSWORD` is `sasl.password`.
const VARIABLE: &str = "OTTLA_CLIENT_";

/// See the module. An empty value is one that was set to nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Flag before environment before file.
    ///
    /// # Errors
    /// What is wrong, for the user.
    pub fn read<'a>(
        file: Option<&[u8]>,
        environment: impl Iterator<Item = (&'a str, &'a str)>,
        flags: &[String],
    ) -> Result<Self, String> {
        let mut all = BTreeMap::new();
        if let Some(bytes) = file {
            let read = java_properties::PropertiesIter::new(bytes).read_into(|name, text| {
                all.insert(name, text);
            });
            read.map_err(|error| format!("the file is not a properties file: {error}"))?;
        }
        for (name, text) in environment {
            if let Some(key) = name.strip_prefix(VARIABLE) {
                all.insert(key.to_lowercase().replace('_', "."), text.to_owned());
            }
        }
        for flag in flags {
            match flag.split_once('=') {
                Some((name, text)) if !name.trim().is_empty() => {
                    all.insert(name.trim().to_owned(), text.to_owned());
                }
                _ => return Err(format!("--property {flag}: expected key=value")),
            }
        }
        Ok(Self(all))
    }

    /// Whether it was set, if only to nothing.
    pub fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// What the first of these names that is set to something says.
    pub fn text(&self, keys: &[&str]) -> Option<&str> {
        let mut texts = keys.iter().filter_map(|key| self.0.get(*key));
        texts.find_map(|text| Some(text.trim()).filter(|text| !text.is_empty()))
    }

    /// Entries between commas.
    pub fn list(&self, key: &str) -> Vec<String> {
        let text = self.text(&[key]).unwrap_or_default();
        let entries = text.split(',').map(str::trim);
        entries
            .filter(|entry| !entry.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Milliseconds, at least one.
    ///
    /// # Errors
    /// When it is no such number.
    pub fn milliseconds(&self, key: &str) -> Result<Option<Duration>, String> {
        let Some(text) = self.text(&[key]) else {
            return Ok(None);
        };
        match text.parse::<u32>() {
            Ok(number) if number > 0 => Ok(Some(Duration::from_millis(number.into()))),
            _ => Err(format!("{key}={text}: expected milliseconds")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_stand_before_the_environment_and_that_before_the_file() {
        let environment = [
            ("OTTLA_CLIENT_SASL_USERNAME", "of the environment"),
            ("OTTLA_CLIENT_SASL_PASSWORD", "of the environment"),
            ("OTTLA_LOG", "info"),
        ];
        let file = b"sasl.mechanism = PLAIN\nsasl.username=of the file\n# a comment\nssl.cipher.suites=a, b\n";
        let flags = ["sasl.password=of a flag".to_owned()];
        let settings = Settings::read(Some(file), environment.into_iter(), &flags).unwrap();
        assert_eq!(settings.text(&["sasl.mechanism"]), Some("PLAIN"));
        assert_eq!(
            settings.text(&["sasl.username"]),
            Some("of the environment")
        );
        assert_eq!(settings.text(&["sasl.password"]), Some("of a flag"));
        assert_eq!(settings.list("ssl.cipher.suites"), ["a", "b"]);
        assert!(!settings.has("log"));
    }

    #[test]
    fn what_is_no_property_is_refused() {
        let read = |flag: &str| Settings::read(None, [].into_iter(), &[flag.to_owned()]);
        assert!(read("sasl.mechanism").is_err());
        assert!(read("=PLAIN").is_err());
        let settings = read("request.timeout.ms=soon").unwrap();
        assert!(settings.milliseconds("request.timeout.ms").is_err());
    }
}
