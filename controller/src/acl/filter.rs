//! Which entries a request means (`AclBindingFilter`): each part may be left open.
//!
//! Pure. A filter that says MATCH finds every entry that could concern a name: the literal one, the wildcard, its prefixes (KIP-290).

use super::{ANY_NAME, Acl, Operation, PatternType, Permission, ResourceType};

/// What filters say for "any" in every enum.
const ANY: i8 = 1;
/// `PatternType.MATCH`.
const MATCH: i8 = 2;

/// How a filter means its resource name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternFilter {
    Any,
    Match,
    Only(PatternType),
}

/// See the module. `None` leaves a part open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AclFilter<'a> {
    pub resource_type: Option<ResourceType>,
    pub resource_name: Option<&'a str>,
    pub pattern: PatternFilter,
    pub principal: Option<&'a str>,
    pub host: Option<&'a str>,
    pub operation: Option<Operation>,
    pub permission: Option<Permission>,
}

impl<'a> AclFilter<'a> {
    /// The filter that leaves everything open.
    pub const OPEN: Self = Self {
        resource_type: None,
        resource_name: None,
        pattern: PatternFilter::Any,
        principal: None,
        host: None,
        operation: None,
        permission: None,
    };

    /// From the numbers and texts of a request: resource type, pattern type, operation and permission, then resource name, principal, host.
    /// `None` if one of the numbers is unknown.
    pub fn from_wire(numbers: [i8; 4], texts: [Option<&'a str>; 3]) -> Option<Self> {
        let [resource_type, pattern, operation, permission] = numbers;
        let [resource_name, principal, host] = texts;
        Some(Self {
            resource_type: open_or(resource_type, ResourceType::from_wire)?,
            resource_name,
            pattern: match pattern {
                ANY => PatternFilter::Any,
                MATCH => PatternFilter::Match,
                number => PatternFilter::Only(PatternType::from_wire(number)?),
            },
            principal,
            host,
            operation: open_or(operation, Operation::from_wire)?,
            permission: open_or(permission, Permission::from_wire)?,
        })
    }

    /// Whether it means this entry.
    pub fn matches(&self, acl: &Acl) -> bool {
        fn fits<T: PartialEq>(asked: Option<T>, own: T) -> bool {
            asked.is_none_or(|asked| asked == own)
        }
        fits(self.resource_type, acl.resource_type)
            && self.matches_name(acl)
            && fits(self.principal, &*acl.principal)
            && fits(self.host, &*acl.host)
            && fits(self.operation, acl.operation)
            && fits(self.permission, acl.permission)
    }

    fn matches_name(&self, acl: &Acl) -> bool {
        let own = &*acl.resource_name;
        let (pattern, name) = (self.pattern, self.resource_name);
        let is_type = match pattern {
            PatternFilter::Only(only) => only == acl.pattern_type,
            PatternFilter::Any | PatternFilter::Match => true,
        };
        let is_name = name.is_none_or(|name| match (pattern, acl.pattern_type) {
            (PatternFilter::Match, PatternType::Literal) => name == own || own == ANY_NAME,
            (PatternFilter::Match, PatternType::Prefixed) => name.starts_with(own),
            (PatternFilter::Any | PatternFilter::Only(_), _) => name == own,
        });
        is_type && is_name
    }
}

fn open_or<T>(number: i8, read: impl Fn(i8) -> Option<T>) -> Option<Option<T>> {
    match number {
        ANY => Some(None),
        number => read(number).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acl(pattern_type: PatternType, name: &str) -> Acl {
        Acl {
            principal: "User:a".into(),
            resource_type: ResourceType::Topic,
            pattern_type,
            resource_name: name.into(),
            host: "*".into(),
            operation: Operation::Read,
            permission: Permission::Allow,
        }
    }

    /// The table of `ResourcePatternFilterTest`, in our words.
    #[test]
    fn a_pattern_filter_means_what_kafkas_means() {
        use PatternFilter::{Any, Match, Only};
        use PatternType::{Literal, Prefixed};
        for (pattern, name, own_type, own, expected) in [
            (Any, None, Literal, "x", true),
            (Any, None, Prefixed, "x", true),
            (Any, Some("x"), Literal, "x", true),
            (Any, Some("x"), Literal, "*", false),
            (Any, Some("xy"), Prefixed, "x", false),
            (Only(Literal), None, Literal, "x", true),
            (Only(Literal), None, Prefixed, "x", false),
            (Only(Literal), Some("x"), Literal, "*", false),
            (Only(Literal), Some("*"), Literal, "*", true),
            (Only(Prefixed), Some("x"), Prefixed, "x", true),
            (Only(Prefixed), Some("xy"), Prefixed, "x", false),
            (Match, Some("x"), Literal, "x", true),
            (Match, Some("x"), Literal, "*", true),
            (Match, Some("xy"), Prefixed, "x", true),
            (Match, Some("x"), Prefixed, "xy", false),
            (Match, Some("*"), Literal, "x", false),
            (Match, None, Prefixed, "x", true),
        ] {
            let filter = AclFilter {
                pattern,
                resource_name: name,
                ..AclFilter::OPEN
            };
            let acl = acl(own_type, own);
            assert_eq!(filter.matches(&acl), expected, "{filter:?} {acl}");
        }
    }

    #[test]
    fn every_part_of_a_filter_must_fit() {
        let acl = acl(PatternType::Literal, "x");
        let parts = [
            AclFilter {
                resource_type: Some(ResourceType::Group),
                ..AclFilter::OPEN
            },
            AclFilter {
                principal: Some("User:b"),
                ..AclFilter::OPEN
            },
            AclFilter {
                host: Some("::1"),
                ..AclFilter::OPEN
            },
            AclFilter {
                operation: Some(Operation::All),
                ..AclFilter::OPEN
            },
            AclFilter {
                permission: Some(Permission::Deny),
                ..AclFilter::OPEN
            },
        ];
        assert!(AclFilter::OPEN.matches(&acl));
        assert!(parts.iter().all(|filter| !filter.matches(&acl)));
    }

    #[test]
    fn a_filter_of_unknown_numbers_is_none() {
        let open = [None, None, None];
        assert_eq!(
            AclFilter::from_wire([1, 1, 1, 1], open),
            Some(AclFilter::OPEN)
        );
        for numbers in [
            [0, 1, 1, 1],
            [1, 0, 1, 1],
            [1, 1, 0, 1],
            [1, 1, 1, 0],
            [8, 1, 1, 1],
            [1, 5, 1, 1],
            [1, 1, 16, 1],
            [1, 1, 1, 4],
        ] {
            assert_eq!(AclFilter::from_wire(numbers, open), None, "{numbers:?}");
        }
    }
}
