//! Rules that a build for the checker's own tests breaks on purpose (feature `broken`), one at a time, as its environment says.
//!
//! The history checker of `compat-tests/chaos` must catch each of them. Without the feature [`is_broken`] is `false` for the compiler,
//! and nothing of this is in the program.

/// A rule that can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// acks=all is answered when the records are in the log of every replica in sync. Broken: in the leader's.
    AnswerAfterReplication,
    /// A follower whose history parts from its leader's goes back to where they parted. Broken: it fetches on from where it is.
    Truncation,
    /// A follower knows the producers of what it wrote. Broken: it forgets them, and knows nobody when it leads.
    ProducerState,
}

#[cfg(feature = "broken")]
impl Rule {
    /// As [`VARIABLE`] says it.
    fn name(self) -> &'static str {
        match self {
            Self::AnswerAfterReplication => "answer-before-replication",
            Self::Truncation => "skip-truncation",
            Self::ProducerState => "forget-producer-state",
        }
    }
}

/// The variable that names the rule.
#[cfg(feature = "broken")]
const VARIABLE: &str = "OTTLA_BROKEN_RULE";

/// What the environment says is to be broken.
#[cfg(feature = "broken")]
pub fn named() -> Option<&'static str> {
    static NAMED: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    NAMED
        .get_or_init(|| std::env::var(VARIABLE).ok())
        .as_deref()
}

/// What the environment says is to be broken: it is not asked.
#[cfg(not(feature = "broken"))]
pub const fn named() -> Option<&'static str> {
    None
}

/// Whether this rule is broken on purpose.
#[cfg(feature = "broken")]
pub fn is_broken(rule: Rule) -> bool {
    named() == Some(rule.name())
}

/// Whether this rule is broken on purpose: never.
#[cfg(not(feature = "broken"))]
pub const fn is_broken(_: Rule) -> bool {
    false
}
