//! One login entry in the form of JAAS, as `sasl.jaas.config` holds it.
//!
//! ```text
//!   org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="x" user_alice="y";
//! ```
//! Pure. Class names are only names here. Source: `JaasConfig`, and Java's `StreamTokenizer` as far as it matters to that.

use std::collections::BTreeMap;
use std::fmt;

/// A login module and its options.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    pub module: Module,
    pub options: BTreeMap<String, String>,
}

/// The login modules that stand for something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Module {
    Plain,
    Scram,
    OauthBearer,
}

impl Module {
    fn of_class(class: &str) -> Option<Self> {
        match class.rsplit('.').next()? {
            "PlainLoginModule" => Some(Self::Plain),
            "ScramLoginModule" => Some(Self::Scram),
            "OAuthBearerLoginModule" => Some(Self::OauthBearer),
            _ => None,
        }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.options.keys().collect();
        write!(to, "Entry({:?}, {names:?})", self.module)
    }
}

/// Reads the one entry that a value may hold.
///
/// # Errors
/// What is wrong with it; never with what may be a secret.
pub fn parse(text: &str) -> Result<Entry, String> {
    let mut tokens = tokens(text)?.into_iter();
    let Some(Token::Word(class)) = tokens.next() else {
        return Err("Login module not specified in JAAS config".to_owned());
    };
    let module = Module::of_class(&class).ok_or_else(|| {
        format!("login module {class} is not known; there are PlainLoginModule, ScramLoginModule and OAuthBearerLoginModule")
    })?;
    let is_flag = |flag: &str| {
        let flags = ["required", "requisite", "sufficient", "optional"];
        flags.iter().any(|known| known.eq_ignore_ascii_case(flag))
    };
    if !matches!(tokens.next(), Some(Token::Word(flag)) if is_flag(&flag)) {
        return Err("Login module control flag not specified in JAAS config".to_owned());
    }
    let mut options = BTreeMap::new();
    loop {
        match tokens.next() {
            Some(Token::End) => break,
            Some(Token::Word(name)) => match (tokens.next(), tokens.next()) {
                (Some(Token::Equals), Some(Token::Word(value))) => options.insert(name, value),
                _ => {
                    return Err(format!(
                        "Value not specified for key '{name}' in JAAS config"
                    ));
                }
            },
            Some(Token::Equals) => return Err("Key not specified in JAAS config".to_owned()),
            None => return Err("JAAS config entry not terminated by semi-colon".to_owned()),
        };
    }
    match tokens.next() {
        None => Ok(Entry { module, options }),
        Some(_) => Err("JAAS config holds more than one login module".to_owned()),
    }
}

enum Token {
    Word(String),
    Equals,
    End,
}

/// Words, quoted texts, `=` and `;`. Java's comments and octal escapes are not known.
fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            space if space.is_whitespace() => {}
            '=' => found.push(Token::Equals),
            ';' => found.push(Token::End),
            quote @ ('"' | '\'') => {
                let mut value = String::new();
                loop {
                    match rest.next() {
                        None => return Err("a quote in the JAAS config is not closed".to_owned()),
                        Some(end) if end == quote => break,
                        Some('\\') => value.extend(rest.next().map(unescaped)),
                        Some(other) => value.push(other),
                    }
                }
                found.push(Token::Word(value));
            }
            first => {
                let mut word = first.to_string();
                let is_end = |next: &char| next.is_whitespace() || "=;\"'".contains(*next);
                while let Some(next) = rest.next_if(|next| !is_end(next)) {
                    word.push(next);
                }
                found.push(Token::Word(word));
            }
        }
    }
    Ok(found)
}

fn unescaped(escaped: char) -> char {
    match escaped {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_with_quotes_and_without() {
        let entry = parse(
            "org.apache.kafka.common.security.plain.PlainLoginModule required\n username=\"admin\" password='a b;\"=' user_alice=\"p\\\"w\\\\\" refresh=true;",
        )
        .unwrap();
        assert_eq!(entry.module, Module::Plain);
        let option = |name: &str| entry.options.get(name).map(String::as_str);
        assert_eq!(option("username"), Some("admin"));
        assert_eq!(option("password"), Some("a b;\"="));
        assert_eq!(option("user_alice"), Some("p\"w\\"));
        assert_eq!(option("refresh"), Some("true"));
    }

    #[test]
    fn what_is_no_entry_is_refused_and_no_secret_is_told() {
        for (text, reason) in [
            ("", "Login module not specified"),
            (";", "Login module not specified"),
            ("a.KeytabLoginModule required;", "is not known"),
            ("a.PlainLoginModule", "control flag"),
            ("a.PlainLoginModule username=\"a\";", "control flag"),
            ("a.PlainLoginModule required", "semi-colon"),
            ("a.PlainLoginModule required a=\"secret\"", "semi-colon"),
            (
                "a.PlainLoginModule required a=;",
                "Value not specified for key 'a'",
            ),
            ("a.PlainLoginModule required a;", "Value not specified"),
            ("a.PlainLoginModule required a=\"secret;", "not closed"),
            (
                "a.PlainLoginModule required; b.PlainLoginModule required;",
                "more than one",
            ),
        ] {
            let refused = parse(text).unwrap_err();
            assert!(refused.contains(reason), "{text}: {refused}");
            assert!(!refused.contains("secret"), "{refused}");
        }
        let entry = parse("a.PlainLoginModule required password=\"secret\";").unwrap();
        assert!(!format!("{entry:?}").contains("secret"));
    }
}
