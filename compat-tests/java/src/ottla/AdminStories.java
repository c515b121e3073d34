package ottla;

import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.CreateTopicsResult;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.LogDirDescription;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.QuorumInfo;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

import static ottla.Stories.check;
import static ottla.Stories.equal;
import static ottla.Stories.failure;
import static ottla.Stories.waitFor;

/** kafka-clients' Admin: every call that the served APIs allow. */
final class AdminStories {
    static void tell(Cluster cluster, Book book) {
        book.put("a_topic_is_created_with_what_the_answer_says", () -> created(cluster), "admin-create");
        book.put("a_topic_is_grown_described_by_name_and_id_and_deleted_by_id", () -> grown(cluster), "admin-describe", "admin-grow", "admin-delete");
        book.put("a_topic_is_listed_and_described_with_leaders_and_replicas", () -> listed(cluster), "admin-describe");
        book.put("a_deleted_topic_is_gone_and_cannot_be_deleted_again", () -> deletedOnce(cluster), "admin-delete");
        book.put("topic_configs_are_set_appended_subtracted_and_deleted", () -> configs(cluster), "admin-alter-configs");
        book.put("broker_configs_are_dynamic_where_kafkas_are", () -> brokerConfigs(cluster));
        book.put("config_resources_are_listed", () -> resources(cluster));
        book.put("records_are_deleted", () -> deleted(cluster), "admin-delete-records");
        book.put("offsets_are_listed_by_every_specification", () -> offsets(cluster), "admin-offsets-by-time");
        book.put("the_cluster_is_described_with_authorized_operations", () -> described(cluster), "admin-describe");
        book.put("log_directories_are_described_with_sizes", () -> directories(cluster));
        book.put("producers_are_described", () -> producers(cluster));
        book.put("the_quorum_is_described", () -> quorum(cluster));
        book.put("features_are_described", () -> check(
            cluster.admin.describeFeatures().featureMetadata().get().finalizedFeatures().containsKey("metadata.version"), "metadata.version is finalised"));
        // The last story: Apache Kafka is busy for long with deleting so many.
        book.put("three_thousand_partitions_are_described_page_by_page", () -> paged(cluster));
    }

    private static void created(Cluster cluster) throws Exception {
        String name = Cluster.name();
        CreateTopicsResult result = cluster.admin.createTopics(List.of(new NewTopic(name, 3, (short) -1).configs(Map.of("retention.ms", "1234567"))));
        equal(result.numPartitions(name).get(), 3);
        equal(result.replicationFactor(name).get(), Cluster.NODES.size());
        equal(result.config(name).get().get("retention.ms").value(), "1234567");
        check(!result.topicId(name).get().equals(Uuid.ZERO_UUID), "a topic id");
        equal(failure(() -> cluster.admin.createTopics(List.of(new NewTopic(name, 3, (short) 1))).all().get()), "TopicExistsException");
        String assigned = Cluster.name();
        cluster.admin.createTopics(List.of(new NewTopic(assigned, Map.of(0, List.of(1), 1, List.of(1))))).all().get();
        String imagined = Cluster.name();
        cluster.admin.createTopics(List.of(new NewTopic(imagined, 1, (short) 1)), new CreateTopicsOptions().validateOnly(true)).all().get();
        check(!cluster.admin.listTopics().names().get().contains(imagined), "validateOnly creates nothing");
    }

    private static void grown(Cluster cluster) throws Exception {
        String name = cluster.topic(2, Map.of());
        cluster.admin.createPartitions(Map.of(name, NewPartitions.increaseTo(4))).all().get();
        waitFor("four partitions", () -> describe(cluster, name).partitions().size() == 4);
        TopicDescription description = describe(cluster, name);
        Uuid id = description.topicId();
        equal(cluster.admin.describeTopics(TopicCollection.ofTopicIds(List.of(id))).topicIdValues().get(id).get().name(), name);
        equal(failure(() -> cluster.admin.createPartitions(Map.of(name, NewPartitions.increaseTo(2))).all().get()), "InvalidPartitionsException");
        cluster.admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all().get();
        waitFor("the topic gone", () -> !cluster.admin.listTopics().names().get().contains(name));
        equal(failure(() -> describe(cluster, name)), "UnknownTopicOrPartitionException");
        equal(failure(() -> cluster.admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all().get()), "UnknownTopicIdException");
    }

