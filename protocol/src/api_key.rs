//! [`ApiKey`]: the number that names a kind of request.

use std::fmt;

use crate::message::Message;
use crate::{every_api, messages};

/// The kind of a request. An open set: keys 4 to 7 are gone since Kafka 4.0, those above the last one may come.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiKey(pub i16);

macro_rules! define {
    ($($constant:ident = $key:literal, $module:ident, $request:ident, $response:ident, $name:literal;)*) => {
        impl ApiKey {
            $(
                #[doc = concat!($name, ": see [`messages::", stringify!($module), "`].")]
                pub const $constant: ApiKey = ApiKey($key);
            )*

            /// Every kind with a message, ascending.
            pub const ALL: &[ApiKey] = &[$(ApiKey($key)),*];

            /// Kafka's name, as in `Produce`.
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($key => Some($name),)*
                    _ => None,
                }
            }

            /// The first version with compact lengths and tagged fields; `None` when there is none or the kind is not known.
            pub fn flexible_from(self) -> Option<i16> {
                match self.0 {
                    $($key => messages::$module::$request::FLEXIBLE_FROM,)*
                    _ => None,
                }
            }
        }
    };
}

every_api!(define);

impl ApiKey {
    /// Whether requests of this kind have a message here.
    pub fn is_known(self) -> bool {
        self.name().is_some()
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "key {}", self.0),
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_91_kinds_and_the_removed_ones_are_unknown() {
        assert_eq!(ApiKey::ALL.len(), 91);
        assert!((4..8).all(|key| !ApiKey(key).is_known()));
        assert_eq!(ApiKey::PRODUCE.name(), Some("Produce"));
    }
}
