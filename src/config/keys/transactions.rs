//! Producer ids and transactions (`TransactionLogConfig`, `TransactionStateManagerConfig`).

use super::key::{Check, Key, Kind, Origin};

/// The keys of this subject.
pub const KEYS: &[Key] = &[
    Key::broker("add.partitions.to.txn.retry.backoff.max.ms", Kind::Int, Some("100"))
        .check(Check::AtLeast(0))
        .says("Upper bound of the growing pause between attempts to verify or add a partition to a transaction."),
    Key::broker("add.partitions.to.txn.retry.backoff.ms", Kind::Int, Some("20"))
        .check(Check::AtLeast(1))
        .says("First pause between attempts to verify or add a partition to a transaction."),
    Key::broker("producer.id.expiration.check.interval.ms", Kind::Int, Some("600000"))
        .check(Check::AtLeast(1))
        .origin(Origin::Internal)
        .effective("an_idle_producer_expires_unless_its_transaction_is_open")
        .says("Time between two looks for expired producer ids."),
    Key::broker("producer.id.expiration.ms", Kind::Int, Some("86400000"))
        .check(Check::AtLeast(1))
        .cluster_wide()
        .effective("an_idle_producer_expires_unless_its_transaction_is_open")
        .says("How long a partition remembers a producer that writes nothing, for recognising duplicates."),
    Key::broker("transaction.abort.timed.out.transaction.cleanup.interval.ms", Kind::Int, Some("10000"))
        .check(Check::AtLeast(1))
        .says("Time between two looks for transactions past their timeout."),
    Key::broker("transaction.max.timeout.ms", Kind::Int, Some("900000"))
        .check(Check::AtLeast(1))
        .says("Longest transaction timeout that a producer may ask for."),
    Key::broker("transaction.partition.verification.enable", Kind::Boolean, Some("true"))
        .cluster_wide()
        .says("Whether a partition checks with the coordinator that a transaction is open before it takes records (KIP-890)."),
    Key::broker("transaction.remove.expired.transaction.cleanup.interval.ms", Kind::Int, Some("3600000"))
        .check(Check::AtLeast(1))
        .says("Time between two looks for expired transactional ids."),
    Key::broker("transaction.state.log.load.buffer.size", Kind::Int, Some("5242880"))
        .check(Check::AtLeast(1))
        .says("Size of the pieces in which the transaction topic is read at load."),
    Key::broker("transaction.state.log.min.isr", Kind::Int, Some("2"))
        .check(Check::AtLeast(1))
        .says("In-sync replicas that the transaction topic needs for a write."),
    Key::broker("transaction.state.log.num.partitions", Kind::Int, Some("50"))
        .check(Check::AtLeast(1))
        .says("Partitions of the transaction topic; fixed once it exists."),
    Key::broker("transaction.state.log.replication.factor", Kind::Short, Some("3"))
        .check(Check::AtLeast(1))
        .says("Replicas of the transaction topic."),
    Key::broker("transaction.state.log.segment.bytes", Kind::Int, Some("104857600"))
        .check(Check::AtLeast(1))
        .says("Segment size of the transaction topic, small so that compaction keeps up."),
    Key::broker("transaction.two.phase.commit.enable", Kind::Boolean, Some("false"))
        .says("Whether producers may take part in two-phase commit, without a transaction timeout (KIP-939)."),
    Key::broker("transactional.id.expiration.ms", Kind::Int, Some("604800000"))
        .check(Check::AtLeast(1))
        .says("How long a transactional id without activity is remembered."),
];
