package ottla;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.TimestampType;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

import static ottla.Stories.check;
import static ottla.Stories.equal;
import static ottla.Stories.failure;
import static ottla.Stories.waitFor;

/** kafka-clients: writing and reading records. */
final class RecordStories {
    static void tell(Cluster cluster, Map<String, Stories.Story> stories) {
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            for (String acks : List.of("0", "1", "all")) {
                for (boolean idempotent : acks.equals("all") ? new boolean[] {false, true} : new boolean[] {false}) {
                    String name = "records_come_back_as_written[" + codec + ",acks=" + acks + (idempotent ? ",idempotent]" : "]");
                    stories.put(name, () -> comeBack(cluster, codec, acks, idempotent));
                }
            }
        }
        stories.put("headers_nulls_and_empties_come_back", () -> headers(cluster));
        stories.put("the_first_record_to_an_unknown_topic_is_acknowledged", () -> autoCreated(cluster));
        stories.put("a_mebibyte_goes_through_and_more_than_the_limit_is_refused", () -> large(cluster));
        stories.put("records_are_found_by_time", () -> byTime(cluster));
        stories.put("log_append_time_is_the_brokers", () -> appendTime(cluster));
        stories.put("a_key_is_required_on_a_compacted_topic", () -> compacted(cluster));
        stories.put("an_offset_out_of_range_is_an_error_without_a_reset", () -> outOfRange(cluster));
        stories.put("a_topic_that_asks_for_another_codec_is_recompressed_and_reads_the_same", () -> recompressed(cluster));
        stories.put("many_partitions_are_read_in_one_session", () -> manyPartitions(cluster));
        stories.put("a_long_poll_wakes_for_a_new_record", () -> longPoll(cluster));
        stories.put("a_read_committed_consumer_reads_plain_records", () -> readCommitted(cluster));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void comeBack(Cluster cluster, String codec, String acks, boolean idempotent) throws Exception {
        String topic = cluster.topic(1, Map.of());
        int count = 1000;
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        Map<String, Object> settings = Map.of("compression.type", codec, "acks", acks, "enable.idempotence", idempotent, "linger.ms", 2);
        try (KafkaProducer<byte[], byte[]> producer = cluster.producer(settings)) {
            for (int number = 0; number < count; number++) {
                sent.add(producer.send(new ProducerRecord<>(topic, bytes("key " + number), bytes("value " + number + " ".repeat(number % 200)))));
            }
        }
        for (int number = 0; number < count; number++) {
            equal(sent.get(number).get().offset(), acks.equals("0") ? -1L : (long) number);
        }
        waitFor("all records", () -> cluster.read(topic, 0, -1).size() == count);
        List<ConsumerRecord<byte[], byte[]>> found = cluster.read(topic, 0, -1);
        for (int number = 0; number < count; number++) {
            equal(found.get(number).offset(), (long) number);
            equal(new String(found.get(number).key(), StandardCharsets.UTF_8), "key " + number);
            equal(new String(found.get(number).value(), StandardCharsets.UTF_8), "value " + number + " ".repeat(number % 200));
        }
    }

    private static void headers(Cluster cluster) throws Exception {
        String topic = cluster.topic(1, Map.of());
        try (KafkaProducer<byte[], byte[]> producer = cluster.producer(Map.of())) {
            ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(topic, null, new byte[0]);
            record.headers().add("twice", bytes("1")).add("twice", bytes("2")).add("null", null).add("empty", new byte[0]);
            producer.send(record).get();
            producer.send(new ProducerRecord<>(topic, new byte[0], null)).get();
        }
        List<ConsumerRecord<byte[], byte[]>> found = cluster.read(topic, 0, -1);
        equal(Arrays.stream(found.get(0).headers().toArray()).map(header -> header.key() + "=" + (header.value() == null ? null : new String(header.value()))).toList(),
            List.of("twice=1", "twice=2", "null=null", "empty="));
        check(found.get(0).key() == null && found.get(0).value().length == 0, "null key, empty value");
        check(found.get(1).key().length == 0 && found.get(1).value() == null, "empty key, null value");
    }

