//! What both ways of altering configs check on the broker that was asked.
//!
//! Pure. Source: `ConfigAdminManager.preprocess`, `validateResourceNameIsCurrentNodeId`.

use ottla_controller::ids::BrokerId;
use ottla_protocol::Str;

const BROKER: i8 = 4;

/// Why a resource is not for this broker: a single broker's configs must be sent to that broker.
pub fn misaddressed(node_id: BrokerId, resource_type: i8, name: &str) -> Option<Str> {
    if resource_type != BROKER || name.is_empty() {
        return None;
    }
    match name.parse::<i32>() {
        Err(_) => Some(Str::from(format!(
            "Node id must be an integer, but it is: {name}"
        ))),
        Ok(id) if id == node_id.0 => None,
        Ok(_) => Some(Str::from(format!(
            "Unexpected broker id, expected {node_id}, but received {name}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_broker_itself_takes_its_configs() {
        let me = BrokerId(1);
        assert_eq!(misaddressed(me, BROKER, "1"), None);
        assert_eq!(misaddressed(me, BROKER, ""), None, "all brokers");
        assert_eq!(misaddressed(me, 2, "2"), None, "a topic of that name");
        assert!(misaddressed(me, BROKER, "2").is_some());
        assert!(misaddressed(me, BROKER, "x").is_some());
    }
}
