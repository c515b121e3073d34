//! Says that the node is ready once its replicas have caught up, so that whoever restarts nodes one by one waits for that.
//!
//! Guarantees: clients are served meanwhile; a replica whose leader is gone is not waited for; a node that gets no further for some minutes
//! counts as ready all the same, with a line in the log. Once ready, a node stays so: falling behind is what metrics tell.

use crate::admin::Phase;
use crate::api::Context;
use crate::background::Stop;
use ottla_controller::ids::BrokerId;
use ottla_controller::image::Image;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);
/// Without any progress.
const PATIENCE: Duration = Duration::from_secs(300);

/// Shows how far the node is until it is ready.
pub fn start(context: &Arc<Context>, phase: &watch::Sender<Phase>, stop: &Stop) {
    let behind = behind(&context.metadata.image(), context.node_id);
    phase.send_replace(phase_of(behind));
    if behind == 0 {
        return;
    }
    let (context, phase, mut stop) = (context.clone(), phase.clone(), stop.clone());
    tokio::spawn(async move {
        tokio::select! {
            biased;
            () = stop.stopped() => {}
            () = show(&context, &phase, behind) => {}
        }
    });
}

async fn show(context: &Context, phase: &watch::Sender<Phase>, mut least: usize) {
    let mut since = context.clock.elapsed();
    loop {
        tokio::time::sleep(LOOK).await;
        let now = context.clock.elapsed();
        let mut behind = behind(&context.metadata.image(), context.node_id);
        if behind < least {
            (least, since) = (behind, now);
        }
        if behind > 0 && now.saturating_sub(since) > PATIENCE {
            tracing::warn!(
                replicas = behind,
                "replicas do not come to be in sync; this node counts as ready all the same"
            );
            behind = 0;
        }
        let is_over = phase.send_if_modified(|phase| {
            let is_this = matches!(phase, Phase::CatchingUp { .. });
            if is_this {
                *phase = phase_of(behind);
            }
            is_this
        });
        if behind == 0 || !is_over {
            return;
        }
    }
}

fn phase_of(behind: usize) -> Phase {
    match behind {
        0 => Phase::Ready,
        replicas => Phase::CatchingUp { replicas },
    }
}

/// Replicas here that another broker leads and does not count in sync.
fn behind(image: &Image, me: BrokerId) -> usize {
    let partitions = image.topics.partitions();
    let is_behind = partitions.filter(|(_, _, partition)| {
        let is_followed = partition.leader.is_some_and(|leader| leader != me);
        is_followed && partition.has_replica(me) && !partition.isr.contains(&me)
    });
    is_behind.count()
}
