//! Kafka's metadata records, as its controllers write them to `__cluster_metadata`.
//!
//! Kinds from 1000 up are Ottla's own ([`own`]).

pub mod brokers;
pub mod configs;
pub mod controllers;
pub mod own;
pub mod security;
pub mod topics;
pub mod transactions;

pub use brokers::*;
pub use configs::*;
pub use controllers::*;
pub use own::*;
pub use security::*;
pub use topics::*;
pub use transactions::*;

use super::typed::typed_records;

typed_records! {
    /// A metadata record of any kind.
    pub enum MetadataRecord;
    kinds {
        0 = RegisterBroker(RegisterBrokerRecord);
        1 = UnregisterBroker(UnregisterBrokerRecord);
        2 = Topic(TopicRecord);
        3 = Partition(PartitionRecord);
        4 = Config(ConfigRecord);
        5 = PartitionChange(PartitionChangeRecord);
        7 = FenceBroker(FenceBrokerRecord);
        8 = UnfenceBroker(UnfenceBrokerRecord);
        9 = RemoveTopic(RemoveTopicRecord);
        10 = DelegationToken(DelegationTokenRecord);
        11 = UserScramCredential(UserScramCredentialRecord);
        12 = FeatureLevel(FeatureLevelRecord);
        14 = ClientQuota(ClientQuotaRecord);
        15 = ProducerIds(ProducerIdsRecord);
        17 = BrokerRegistrationChange(BrokerRegistrationChangeRecord);
        18 = AccessControlEntry(AccessControlEntryRecord);
        19 = RemoveAccessControlEntry(RemoveAccessControlEntryRecord);
        20 = NoOp(NoOpRecord);
        21 = ZkMigrationState(ZkMigrationStateRecord);
        22 = RemoveUserScramCredential(RemoveUserScramCredentialRecord);
        23 = BeginTransaction(BeginTransactionRecord);
        24 = EndTransaction(EndTransactionRecord);
        25 = AbortTransaction(AbortTransactionRecord);
        26 = RemoveDelegationToken(RemoveDelegationTokenRecord);
        27 = RegisterController(RegisterControllerRecord);
        28 = ClearElr(ClearElrRecord);
        29 = UnregisterController(UnregisterControllerRecord);
        1000 = Cluster(ClusterRecord);
    }
}
