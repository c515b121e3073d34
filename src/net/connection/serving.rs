//! What all connections of a node share: the budgets above all.

use crate::api::dispatch::Dispatch;
use crate::metrics::Metrics;
use crate::net::memory::Memory;
use crate::net::outbox::RegionsOf;
use crate::net::records::{Pool, regions_of};
use crate::net::settings::Settings;
use crate::net::unread::Unread;
use crate::world::{Clock, Quiet, Workers};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Answers that clients do not take may be so many times the memory for answers before somebody has to go at once.
const UNREAD_FACTOR: usize = 2;

/// What all connections of a node share.
pub struct Serving {
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
    pub dispatch: Dispatch,
    pub settings: Settings,
    pub request_memory: Arc<Memory>,
    pub response_memory: Arc<Memory>,
    pub unread: Arc<Unread>,
    pub pool: Arc<Pool>,
    pub workers: Workers,
    pub regions_of: RegionsOf,
    pub refusals: Quiet,
    /// Of failed TLS handshakes.
    pub failed_handshakes: Quiet,
    /// Connection ids, unique in the process.
    pub connection_ids: AtomicU64,
}

impl Serving {
    /// `workers` do cold reads.
    pub fn new(
        clock: Clock,
        metrics: Arc<Metrics>,
        dispatch: Dispatch,
        settings: Settings,
        workers: Workers,
    ) -> Self {
        let gauges = &metrics.connections;
        let (requests, responses) = (
            settings.request_memory_bytes,
            settings.response_memory_bytes,
        );
        gauges.request_memory_limit_bytes.set(requests as i64);
        gauges.response_memory_limit_bytes.set(responses as i64);
        let request_memory = Memory::new(requests, gauges.request_memory_bytes.clone());
        let response_memory = Memory::new(responses, gauges.response_memory_bytes.clone());
        Self {
            clock,
            metrics,
            dispatch,
            settings,
            request_memory,
            pool: Pool::new(response_memory.clone()),
            response_memory,
            unread: Unread::new(responses.saturating_mul(UNREAD_FACTOR)),
            workers,
            regions_of,
            refusals: Quiet::default(),
            failed_handshakes: Quiet::default(),
            connection_ids: AtomicU64::new(1),
        }
    }
}
