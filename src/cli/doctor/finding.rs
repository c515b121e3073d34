//! What was found: one sentence, and what to do about it.

use crate::cli::json::Json;
use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Something does not work, or is about to be lost.
    Problem,
    /// It works, and will not for long, or not under the next failure.
    Warning,
    /// Worth knowing.
    Note,
}

impl fmt::Display for Weight {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.pad(match self {
            Self::Problem => "PROBLEM",
            Self::Warning => "WARNING",
            Self::Note => "NOTE",
        })
    }
}

/// What was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    Listeners,
    Certificates,
    Clock,
    Quorum,
    Brokers,
    Partitions,
    Disks,
    Files,
    Groups,
    Clients,
}

impl Check {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listeners => "listeners",
            Self::Certificates => "certificates",
            Self::Clock => "clock",
            Self::Quorum => "quorum",
            Self::Brokers => "brokers",
            Self::Partitions => "partitions",
            Self::Disks => "disks",
            Self::Files => "files",
            Self::Groups => "groups",
            Self::Clients => "clients",
        }
    }
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub weight: Weight,
    pub check: Check,
    /// One sentence, without its full stop.
    pub says: String,
    /// What to do; empty where there is nothing.
    pub remedy: String,
}

impl Finding {
    pub fn problem(check: Check, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::of(Weight::Problem, check, says, remedy)
    }

    pub fn warning(check: Check, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::of(Weight::Warning, check, says, remedy)
    }

    pub fn note(check: Check, says: impl Into<String>) -> Self {
        Self::of(Weight::Note, check, says, "")
    }

    fn of(
        weight: Weight,
        check: Check,
        says: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            weight,
            check,
            says: says.into(),
            remedy: remedy.into(),
        }
    }

    pub fn json(&self) -> Json {
        Json::Object(vec![
            ("weight", self.weight.to_string().to_lowercase().into()),
            ("check", self.check.name().into()),
            ("finding", self.says.as_str().into()),
            ("remedy", self.remedy.as_str().into()),
        ])
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            to,
            "{:7}  {}: {}",
            self.weight,
            self.check.name(),
            self.says
        )?;
        match self.remedy.is_empty() {
            true => to.write_str("."),
            false => write!(to, "; {}.", self.remedy),
        }
    }
}

/// `a, b, c and 4 more`.
pub fn named<T: fmt::Display>(all: &[T]) -> String {
    const NAMED_MAX: usize = 5;
    let first: Vec<String> = all.iter().take(NAMED_MAX).map(T::to_string).collect();
    match all.len().checked_sub(NAMED_MAX) {
        Some(more @ 1..) => format!("{} and {more} more", first.join(", ")),
        _ => first.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_sentence_with_its_remedy() {
        let finding = Finding::problem(Check::Disks, "it is full", "make room");
        assert_eq!(
            finding.to_string(),
            "PROBLEM  disks: it is full; make room."
        );
        let note = Finding::note(Check::Clients, "there are none");
        assert_eq!(note.to_string(), "NOTE     clients: there are none.");
        assert!(finding < note, "the worst comes first");
    }

    #[test]
    fn a_long_list_ends_with_how_many_there_are_more() {
        assert_eq!(named(&[1, 2]), "1, 2");
        assert_eq!(named(&[1, 2, 3, 4, 5]), "1, 2, 3, 4, 5");
        assert_eq!(named(&[1, 2, 3, 4, 5, 6, 7]), "1, 2, 3, 4, 5 and 2 more");
    }
}
