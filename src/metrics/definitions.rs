//! The list of all metrics: name, kind, labels, sentence. Adding a metric is adding a line here and keeping its handle
//! where it is counted; a test refuses a scraped metric that the list lacks.

use prometheus::{
    HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

/// How a metric moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by size, in the unit that the name ends with.
    Histogram,
}

/// One metric of the list.
#[derive(Debug)]
pub struct Definition {
    /// Ends with the unit, and with `_total` for counters.
    pub name: &'static str,
    pub kind: Kind,
    pub labels: &'static [&'static str],
    /// What it says, in one sentence.
    pub help: &'static str,
}

/// Upper bounds of latency buckets, in seconds: from what an append in the page cache takes to a request's time-out.
pub const LATENCY_BUCKETS: &[f64] = &[
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 2.5, 5.0, 10.0, 30.0,
];

macro_rules! definitions {
    ($($name:ident = $metric:literal $kind:ident [$($label:literal),*] $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $name: Definition = Definition {
                name: $metric,
                kind: Kind::$kind,
                labels: &[$($label),*],
                help: $help,
            };
        )*
        /// The list, in the order written.
        pub const DEFINITIONS: &[&Definition] = &[$(&$name),*];
    };
}

definitions! {
    REQUESTS = "ottla_requests_total" Counter ["api", "version"] "Requests begun, by API and version.";
    REQUEST_ERRORS = "ottla_request_errors_total" Counter ["api", "error"] "Errors answered, by API and error; one answer may hold several.";
    REQUEST_BYTES = "ottla_request_bytes_total" Counter ["api"] "Bytes of requests, headers included.";
    RESPONSE_BYTES = "ottla_response_bytes_total" Counter ["api"] "Bytes of responses, headers included.";
    REQUEST_SECONDS = "ottla_request_seconds" Histogram ["api", "stage"] "Time of a request by stage: handle until the handler returned, wait for replicas, data or a deadline, send until the socket took the last byte.";
    CONNECTIONS = "ottla_connections" Gauge ["listener"] "Open connections.";
    CONNECTIONS_ACCEPTED = "ottla_connections_accepted_total" Counter ["listener"] "Connections accepted.";
    CONNECTIONS_REFUSED = "ottla_connections_refused_total" Counter ["listener", "reason"] "Connections closed at once because a limit was reached.";
    CONNECTIONS_CLOSED = "ottla_connections_closed_total" Counter ["listener", "reason"] "Connections closed, by what ended them.";
    AUTHENTICATIONS = "ottla_authentications_total" Counter ["listener", "mechanism", "result"] "Logins by SASL, first ones and those of sessions that go on: succeeded or failed.";
    CLIENT_SOFTWARE = "ottla_client_software_connections_total" Counter ["name", "version"] "Connections whose client named its software (KIP-511), by name and version; beyond 64 of them as other.";
    RECEIVED_BYTES = "ottla_network_received_bytes_total" Counter ["listener"] "Bytes read from sockets.";
    SENT_BYTES = "ottla_network_sent_bytes_total" Counter ["listener"] "Bytes written to sockets.";
    TLS_HANDSHAKES = "ottla_tls_handshakes_total" Counter ["listener", "outcome"] "TLS handshakes with clients: done, failed or timed_out.";
    TLS_CERTIFICATE_DAYS_LEFT = "ottla_tls_certificate_days_left" Gauge ["listener"] "Days until the first of a listener's own certificates expires.";
    TLS_CERTIFICATE_RELOADS = "ottla_tls_certificate_reloads_total" Counter ["listener", "outcome"] "Certificates that were replaced while running: used, or refused and the old ones kept.";
    REQUEST_MEMORY = "ottla_request_memory_bytes" Gauge [] "Memory that requests being read or handled hold.";
    REQUEST_MEMORY_LIMIT = "ottla_request_memory_limit_bytes" Gauge [] "Above this, no large request is begun (queued.max.request.bytes).";
    RESPONSE_MEMORY = "ottla_response_memory_bytes" Gauge [] "Memory that records hold on their way from files to sockets.";
    RESPONSE_MEMORY_LIMIT = "ottla_response_memory_limit_bytes" Gauge [] "Above this, connections read records in small pieces.";
    PARTITIONS = "ottla_partitions" Gauge ["state"] "Partitions of this node: leader, follower, offline (damaged, or in a failed directory), and of those it leads the under_replicated, those under_min_isr or at_min_isr, and those reassigning.";
    PARTITION_START_OFFSET = "ottla_partition_log_start_offset" Gauge ["topic", "partition"] "The first offset that can be read.";
    PARTITION_HIGH_WATERMARK = "ottla_partition_high_watermark" Gauge ["topic", "partition"] "The offset below which everything is committed.";
    PARTITION_END_OFFSET = "ottla_partition_log_end_offset" Gauge ["topic", "partition"] "The offset that the next record gets.";
    PARTITION_SIZE = "ottla_partition_size_bytes" Gauge ["topic", "partition"] "Bytes of the log's segments.";
    PARTITION_LEADER = "ottla_partition_leader" Gauge ["topic", "partition"] "1 where this node leads, 0 where it follows.";
    DIRECTORY_ONLINE = "ottla_log_directory_online" Gauge ["directory"] "1 while a log directory is in use, 0 once it failed.";
    DIRECTORY_FREE = "ottla_log_directory_free_bytes" Gauge ["directory"] "Room left on the file system of a log directory.";
    REPLICA_LAG_MAX = "ottla_replica_lag_max_offsets" Gauge [] "The largest number of offsets that a follower in sync is behind, of the partitions that this node leads.";
    ISR_CHANGES = "ottla_isr_changes_total" Counter ["change"] "In-sync replicas that shrank or expanded, of the partitions that this node led.";
    REPLICATED_BYTES = "ottla_replication_received_bytes_total" Counter [] "Bytes of records that this node's followers were sent by their leaders.";
    REPLICATED_FETCHES = "ottla_replication_fetched_partitions_total" Counter [] "Answers of leaders, by partition, that this node's followers took.";
    REPLICAS_MOVING = "ottla_replicas_moving" Gauge [] "Replicas on their way to another log directory of this node.";
    CONTROLLER_ACTIVE = "ottla_controller_active" Gauge [] "1 on the active controller, 0 elsewhere.";
    METADATA_OFFSET = "ottla_metadata_applied_offset" Gauge [] "The offset of the last metadata record that this node has applied.";
    QUORUM_TERM = "ottla_quorum_term" Gauge [] "The term (epoch) of the metadata quorum, as this node knows it.";
    QUORUM_LEADER = "ottla_quorum_leader" Gauge [] "The node that leads the metadata quorum, as this node knows it; -1 while none does.";
    QUORUM_LOG_END = "ottla_quorum_committed_index" Gauge [] "The index after the last entry of the metadata log that this node knows to be committed.";
    QUORUM_MEMBERS = "ottla_quorum_members" Gauge ["kind"] "Members of the metadata quorum: voters and observers.";
    QUORUM_LAG = "ottla_quorum_lag_entries" Gauge ["node"] "Committed entries of the metadata log that a member is not known to have; of others only the leader knows.";
    LEADER_ELECTIONS = "ottla_leader_elections_total" Counter ["kind"] "Elections of partition leaders that this node has heard of since its start: clean, or unclean, which may lose records.";
    CLUSTER_BROKERS = "ottla_cluster_brokers" Gauge ["state"] "Registered brokers, alive or fenced; on the active controller only.";
    CLUSTER_TOPICS = "ottla_cluster_topics" Gauge [] "Topics; on the active controller only.";
    CLUSTER_PARTITIONS = "ottla_cluster_partitions" Gauge ["state"] "Partitions of the cluster: all, offline (nobody leads), under_replicated, reassigning, and not_preferred (led by another than their first replica); on the active controller only.";
    FETCH_SESSIONS = "ottla_fetch_sessions" Gauge [] "Incremental fetch sessions kept.";
    FETCH_SESSION_PARTITIONS = "ottla_fetch_session_partitions" Gauge [] "Partitions in all incremental fetch sessions.";
    FETCH_SESSION_EVICTIONS = "ottla_fetch_session_evictions_total" Counter [] "Fetch sessions that had to make place for another.";
    GROUPS = "ottla_groups" Gauge ["state"] "Consumer groups that this node coordinates, by state.";
    GROUP_MEMBERS = "ottla_group_members" Gauge [] "Members of the groups that this node coordinates.";
    GROUP_OFFSETS = "ottla_group_offsets" Gauge [] "Offsets that the groups coordinated here have committed and that are kept.";
    GROUP_REBALANCES = "ottla_group_rebalances_total" Counter [] "Rebalances that were completed: a group began another generation.";
    COORDINATOR_SHARDS = "ottla_coordinator_shards" Gauge ["state"] "Partitions of __consumer_offsets that this node coordinates: loading or serving.";
    COORDINATOR_LOAD_SECONDS = "ottla_coordinator_load_seconds" Histogram ["topic"] "Time to load a coordinator's partition from its log.";
    COORDINATOR_COMMIT_SECONDS = "ottla_coordinator_commit_seconds" Histogram ["topic"] "Time from giving a coordinator's records to the log (committed offsets, for one) until they are committed.";
    CLIENT_QUOTA_RATE = "ottla_client_quota_rate" Gauge ["kind", "user", "client_id"] "What a limited client used per second over the quota's window: bytes produced or fetched, percent of a thread, partitions created or deleted.";
    CLIENT_QUOTA_THROTTLE = "ottla_client_quota_throttle_seconds_total" Counter ["kind", "user", "client_id"] "Time that a limited client was told to wait.";
    PROCESS_CPU = "process_cpu_seconds_total" Counter [] "User and system CPU time spent.";
    PROCESS_RESIDENT = "process_resident_memory_bytes" Gauge [] "Resident memory, page cache not counted.";
    PROCESS_OPEN_FILES = "process_open_fds" Gauge [] "Open file descriptors.";
    PROCESS_THREADS = "process_threads" Gauge [] "Threads.";
    BUILD = "ottla_build_info" Gauge ["version"] "Always 1; the label carries the version.";
}

