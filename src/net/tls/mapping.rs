//! `ssl.principal.mapping.rules`: from a certificate's name to a user's (`SslPrincipalMapper`).
//!
//! `RULE:pattern/replacement/[LU]`, several separated by commas, the first that matches the whole name wins; DEFAULT is the name itself. Java's
//! expressions with look-around or back-references within a pattern are refused: the library has none.

use regex::{Captures, Regex};
use std::sync::LazyLock;

const RULE: &str = r"(DEFAULT)|RULE:((?:\\.|[^\\/])*)/((?:\\.|[^\\/])*)/([LU]?).*?|(.*?)";
static SPLITTER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"\s*({RULE})\s*(?:,\s*|$)")).expect("the expression is fixed")
});
static PARSER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!(r"^(?:{RULE})")).expect("the expression is fixed"));

/// The rules of a listener.
#[derive(Clone, Debug)]
pub struct Rules(Vec<Rule>);

#[derive(Clone, Debug)]
enum Rule {
    Default,
    Mapping(Mapping),
}

#[derive(Clone, Debug)]
struct Mapping {
    whole: Regex,
    pattern: Regex,
    replacement: String,
    case: Option<Case>,
}

#[derive(Clone, Copy, Debug)]
enum Case {
    Lower,
    Upper,
}

impl Rules {
    /// # Errors
    /// The rule that cannot be read, and why.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rules = Vec::new();
        let mut at = 0;
        let text = text.trim();
        while let Some(found) = SPLITTER.captures_at(text, at) {
            let rule = found.get(1).map_or("", |rule| rule.as_str());
            rules.extend(parse_one(rule)?);
            let end = found.get(0).map_or(text.len(), |all| all.end());
            if end <= at && end >= text.len() || found.get(0).is_some_and(|all| all.is_empty()) {
                break;
            }
            at = end;
        }
        Ok(Self(rules))
    }

    /// The user's name; `None` where no rule applies, and nobody may enter.
    pub fn apply(&self, name: &str) -> Option<String> {
        self.0.iter().find_map(|rule| match rule {
            Rule::Default => Some(name.to_owned()),
            Rule::Mapping(mapping) => mapping.apply(name),
        })
    }
}

/// Empty rules are passed over.
fn parse_one(rule: &str) -> Result<Option<Rule>, String> {
    let invalid = |why: &str| format!("Invalid rule: `{rule}`, {why}");
    let found = PARSER
        .captures(rule)
        .ok_or_else(|| invalid("it is no rule"))?;
    let end = found.get(0).map_or(0, |all| all.end());
    if end != rule.len() {
        return Err(invalid(&format!("unmatched substring: `{}`", &rule[end..])));
    }
    if found.get(1).is_some() {
        return Ok(Some(Rule::Default));
    }
    let (Some(pattern), Some(replacement)) = (found.get(2), found.get(3)) else {
        return Ok(None);
    };
    let compile = |text: String| {
        Regex::new(&text).map_err(|_| {
            invalid(
                "its expression cannot be read; look-around and back-references are not supported",
            )
        })
    };
    Ok(Some(Rule::Mapping(Mapping {
        whole: compile(format!(r"\A(?:{})\z", pattern.as_str()))?,
        pattern: compile(pattern.as_str().to_owned())?,
        replacement: replacement.as_str().to_owned(),
        case: match found.get(4).map(|case| case.as_str()) {
            Some("L") => Some(Case::Lower),
            Some("U") => Some(Case::Upper),
            _ => None,
        },
    })))
}

impl Mapping {
    fn apply(&self, name: &str) -> Option<String> {
        if !self.whole.is_match(name) {
            return None;
        }
        let mapped = self.replace_all(name);
        Some(match self.case {
            Some(Case::Lower) => mapped.to_lowercase(),
            Some(Case::Upper) => mapped.to_uppercase(),
            None => mapped,
        })
    }

    /// As Java's `replaceAll`, which also replaces an empty match that follows another.
    fn replace_all(&self, name: &str) -> String {
        let (mut result, mut copied, mut from) = (String::new(), 0, 0);
        while let Some(found) = self.pattern.captures_at(name, from) {
            let all = found.get(0).expect("group 0 is the match");
            result.push_str(&name[copied..all.start()]);
            self.expand(&found, &mut result);
            copied = all.end();
            from = match all.is_empty() {
                false => all.end(),
                true => match name[all.end()..].chars().next() {
                    Some(letter) => all.end() + letter.len_utf8(),
                    None => break,
                },
            };
        }
        result.push_str(&name[copied..]);
        result
    }

    /// `$n` is a group, with as many digits as name one; `\x` is x. What names no group stands for itself.
    fn expand(&self, found: &Captures<'_>, to: &mut String) {
        let mut rest = self.replacement.chars().peekable();
        while let Some(letter) = rest.next() {
            match letter {
                '\\' => to.extend(rest.next()),
                '$' => {
                    let mut group = None;
                    while let Some(digit) = rest.peek().and_then(|letter| letter.to_digit(10)) {
                        let next = group.unwrap_or(0) * 10 + digit as usize;
                        if next >= found.len() {
                            break;
                        }
                        group = Some(next);
                        rest.next();
                    }
                    match group {
                        Some(group) => {
                            to.push_str(found.get(group).map_or("", |text| text.as_str()))
                        }
                        None => to.push('$'),
                    }
                }
                letter => to.push(letter),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of `SslPrincipalMapperTest`, and what Java's own replacement does.
    #[test]
    fn rules_map_names_as_kafkas_do() {
        let documented = "RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/L, RULE:^CN=(.*?),OU=(.*?),O=(.*?),L=(.*?),ST=(.*?),C=(.*?)$/$1@$2/L, RULE:^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$/$1/U, DEFAULT";
        for (rules, name, expected) in [
            ("DEFAULT", "CN=a,O=b", Some("CN=a,O=b")),
            ("", "CN=a", None),
            (
                documented,
                "CN=Duke,OU=ServiceUsers,O=Org,C=US",
                Some("duke"),
            ),
            (
                documented,
                "CN=Duke,OU=SME,O=mycp,L=Fulton,ST=MD,C=US",
                Some("duke@sme"),
            ),
            (documented, "cn=duke.x,OU=SME", Some("DUKE.X")),
            (
                documented,
                "OU=JavaSoft,O=Sun Microsystems",
                Some("OU=JavaSoft,O=Sun Microsystems"),
            ),
            ("RULE:^CN=(.*?),.*$/$1/", "O=x", None),
            ("RULE:^CN=(\\w+),O=a\\/b$/$1/", "CN=x,O=a\\/b", None),
            ("RULE:CN=(.*)/u-$1-$2-\\$1/", "CN=x", Some("u-x-$2-$1")),
            ("RULE:CN=(.*)/$12/", "CN=x", Some("x2")),
            ("RULE:.*/x/", "CN=abc", Some("xx")),
            ("RULE:CN=(.*)/$1/,RULE:O=(.*)/$1/U", "O=ö", Some("Ö")),
        ] {
            let mapped = Rules::parse(rules).unwrap().apply(name);
            assert_eq!(mapped.as_deref(), expected, "{rules} of {name}");
        }
    }

    #[test]
    fn rules_that_cannot_be_read_are_named() {
        for (rules, part) in [
            ("RULE:^CN=(.*?)/$1/X", "unmatched substring"),
            ("DEFAULTS", "unmatched substring"),
            ("nothing", "unmatched substring"),
            ("RULE:(/x/", "cannot be read"),
        ] {
            let error = Rules::parse(rules).unwrap_err();
            assert!(error.contains(part), "{rules}: {error}");
        }
    }
}
