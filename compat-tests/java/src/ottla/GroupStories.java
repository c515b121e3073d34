package ottla;

import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import static ottla.RecordStories.bytes;
import static ottla.Stories.check;
import static ottla.Stories.equal;
import static ottla.Stories.failure;

/** kafka-clients in classic groups: members join, leave and crash, return as static ones, and find what was committed. */
final class GroupStories {
    static void tell(Cluster cluster, Book book) {
        book.put("three_members_share_six_partitions_eagerly", () -> shared(cluster, RangeAssignor.class), "group-eager");
        book.put("three_members_share_six_partitions_cooperatively", () -> shared(cluster, CooperativeStickyAssignor.class), "group-cooperative");
        book.put("a_cooperative_member_gives_up_only_what_moves", () -> cooperative(cluster));
        book.put("round_robin_and_sticky_groups_settle", () -> otherAssignors(cluster));
        book.put("a_static_member_that_returns_keeps_its_partitions_without_a_rebalance", () -> staticMember(cluster), "static-membership");
        book.put("a_second_member_of_one_instance_fences_the_first", () -> fenced(cluster));
        book.put("offsets_committed_before_the_broker_was_killed_are_where_the_group_goes_on", () -> restarted(cluster), "commit-restart-resume");
        book.put("committed_offsets_carry_epoch_and_metadata", () -> metadata(cluster));
    }

    private static void write(Cluster cluster, String topic, int partitions, int from, int to) {
        try (KafkaProducer<byte[], byte[]> producer = cluster.producer(Map.of("linger.ms", 2))) {
            for (int number = from; number < to; number++) {
                producer.send(new ProducerRecord<>(topic, number % partitions, null, bytes("" + number)));
            }
        }
    }

    private static void shared(Cluster cluster, Class<?> assignor) throws Exception {
        String topic = cluster.topic(6, Map.of());
        write(cluster, topic, 6, 0, 60);
        try (Group group = new Group(cluster, topic, assignor)) {
            group.join("one", Map.of());
            group.settle(6);
            group.join("two", Map.of());
            group.settle(3, 3);
            Process third = group.joinDoomed(2);
            group.settle(2, 2);
            group.read(60);
            write(cluster, topic, 6, 60, 600);
            third.destroyForcibly().waitFor();
            group.settle(3, 3);
            group.read(600);
            group.leave("two");
            group.settle(6);
            write(cluster, topic, 6, 600, 660);
            group.read(660);
        }
    }

    private static void cooperative(Cluster cluster) throws Exception {
        String topic = cluster.topic(6, Map.of());
        try (Group group = new Group(cluster, topic, CooperativeStickyAssignor.class)) {
            group.join("one", Map.of());
            group.settle(6);
            group.join("two", Map.of());
            group.settle(3, 3);
            equal(group.revoked.get("one"), 3);
        }
    }

    private static void otherAssignors(Cluster cluster) throws Exception {
        String topic = cluster.topic(4, Map.of());
        for (Class<?> assignor : List.of(RoundRobinAssignor.class, StickyAssignor.class)) {
            try (Group group = new Group(cluster, topic, assignor)) {
                group.join("one", Map.of());
                group.join("two", Map.of());
                group.settle(2, 2);
            }
        }
    }

    private static void staticMember(Cluster cluster) throws Exception {
        String topic = cluster.topic(4, Map.of());
        try (Group group = new Group(cluster, topic, RangeAssignor.class)) {
            KafkaConsumer<?, ?> stays = group.join("stays", Map.of("group.instance.id", "stays"));
            KafkaConsumer<?, ?> goes = group.join("goes", Map.of("group.instance.id", "goes"));
            group.settle(2, 2);
            Set<Integer> owned = Group.partitions(goes);
            int generation = stays.groupMetadata().generationId();
            group.leave("goes");
            KafkaConsumer<?, ?> back = group.join("back", Map.of("group.instance.id", "goes"));
            group.settle(2, 2);
            equal(Group.partitions(back), owned);
            equal(back.groupMetadata().generationId(), generation);
            equal(stays.groupMetadata().generationId(), generation);
        }
    }

    private static void fenced(Cluster cluster) throws Exception {
        String topic = cluster.topic(1, Map.of());
        try (Group group = new Group(cluster, topic, RangeAssignor.class); Group same = new Group(cluster, topic, RangeAssignor.class)) {
            group.join("one", Map.of("group.instance.id", "twin"));
            group.settle(1);
            same.join("other", Map.of("group.id", group.id, "group.instance.id", "twin"));
            same.settle(1);
            equal(failure(() -> {
                for (int attempt = 0; attempt < 100; attempt++) {
                    group.pollOnce();
                }
            }), "FencedInstanceIdException");
        }
    }

    private static void restarted(Cluster cluster) throws Exception {
        String topic = cluster.topic(1, Map.of());
        write(cluster, topic, 1, 0, 10);
        TopicPartition where = new TopicPartition(topic, 0);
        String id;
        try (Group group = new Group(cluster, topic, RangeAssignor.class)) {
            id = group.id;
            KafkaConsumer<?, ?> member = group.join("one", Map.of());
            group.read(10);
            member.commitSync(Map.of(where, new OffsetAndMetadata(4)));
            killBroker();
        }
        try (Group group = new Group(cluster, topic, RangeAssignor.class)) {
            group.join("again", Map.of("group.id", id));
            group.read(6);
            equal(group.values, Set.of("4", "5", "6", "7", "8", "9"));
        }
    }

    /** Asks run/program.py. */
    private static void killBroker() throws IOException {
        System.out.println("broker kill");
        equal(Stories.ANSWERS.readLine(), "ready");
    }

    private static void metadata(Cluster cluster) throws Exception {
        String topic = cluster.topic(1, Map.of());
        TopicPartition where = new TopicPartition(topic, 0);
        try (KafkaConsumer<byte[], byte[]> consumer = cluster.consumer(Map.of("group.id", "simple-" + topic))) {
            consumer.assign(List.of(where));
            equal(consumer.committed(Set.of(where)).get(where), null);
            OffsetAndMetadata wanted = new OffsetAndMetadata(3, Optional.of(0), "words of mine");
            consumer.commitSync(Map.of(where, wanted));
            equal(consumer.committed(Set.of(where)).get(where), wanted);
            OffsetAndMetadata tooLong = new OffsetAndMetadata(4, "x".repeat(5000));
            equal(failure(() -> consumer.commitSync(Map.of(where, tooLong))), "OffsetMetadataTooLarge");
            check(consumer.committed(Set.of(where)).get(where).offset() == 3, "a refused commit changes nothing");
        }
    }
}