impl Definition {
    fn opts(&self) -> Opts {
        Opts::new(self.name, self.help)
    }

    pub(super) fn counters(&self, registry: &Registry) -> IntCounterVec {
        let counters =
            IntCounterVec::new(self.opts(), self.labels).expect("the list's names are valid");
        register(registry, counters)
    }

    pub(super) fn gauges(&self, registry: &Registry) -> IntGaugeVec {
        let gauges =
            IntGaugeVec::new(self.opts(), self.labels).expect("the list's names are valid");
        register(registry, gauges)
    }

    pub(super) fn gauge(&self, registry: &Registry) -> IntGauge {
        let gauge = IntGauge::with_opts(self.opts()).expect("the list's names are valid");
        register(registry, gauge)
    }

    pub(super) fn latencies(&self, registry: &Registry) -> HistogramVec {
        let opts = HistogramOpts::from(self.opts()).buckets(LATENCY_BUCKETS.to_vec());
        let histograms = HistogramVec::new(opts, self.labels).expect("the list's names are valid");
        register(registry, histograms)
    }
}

fn register<C: prometheus::core::Collector + Clone + 'static>(
    registry: &Registry,
    collector: C,
) -> C {
    registry
        .register(Box::new(collector.clone()))
        .expect("each line of the list is registered once");
    collector
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_end_as_their_kind_does() {
        let mut names = BTreeSet::new();
        for definition in DEFINITIONS {
            assert!(names.insert(definition.name), "{} twice", definition.name);
            let total = definition.name.ends_with("_total");
            assert_eq!(
                total,
                definition.kind == Kind::Counter,
                "{}",
                definition.name
            );
            assert!(definition.help.ends_with('.'), "{}", definition.name);
        }
    }
}
