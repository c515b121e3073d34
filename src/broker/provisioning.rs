//! Sees to it that the topics and ACLs of `ottla.provision.file` are there: on the active controller, now and whenever the file changes.
//!
//! What is missing is created, topics grow; what is there is left as it is and nothing is deleted, also when the file no longer names it. A
//! topic that cannot be created yet, because too few brokers are there, is tried again. Why something is refused is said once.

use super::StartError;
use super::world::World;
use crate::api::Context;
use crate::background::{Loop, More, Stop};
use crate::config::Settings;
use crate::config::provision::Provision;
use crate::net::world::Net;
use crate::world::Workers;
use ottla_controller::{Controller, Outcome, decide};
use ottla_protocol::{ErrorCode, Str};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Of a ConfigMap.
const FILE_MAX_BYTES: u64 = 1024 * 1024;

/// Starts the loop, if there is a file to look at.
///
/// # Errors
/// [`StartError::Threads`].
pub fn start<N: Net>(
    context: &Arc<Context>,
    world: &World<N>,
    stop: &Stop,
) -> Result<(), StartError> {
    let path = context.config.node.setting("ottla.provision.file");
    let Some(path) = path.filter(|path| !path.is_empty()).map(str::to_owned) else {
        return Ok(());
    };
    let workers = world
        .workers("provisioning", 1)
        .map_err(StartError::threads)?;
    let seen = Arc::new(Seen {
        path,
        workers,
        controller: context.controller.clone(),
        said: Mutex::default(),
    });
    let looking = Loop {
        first: Some(Duration::ZERO),
        ..Loop::every("provisioning", LOOK_EVERY)
    };
    let looking = looking.run(world.rng.clone(), stop.clone(), move || {
        let seen = seen.clone();
        async move {
            seen.look().await;
            More::Later
        }
    });
    tokio::spawn(looking);
    Ok(())
}

struct Seen {
    path: String,
    workers: Workers,
    controller: Controller,
    /// What was complained about at the last look.
    said: Mutex<BTreeSet<String>>,
}

impl Seen {
    async fn look(&self) {
        let path = self.path.clone();
        let read = self.workers.run(move || parsed(&path)).await;
        let complaints = match read {
            Some(Ok(provision)) => self.provide(Arc::new(provision)).await,
            Some(Err(error)) => BTreeSet::from([format!("{}: {error}", self.path)]),
            None => return,
        };
        let mut said = self.said.lock();
        for complaint in complaints.difference(&said) {
            tracing::warn!("ottla.provision.file: {complaint}");
        }
        *said = complaints;
    }

    /// Proposes what is missing; where another node is the active controller, it does.
    async fn provide(&self, provision: Arc<Provision>) -> BTreeSet<String> {
        let proposed = self.controller.propose(move |image, turn| {
            let (mut records, mut complaints) = (Vec::new(), BTreeSet::new());
            let mut note = |what: String, error: ErrorCode, why: &Option<Str>| {
                if error.is_error() {
                    let why = why.as_deref().unwrap_or_else(|| error.message());
                    complaints.insert(format!("{what}: {why}"));
                }
            };
            if let Some(request) = provision.to_create(image) {
                let made = decide::create_topics(image, turn.rules, &request, turn.dice);
                for topic in &made.response.topics {
                    let what = format!("topic {} is not created", topic.name);
                    note(what, topic.error_code, &topic.error_message);
                }
                records.extend(made.records);
            }
            if let Some(request) = provision.to_grow(image) {
                let grown = decide::create_partitions(image, &request, turn.dice);
                for topic in &grown.response.results {
                    let what = format!("topic {} does not grow", topic.name);
                    note(what, topic.error_code, &topic.error_message);
                }
                records.extend(grown.records);
            }
            if let Some(request) = provision.acls() {
                let made = decide::create_acls(image, &request, turn.dice);
                for (asked, result) in request.creations.iter().zip(&made.response.results) {
                    let what = format!("an ACL of {} is not created", asked.principal);
                    note(what, result.error_code, &result.error_message);
                }
                records.extend(made.records);
            }
            Outcome {
                response: (records.len(), complaints),
                records,
            }
        });
        let Ok(((count, complaints), _)) = proposed.await else {
            return BTreeSet::new();
        };
        if count > 0 {
            tracing::info!(records = count, "provided what ottla.provision.file names");
        }
        complaints
    }
}

fn parsed(path: &str) -> Result<Provision, String> {
    let mut json = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(FILE_MAX_BYTES + 1).read_to_end(&mut json))
        .map_err(|error| error.to_string())?;
    if json.len() as u64 > FILE_MAX_BYTES {
        return Err(format!("longer than {FILE_MAX_BYTES} bytes"));
    }
    Provision::parse(&json)
}
