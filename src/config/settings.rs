//! Settings as text, by name: the common face of a file's contents and of what the metadata holds for a resource.

use std::collections::BTreeMap;

/// What was set somewhere, by name. Looking up must be cheap; listing need not be.
pub trait Settings {
    /// The text set for a name, if any.
    fn setting(&self, name: &str) -> Option<&str>;

    /// Every name that is set, sorted.
    fn names(&self) -> Vec<&str>;
}

impl Settings for BTreeMap<String, String> {
    fn setting(&self, name: &str) -> Option<&str> {
        self.get(name).map(String::as_str)
    }

    fn names(&self) -> Vec<&str> {
        self.keys().map(String::as_str).collect()
    }
}

/// Nothing set at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unset;

impl Settings for Unset {
    fn setting(&self, _name: &str) -> Option<&str> {
        None
    }

    fn names(&self) -> Vec<&str> {
        Vec::new()
    }
}