    private static void listed(Cluster cluster) throws Exception {
        String name = cluster.topic(2, Map.of());
        waitFor("the listing", () -> cluster.admin.listTopics().names().get().contains(name));
        TopicDescription description = describe(cluster, name);
        check(!description.isInternal(), "not internal");
        for (TopicPartitionInfo partition : description.partitions()) {
            check(Cluster.NODES.contains(partition.leader().id()), "a leader");
            equal(partition.replicas().stream().map(Node::id).sorted().toList(), Cluster.NODES);
            equal(partition.isr().stream().map(Node::id).sorted().toList(), Cluster.NODES);
        }
    }

    private static void deletedOnce(Cluster cluster) throws Exception {
        String name = cluster.topic(1, Map.of());
        cluster.admin.deleteTopics(List.of(name)).all().get();
        waitFor("the topic gone", () -> !cluster.admin.listTopics().names().get().contains(name));
        equal(failure(() -> cluster.admin.deleteTopics(List.of(name)).all().get()), "UnknownTopicOrPartitionException");
    }

    private static TopicDescription describe(Cluster cluster, String name) throws Exception {
        return cluster.admin.describeTopics(List.of(name)).allTopicNames().get().get(name);
    }

    private static void paged(Cluster cluster) throws Exception {
        String name = cluster.topic(3000, Map.of());
        waitFor("all partitions", () -> describe(cluster, name).partitions().size() == 3000);
        check(describe(cluster, name).partitions().get(2999).partition() == 2999, "in order");
        cluster.admin.deleteTopics(List.of(name)).all().get();
    }

