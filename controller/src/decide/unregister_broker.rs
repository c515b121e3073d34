//! UnregisterBroker (64): forgets a broker that will not come back (KIP-631).

use super::fencing::forget;
use super::rules::ConfigRules;
use crate::ids::BrokerId;
use crate::image::Image;
use crate::liveness::Liveness;
use crate::outcome::Outcome;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::unregister_broker::{
    UnregisterBrokerRequest, UnregisterBrokerResponse,
};

/// Decides a request.
pub fn unregister_broker(
    image: &Image,
    rules: &dyn ConfigRules,
    liveness: &mut Liveness,
    request: &UnregisterBrokerRequest,
) -> Outcome<UnregisterBrokerResponse> {
    let id = BrokerId(request.broker_id);
    let Some(broker) = image.brokers.get(id) else {
        let message = format!("Broker ID {id} is not currently registered");
        return Outcome::unchanged(UnregisterBrokerResponse {
            error_code: ErrorCode::BROKER_ID_NOT_REGISTERED,
            error_message: Some(message.into()),
            ..Default::default()
        });
    };
    liveness.forget(id);
    Outcome {
        records: forget(image, rules, broker),
        response: UnregisterBrokerResponse::default(),
    }
}
