//! DescribeClientQuotas (key 48), versions 0-1 (KIP-546). v1 flexible. Answered from this broker's own image.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use ottla_controller::decide;
use ottla_protocol::Str;
use ottla_protocol::messages::describe_client_quotas::{
    DescribeClientQuotasRequest, DescribeClientQuotasResponse,
};
use std::sync::Arc;

pub struct DescribeClientQuotas;

impl Api for DescribeClientQuotas {
    type Request = DescribeClientQuotasRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const NEEDS: Needs = &[(Operation::DescribeConfigs, ResourceType::Cluster)];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: DescribeClientQuotasRequest,
    ) -> Reply<DescribeClientQuotasResponse> {
        if let Err(error_code) = context
            .caller(&meta)
            .may(Operation::DescribeConfigs, Resource::Cluster)
        {
            return Reply::Now(DescribeClientQuotasResponse {
                error_code,
                error_message: Some(Str::from_static(error_code.message())),
                entries: None,
                ..Default::default()
            });
        }
        let image = context.metadata.image();
        Reply::Now(decide::describe_client_quotas(&image, &request))
    }
}