    private static void autoCreated(Cluster cluster) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = cluster.producer(Map.of())) {
            equal(producer.send(new ProducerRecord<>(Cluster.name(), bytes("hi"))).get().offset(), 0L);
        }
    }

    private static void large(Cluster cluster) throws Exception {
        String topic = cluster.topic(1, Map.of());
        try (KafkaProducer<byte[], byte[]> producer = cluster.producer(Map.of("max.request.size", 4_000_000))) {
            producer.send(new ProducerRecord<>(topic, new byte[1_048_000])).get();
            equal(failure(() -> producer.send(new ProducerRecord<>(topic, new byte[2_000_000])).get()), "RecordTooLargeException");
        }
        equal(cluster.read(topic, 0, -1).get(0).value().length, 1_048_000);
    }

    private static void byTime(Cluster cluster) throws Exception {
        String topic = cluster.topic(1, Map.of());
        long now = System.currentTimeMillis();
        try (KafkaProducer<byte[], byte[]> producer = cluster.producer(Map.of())) {
            for (int number = 0; number < 10; number++) {
                producer.send(new ProducerRecord<>(topic, 0, now - 10_000 + number * 1000L, null, bytes("" + number))).get();
            }
        }
        TopicPartition where = new TopicPartition(topic, 0);
        try (KafkaConsumer<byte[], byte[]> consumer = cluster.consumer(Map.of())) {
            OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(where, now - 10_000 + 4500)).get(where);
            equal(found.offset(), 5L);
            equal(found.timestamp(), now - 5_000);
            equal(consumer.offsetsForTimes(Map.of(where, now + 60_000)).get(where), null);
            equal(consumer.beginningOffsets(List.of(where)).get(where), 0L);
            equal(consumer.endOffsets(List.of(where)).get(where), 10L);
        }
        equal(cluster.read(topic, 0, 7).size(), 3);
    }

    private static void appendTime(Cluster cluster) throws Exception {
        String topic = cluster.topic(1, Map.of("message.timestamp.type", "LogAppendTime"));
        long before = System.currentTimeMillis();
        RecordMetadata metadata;
        try (KafkaProducer<byte[], byte[]> producer = cluster.producer(Map.of("compression.type", "lz4"))) {
            metadata = producer.send(new ProducerRecord<>(topic, 0, 5L, null, bytes("x"))).get();
        }
        check(metadata.timestamp() >= before - 1000, "the answer carries the broker's time: " + metadata.timestamp());
        ConsumerRecord<byte[], byte[]> found = cluster.read(topic, 0, -1).get(0);
        equal(found.timestampType(), TimestampType.LOG_APPEND_TIME);
        equal(found.timestamp(), metadata.timestamp());
    }

    private static void compacted(Cluster cluster) throws Exception {
        String topic = cluster.topic(1, Map.of("cleanup.policy", "compact"));
        try (KafkaProducer<byte[], byte[]> producer = cluster.producer(Map.of())) {
            equal(failure(() -> producer.send(new ProducerRecord<>(topic, bytes("no key"))).get()), "InvalidRecordException");
            producer.send(new ProducerRecord<>(topic, bytes("key"), bytes("value"))).get();
        }
        equal(cluster.read(topic, 0, -1).size(), 1);
    }

    private static void outOfRange(Cluster cluster) throws Exception {
        String topic = cluster.topic(1, Map.of());
        TopicPartition where = new TopicPartition(topic, 0);
        try (KafkaConsumer<byte[], byte[]> consumer = cluster.consumer(Map.of())) {
            consumer.assign(List.of(where));
            consumer.seek(where, 100);
            equal(failure(() -> {
                for (int attempt = 0; attempt < 50; attempt++) {
                    consumer.poll(Duration.ofMillis(200));
                }
            }), "OffsetOutOfRangeException");
        }
    }

    private static void recompressed(Cluster cluster) throws Exception {
        for (String wanted : List.of("uncompressed", "gzip", "snappy", "lz4", "zstd")) {
            String topic = cluster.topic(1, Map.of("compression.type", wanted));
            String sent = wanted.equals("gzip") ? "zstd" : "gzip";
            try (KafkaProducer<byte[], byte[]> producer = cluster.producer(Map.of("compression.type", sent, "linger.ms", 50))) {
                for (int number = 0; number < 300; number++) {
                    producer.send(new ProducerRecord<>(topic, bytes("k" + number), bytes("the same text " + number)));
                }
            }
            List<ConsumerRecord<byte[], byte[]>> found = cluster.read(topic, 0, -1);
            equal(found.size(), 300);
            for (int number = 0; number < 300; number++) {
                equal(new String(found.get(number).value(), StandardCharsets.UTF_8), "the same text " + number);
            }
        }
    }

    private static void manyPartitions(Cluster cluster) throws Exception {
        String topic = cluster.topic(50, Map.of());
        try (KafkaProducer<byte[], byte[]> producer = cluster.producer(Map.of("linger.ms", 5));
             KafkaConsumer<byte[], byte[]> consumer = cluster.consumer(Map.of())) {
            List<TopicPartition> all = new ArrayList<>();
            for (int partition = 0; partition < 50; partition++) {
                all.add(new TopicPartition(topic, partition));
            }
            consumer.assign(all);
            consumer.seekToBeginning(all);
            int found = 0;
            for (int round = 1; round <= 5; round++) {
                for (int number = 0; number < 200; number++) {
                    producer.send(new ProducerRecord<>(topic, number % 50, null, bytes(round + "/" + number)));
                }
                producer.flush();
                long deadline = System.nanoTime() + 20_000_000_000L;
                while (found < round * 200) {
                    check(System.nanoTime() < deadline, "round " + round + ": " + found + " records");
                    found += consumer.poll(Duration.ofMillis(200)).count();
                }
            }
            equal(found, 1000);
        }
    }

    private static void longPoll(Cluster cluster) throws Exception {
        String topic = cluster.topic(1, Map.of());
        TopicPartition where = new TopicPartition(topic, 0);
        try (KafkaConsumer<byte[], byte[]> consumer = cluster.consumer(Map.of("fetch.max.wait.ms", 10_000));
             KafkaProducer<byte[], byte[]> producer = cluster.producer(Map.of())) {
            consumer.assign(List.of(where));
            consumer.seek(where, 0);
            consumer.poll(Duration.ofMillis(500));
            long started = System.nanoTime();
            producer.send(new ProducerRecord<>(topic, bytes("now"))).get();
            int found = 0;
            while (found == 0 && System.nanoTime() - started < 9_000_000_000L) {
                found = consumer.poll(Duration.ofSeconds(9)).count();
            }
            equal(found, 1);
            check(System.nanoTime() - started < 5_000_000_000L, "the long poll did not wake");
        }
    }

    private static void readCommitted(Cluster cluster) throws ExecutionException, InterruptedException, Exception {
        String topic = cluster.topic(1, Map.of());
        TopicPartition where = new TopicPartition(topic, 0);
        try (KafkaProducer<byte[], byte[]> producer = cluster.producer(Map.of());
             KafkaConsumer<byte[], byte[]> consumer = cluster.consumer(Map.of("isolation.level", "read_committed"))) {
            producer.send(new ProducerRecord<>(topic, bytes("plain"))).get();
            consumer.assign(List.of(where));
            consumer.seekToBeginning(List.of(where));
            equal(consumer.endOffsets(List.of(where)).get(where), 1L);
            waitFor("the record", () -> consumer.poll(Duration.ofMillis(500)).count() == 1);
        }
    }
}
