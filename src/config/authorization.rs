//! Who decides who may do what: `authorizer.class.name`, `super.users`, `allow.everyone.if.no.acl.found`.
//!
//! Pure. Kafka's own authorizer turns access control on; no other class can be had, and none is taken for another.

use super::effective::Layers;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The class of `AclAuthorizer`'s successor, which this broker's authorizer stands for.
const STANDARD: &str = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";

/// How a node authorises.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorizationPolicy {
    /// As in `User:admin`: they may do everything.
    pub super_users: BTreeSet<String>,
    /// Whether what no entry speaks of is allowed to everybody.
    pub allows_if_no_acl: bool,
    /// Where denied and administrative actions are noted.
    pub audit_file: Option<PathBuf>,
    /// Most lines that are noted or logged in a second.
    pub audit_lines_per_second: u32,
}

impl AuthorizationPolicy {
    /// `None` where everybody may do everything.
    ///
    /// # Errors
    /// A class that is not Kafka's own, or a super user without a type.
    pub fn parse(layers: &Layers<'_>) -> Result<Option<Self>, String> {
        let text = |name: &str| {
            layers
                .broker_value(name)
                .map(|value| value.to_text())
                .unwrap_or_default()
        };
        match text("authorizer.class.name").trim() {
            "" => return Ok(None),
            STANDARD => {}
            other => {
                return Err(format!(
                    "authorizer.class.name={other} is refused: Java classes cannot be loaded, and running without one against the configuration's intent would leave the cluster open; {STANDARD} stands for Ottla's own authorizer, which decides as Kafka's"
                ));
            }
        }
        let users = text("super.users");
        let users = users
            .split(';')
            .map(str::trim)
            .filter(|user| !user.is_empty());
        let super_users: BTreeSet<String> = users.map(str::to_owned).collect();
        if let Some(wrong) = super_users.iter().find(|user| !user.contains(':')) {
            return Err(format!(
                "super.users: expected a string in format principalType:principalName but got {wrong}"
            ));
        }
        Ok(Some(Self {
            super_users,
            allows_if_no_acl: layers.broker_flag("allow.everyone.if.no.acl.found"),
            audit_file: Some(PathBuf::from(text("ottla.audit.log.file")))
                .filter(|path| !path.as_os_str().is_empty()),
            audit_lines_per_second: u32::try_from(
                layers.broker_number("ottla.audit.log.lines.per.second"),
            )
            .unwrap_or(0),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::StaticConfig;
    use crate::config::settings::Unset;

    fn policy(settings: &[(&str, &str)]) -> Result<Option<AuthorizationPolicy>, String> {
        AuthorizationPolicy::parse(&Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &StaticConfig::of(settings),
        })
    }

    #[test]
    fn kafkas_authorizer_class_turns_access_control_on() {
        assert_eq!(policy(&[]), Ok(None));
        let on = [("authorizer.class.name", STANDARD)];
        let expected = AuthorizationPolicy {
            audit_lines_per_second: 50,
            ..Default::default()
        };
        assert_eq!(policy(&on), Ok(Some(expected)));
        let refused = policy(&[("authorizer.class.name", "a.B")]).expect_err("not ours");
        assert!(
            refused.starts_with("authorizer.class.name=a.B is refused: "),
            "{refused}"
        );
    }

    #[test]
    fn super_users_are_named_with_their_type() {
        let with = |users| policy(&[("authorizer.class.name", STANDARD), ("super.users", users)]);
        let two = with(" User:a; User:CN=b,O=c ;").expect("fine").expect("on");
        let expected = ["User:CN=b,O=c".to_owned(), "User:a".to_owned()];
        assert_eq!(two.super_users, BTreeSet::from(expected));
        assert!(with("admin").is_err());
    }
}
