//! Topics and configs that were acknowledged are there, whatever happened: the metadata log is synced first.

use crate::simulation::client::{self, Connection};
use crate::simulation::ledger::Ledger;
use crate::wire::TOPIC;
use ottla_protocol::messages::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use ottla_protocol::{ErrorCode, Str};
use std::io;

pub async fn check(connection: &mut Connection, ledger: &Ledger) -> io::Result<()> {
    for (topic, retention_ms) in ledger.topics(|topics| topics.clone()) {
        let resource = DescribeConfigsResource {
            resource_type: TOPIC,
            resource_name: Str::from(&topic),
            configuration_keys: Some(vec![Str::from_static("retention.ms")]),
            ..Default::default()
        };
        let request = DescribeConfigsRequest {
            resources: vec![resource],
            ..Default::default()
        };
        let response = client::patiently(ledger, connection.ask(4, &request)).await?;
        let result = &response.results[0];
        assert_eq!(result.error_code, ErrorCode::NONE, "{topic} is gone");
        let found = result.configs[0].value.as_deref().map(str::to_owned);
        if let Some(retention_ms) = retention_ms {
            assert_eq!(
                found,
                Some(retention_ms.to_string()),
                "the config of {topic}"
            );
        }
    }
    Ok(())
}
