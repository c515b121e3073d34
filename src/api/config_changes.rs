//! Both ways of altering configs: what the broker that was asked answers itself, and the controller's answers beside that.
//!
//! ```text
//!   resources ─▶ named twice? keys wrong? another broker's? ─▶ answered here
//!             ─▶ loggers ─────────────────────────────────▶ changed and answered here, nothing is kept
//!             ─▶ all others ──▶ the controller decides ────▶ its answers
//! ```
//! Answers come in the order of the request. Source: `ConfigAdminManager.preprocess`, `reassembleIncrementalResponse`.

use super::{Caller, Context, Meta, Operation, Resource, forward};
use ottla_controller::Outcome;
use ottla_controller::decide::{ConfigRules, Refusal, check_config_keys, duplicate_resources};
use ottla_controller::ids::BrokerId;
use ottla_controller::image::{Image, ResourceKind};
use ottla_protocol::{ErrorCode, Request, Str};

/// What became of one resource.
pub(super) type Verdict = Result<(), Refusal>;

/// A key of a resource, and whether it has the value that it needs.
pub(super) type Key<'a> = (&'a Str, bool);

/// A request that alters configs.
pub(super) trait ConfigChanges: Request {
    type Resource;
    fn resources(&self) -> &[Self::Resource];
    fn resources_mut(&mut self) -> &mut Vec<Self::Resource>;
    fn is_validate_only(&self) -> bool;
    /// Type and name.
    fn named(resource: &Self::Resource) -> (i8, &Str);
    fn keys(resource: &Self::Resource) -> impl Iterator<Item = Key<'_>> + Clone;
    /// Changes the levels of loggers.
    ///
    /// # Errors
    /// What is to be answered instead.
    fn change_loggers(
        context: &Context,
        resource: &Self::Resource,
        is_validate_only: bool,
    ) -> Verdict;
    /// The controller's decision.
    fn decide(&self, image: &Image, rules: &dyn ConfigRules) -> Outcome<Self::Response>;
    /// What the controller's answer says of each resource.
    fn verdicts(response: Self::Response) -> Vec<(ErrorCode, Option<Str>)>;
    fn respond(answers: Vec<Answer>) -> Self::Response;
}

/// What is said of one resource.
pub(super) struct Answer {
    pub resource_type: i8,
    pub resource_name: Str,
    pub error_code: ErrorCode,
    pub error_message: Option<Str>,
}

/// Changes what is asked for and says what became of it.
pub(super) async fn change<C: ConfigChanges>(
    context: &Context,
    meta: &Meta,
    request: C,
) -> C::Response {
    // What another broker forwards it has looked at: all of it is the controller's.
    let is_forwarded = !meta.peer.listener.serves.clients;
    let caller = context.caller(meta);
    let here: Vec<Option<Verdict>> = match is_forwarded {
        true => refused(&caller, &request),
        false => preprocessed(context, &caller, &request),
    };
    let mut remaining = request.clone();
    let mut answered = here.iter();
    remaining
        .resources_mut()
        .retain(|_| answered.next().is_some_and(Option::is_none));
    let count = remaining.resources().len();
    let decided = match count {
        0 => Ok(C::respond(Vec::new())),
        _ => decided(context, meta, remaining).await,
    };
    let mut decided = match decided {
        Ok(response) => C::verdicts(response),
        Err(code) => vec![(code, Some(Str::from_static(code.message()))); count],
    }
    .into_iter();
    let answer = |(resource, verdict): (&C::Resource, Option<Verdict>)| {
        let (error_code, error_message) = match verdict {
            Some(Ok(())) => (ErrorCode::NONE, None),
            Some(Err(refusal)) => (refusal.code, refusal.message),
            None => decided
                .next()
                .expect("the controller answers for each resource"),
        };
        let (resource_type, name) = C::named(resource);
        Answer {
            resource_type,
            resource_name: name.clone(),
            error_code,
            error_message,
        }
    };
    C::respond(request.resources().iter().zip(here).map(answer).collect())
}

/// The controller's answer, here or from another node.
async fn decided<C: ConfigChanges>(
    context: &Context,
    meta: &Meta,
    request: C,
) -> Result<C::Response, ErrorCode> {
    let is_of_clients = meta.peer.listener.serves.clients;
    let patience = forward::Patience::of(context);
    loop {
        if is_of_clients
            && forward::is_elsewhere(context)
            && let Some(response) = forward::ask_for(context, meta, &request, &patience).await
        {
            return Ok(response);
        }
        let asked = request.clone();
        let decided = context
            .decide(move |image, turn| asked.decide(image, turn.rules))
            .await;
        let is_not_controller = matches!(&decided, Err(ErrorCode::NOT_CONTROLLER));
        if !is_of_clients || !is_not_controller || !patience.another().await {
            return decided;
        }
    }
}

/// As what a config resource is authorised: topics and groups as themselves, everything else as the cluster.
pub(super) fn authorized_as(kind: ResourceKind, name: &str) -> Resource<'_> {
    match kind {
        ResourceKind::Topic => Resource::Topic(name),
        ResourceKind::Group => Resource::Group(name),
        ResourceKind::Broker | ResourceKind::BrokerLogger | ResourceKind::ClientMetrics => {
            Resource::Cluster
        }
    }
}

fn check_caller(caller: &Caller, (kind, name): (i8, &Str)) -> Verdict {
    let Some(kind) = ResourceKind::from_wire(kind) else {
        return Ok(());
    };
    let may_alter = caller.may(Operation::AlterConfigs, authorized_as(kind, name));
    may_alter.map_err(Refusal::plain)
}

/// The verdicts of what the caller may not alter.
fn refused<C: ConfigChanges>(caller: &Caller, request: &C) -> Vec<Option<Verdict>> {
    let resources = request.resources().iter().map(C::named);
    let refused = resources.map(|named| check_caller(caller, named).err().map(Err));
    refused.collect()
}

/// The verdicts that need no controller. Loggers are changed here.
fn preprocessed<C: ConfigChanges>(
    context: &Context,
    caller: &Caller,
    request: &C,
) -> Vec<Option<Verdict>> {
    let twice = duplicate_resources(request.resources().iter().map(C::named));
    let verdict = |resource: &C::Resource| {
        let (kind, name) = C::named(resource);
        if twice.contains_key(&(kind, name)) {
            let message = "Each resource must appear at most once.";
            return Some(Err(Refusal::invalid_request(message)));
        }
        let checked = check_config_keys(C::keys(resource));
        if let Err(refusal) = checked.and_then(|()| check_caller(caller, (kind, name))) {
            return Some(Err(refusal));
        }
        match ResourceKind::from_wire(kind) {
            Some(ResourceKind::BrokerLogger) => {
                let changed = C::change_loggers(context, resource, request.is_validate_only());
                Some(changed)
            }
            Some(ResourceKind::Broker) if !name.is_empty() => {
                check_addressed(context.node_id, name).err().map(Err)
            }
            _ => None,
        }
    };
    request.resources().iter().map(verdict).collect()
}

/// A single broker's configs must be sent to that broker.
fn check_addressed(node_id: BrokerId, name: &str) -> Verdict {
    match name.parse::<i32>() {
        Err(_) => Err(Refusal::invalid_request(format!(
            "Node id must be an integer, but it is: {name}"
        ))),
        Ok(id) if id == node_id.0 => Ok(()),
        Ok(_) => Err(Refusal::invalid_request(format!(
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
        assert_eq!(check_addressed(me, "1"), Ok(()));
        assert!(check_addressed(me, "2").is_err());
        assert!(check_addressed(me, "x").is_err());
    }
}