    private static void configs(Cluster cluster) throws Exception {
        String name = cluster.topic(1, Map.of("retention.ms", "1000"));
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, name);
        alter(cluster, resource, "cleanup.policy", "compact", AlterConfigOp.OpType.APPEND);
        waitFor("the append", () -> config(cluster, resource).get("cleanup.policy").value().equals("delete,compact"));
        alter(cluster, resource, "cleanup.policy", "delete", AlterConfigOp.OpType.SUBTRACT);
        waitFor("the subtraction", () -> config(cluster, resource).get("cleanup.policy").value().equals("compact"));
        equal(config(cluster, resource).get("retention.ms").source(), ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG);
        alter(cluster, resource, "retention.ms", null, AlterConfigOp.OpType.DELETE);
        waitFor("the deletion", () -> config(cluster, resource).get("retention.ms").source() == ConfigEntry.ConfigSource.DEFAULT_CONFIG);
        equal(failure(() -> alter(cluster, resource, "min.insync.replicas", "0", AlterConfigOp.OpType.SET)), "InvalidConfigurationException");
        equal(failure(() -> alter(cluster, new ConfigResource(ConfigResource.Type.TOPIC, Cluster.name()), "retention.ms", "1", AlterConfigOp.OpType.SET)),
            "UnknownTopicOrPartitionException");
        check(config(cluster, resource).entries().size() >= 30, "every topic config is described: " + config(cluster, resource).entries().size());
    }

    private static void alter(Cluster cluster, ConfigResource resource, String key, String value, AlterConfigOp.OpType kind) throws Exception {
        cluster.admin.incrementalAlterConfigs(Map.of(resource, List.of(new AlterConfigOp(new ConfigEntry(key, value), kind)))).all().get();
    }

    private static Config config(Cluster cluster, ConfigResource resource) throws Exception {
        return cluster.admin.describeConfigs(List.of(resource)).all().get().get(resource);
    }

    private static void brokerConfigs(Cluster cluster) throws Exception {
        ConfigResource one = new ConfigResource(ConfigResource.Type.BROKER, "1");
        ConfigResource all = new ConfigResource(ConfigResource.Type.BROKER, "");
        alter(cluster, all, "log.retention.ms", "7777777", AlterConfigOp.OpType.SET);
        waitFor("the cluster default", () -> config(cluster, one).get("log.retention.ms").source() == ConfigEntry.ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG);
        alter(cluster, one, "log.retention.ms", "8888888", AlterConfigOp.OpType.SET);
        waitFor("the broker's own", () -> "8888888".equals(config(cluster, one).get("log.retention.ms").value()));
        alter(cluster, one, "log.retention.ms", null, AlterConfigOp.OpType.DELETE);
        alter(cluster, all, "log.retention.ms", null, AlterConfigOp.OpType.DELETE);
        equal(failure(() -> alter(cluster, one, "log.dirs", "/elsewhere", AlterConfigOp.OpType.SET)), "InvalidRequestException");
        check(config(cluster, one).get("log.dirs").isReadOnly(), "log.dirs is read-only");
    }

    private static void resources(Cluster cluster) throws Exception {
        String name = cluster.topic(1, Map.of());
        waitFor("the topic", () -> cluster.admin.listConfigResources(java.util.Set.of(ConfigResource.Type.TOPIC), new org.apache.kafka.clients.admin.ListConfigResourcesOptions())
            .all().get().contains(new ConfigResource(ConfigResource.Type.TOPIC, name)));
    }

    private static void deleted(Cluster cluster) throws Exception {
        String name = cluster.topic(1, Map.of());
        write(cluster, name, 10);
        TopicPartition where = new TopicPartition(name, 0);
        equal(cluster.admin.deleteRecords(Map.of(where, RecordsToDelete.beforeOffset(4))).lowWatermarks().get(where).get().lowWatermark(), 4L);
        equal(cluster.read(name, 0, -1).get(0).offset(), 4L);
        equal(failure(() -> cluster.admin.deleteRecords(Map.of(where, RecordsToDelete.beforeOffset(11))).all().get()), "OffsetOutOfRangeException");
        equal(cluster.admin.deleteRecords(Map.of(where, RecordsToDelete.beforeOffset(-1))).lowWatermarks().get(where).get().lowWatermark(), 10L);
    }

    private static void write(Cluster cluster, String topic, int count) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = cluster.producer(Map.of())) {
            for (int number = 0; number < count; number++) {
                producer.send(new ProducerRecord<>(topic, 0, 1_700_000_000_000L + (number * 7 % count) * 1000L, null, new byte[10])).get();
            }
        }
    }

    private static void offsets(Cluster cluster) throws Exception {
        String name = cluster.topic(1, Map.of());
        write(cluster, name, 10);
        TopicPartition where = new TopicPartition(name, 0);
        Map<OffsetSpec, Long> wanted = new HashMap<>();
        wanted.put(OffsetSpec.earliest(), 0L);
        wanted.put(OffsetSpec.latest(), 10L);
        wanted.put(OffsetSpec.maxTimestamp(), 7L);
        wanted.put(OffsetSpec.earliestLocal(), 0L);
        wanted.put(OffsetSpec.latestTiered(), -1L);
        wanted.put(OffsetSpec.forTimestamp(1_700_000_009_000L), 7L);
        for (Map.Entry<OffsetSpec, Long> entry : wanted.entrySet()) {
            equal(entry.getKey().getClass().getSimpleName() + cluster.admin.listOffsets(Map.of(where, entry.getKey())).all().get().get(where).offset(),
                entry.getKey().getClass().getSimpleName() + entry.getValue());
        }
    }

    private static void described(Cluster cluster) throws Exception {
        DescribeClusterResult result = cluster.admin.describeCluster(new org.apache.kafka.clients.admin.DescribeClusterOptions().includeAuthorizedOperations(true));
        equal(result.nodes().get().stream().map(node -> node.host() + ":" + node.port()).sorted().toList(), java.util.Arrays.stream(cluster.bootstrap.split(",")).sorted().toList());
        check(result.clusterId().get().length() == 22, "a cluster id");
        check(result.authorizedOperations().get() != null && !result.authorizedOperations().get().isEmpty(), "authorized operations");
    }

    private static void directories(Cluster cluster) throws Exception {
        String name = cluster.topic(1, Map.of());
        write(cluster, name, 5);
        Map<String, LogDirDescription> found = cluster.admin.describeLogDirs(List.of(1)).allDescriptions().get().get(1);
        equal(found.size(), 1);
        LogDirDescription only = found.values().iterator().next();
        check(only.error() == null, "online");
        check(only.replicaInfos().get(new TopicPartition(name, 0)).size() > 0, "a size");
        check(only.totalBytes().getAsLong() > 0 && only.usableBytes().getAsLong() > 0, "volume bytes");
    }

    private static void producers(Cluster cluster) throws Exception {
        String name = cluster.topic(1, Map.of());
        write(cluster, name, 3);
        TopicPartition where = new TopicPartition(name, 0);
        ProducerState only = cluster.admin.describeProducers(List.of(where)).all().get().get(where).activeProducers().get(0);
        equal(only.lastSequence(), 2);
        equal(only.producerEpoch(), 0);
    }

    private static void quorum(Cluster cluster) throws Exception {
        QuorumInfo found = cluster.admin.describeMetadataQuorum().quorumInfo().get();
        equal(found.voters().stream().map(QuorumInfo.ReplicaState::replicaId).sorted().toList(), Cluster.NODES);
        check(Cluster.NODES.contains(found.leaderId()), "a leader");
        check(found.highWatermark() > 0, "a high watermark");
    }
}
