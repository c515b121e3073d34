package ottla;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The clients that the stories share. */
final class Cluster implements AutoCloseable {
    /** The brokers' ids; topics have a replica on each. */
    static final List<Integer> NODES = java.util.stream.IntStream.rangeClosed(1, Integer.parseInt(System.getenv().getOrDefault("NODES", "1"))).boxed().toList();

    final String bootstrap;
    final Admin admin;

    Cluster(String bootstrap) {
        this.bootstrap = bootstrap;
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    /** A new topic's name, created with these partitions and configs. */
    String topic(int partitions, Map<String, String> configs) throws Exception {
        String name = name();
        admin.createTopics(List.of(new NewTopic(name, partitions, (short) NODES.size()).configs(configs))).all().get();
        return name;
    }

    static String name() {
        return "java-" + UUID.randomUUID();
    }

    KafkaProducer<byte[], byte[]> producer(Map<String, Object> settings) {
        Map<String, Object> all = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "delivery.timeout.ms", 30_000, "request.timeout.ms", 10_000));
        all.putAll(settings);
        return new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
    }

    KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> settings) {
        Map<String, Object> all = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "enable.auto.commit", false, "auto.offset.reset", "none"));
        all.putAll(settings);
        return new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** Every record of a partition from its start (or `from`) to its end, by assignment. */
    List<ConsumerRecord<byte[], byte[]>> read(String topic, int partition, long from) {
        TopicPartition where = new TopicPartition(topic, partition);
        List<ConsumerRecord<byte[], byte[]>> found = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of())) {
            consumer.assign(List.of(where));
            if (from < 0) {
                consumer.seekToBeginning(List.of(where));
            } else {
                consumer.seek(where, from);
            }
            long end = consumer.endOffsets(List.of(where)).get(where);
            long deadline = System.nanoTime() + 20_000_000_000L;
            while (consumer.position(where) < end) {
                Stories.check(System.nanoTime() < deadline, "read only " + found.size() + " records of " + where + ", its end is " + end);
                consumer.poll(Duration.ofMillis(200)).records(where).forEach(found::add);
            }
        }
        return found;
    }

    @Override
    public void close() {
        admin.close(Duration.ofSeconds(5));
    }
}
