package ottla;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.TimestampType;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;

import static ottla.Stories.check;
import static ottla.Stories.equal;
import static ottla.Stories.failure;
import static ottla.Stories.waitFor;

/** kafka-clients: writing records, which come back as they were written. */
final class RecordStories {
    static void tell(Cluster cluster, Book book) {
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            for (String acks : List.of("0", "1", "all")) {
                for (boolean idempotent : acks.equals("all") ? new boolean[] {false, true} : new boolean[] {false}) {
                    String name = "records_come_back_as_written[" + codec + ",acks=" + acks + (idempotent ? ",idempotent]" : "]");
                    book.put(name, () -> comeBack(cluster, codec, acks, idempotent), "codec-" + codec);
                }
            }
        }
        book.put("records_of_one_key_keep_their_partition_and_order", () -> keyed(cluster), "keyed-ordering");
        book.put("headers_come_back_in_order", () -> headers(cluster), "headers");
        book.put("nulls_and_empties_come_back", () -> empties(cluster), "null-and-empty");
        book.put("a_mebibyte_goes_through", () -> mebibyte(cluster), "one-mebibyte");
        book.put("more_than_the_limit_is_refused_and_the_producer_goes_on", () -> tooLarge(cluster), "too-large");
        book.put("the_first_record_to_an_unknown_topic_is_acknowledged", () -> autoCreated(cluster), "auto-create");
        book.put("log_append_time_is_the_brokers", () -> appendTime(cluster));
        book.put("a_key_is_required_on_a_compacted_topic", () -> compacted(cluster));
        book.put("a_topic_that_asks_for_another_codec_is_recompressed_and_reads_the_same", () -> recompressed(cluster));
    }

    static byte[] bytes(String text) {
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

    private static void keyed(Cluster cluster) throws Exception {
        String topic = cluster.topic(6, Map.of());
        try (KafkaProducer<byte[], byte[]> producer = cluster.producer(Map.of("linger.ms", 2))) {
            for (int number = 0; number < 3000; number++) {
                producer.send(new ProducerRecord<>(topic, bytes("key " + number % 50), bytes("" + number)));
            }
        }
        Map<String, Integer> partitions = new HashMap<>();
        int all = 0;
        for (int partition = 0; partition < 6; partition++) {
            Map<String, Integer> last = new HashMap<>();
            for (ConsumerRecord<byte[], byte[]> found : cluster.read(topic, partition, -1)) {
                String key = new String(found.key(), StandardCharsets.UTF_8);
                int number = Integer.parseInt(new String(found.value(), StandardCharsets.UTF_8));
                equal(partitions.computeIfAbsent(key, any -> found.partition()), partition);
                Integer before = last.put(key, number);
                check(before == null || before + 50 == number, key + ": " + number + " after " + before);
                all++;
            }
        }
        equal(all, 3000);
        check(new HashSet<>(partitions.values()).size() > 1, "keys spread over partitions");
    }

    private static void headers(Cluster cluster) throws Exception {
        String topic = cluster.topic(1, Map.of());
        byte[] binary = new byte[256];
        for (int number = 0; number < 256; number++) {
            binary[number] = (byte) number;
        }
        try (KafkaProducer<byte[], byte[]> producer = cluster.producer(Map.of())) {
            ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(topic, bytes("x"));
            record.headers().add("twice", bytes("1")).add("binary", binary).add("twice", bytes("2")).add("null", null).add("empty", new byte[0]);
            producer.send(record).get();
        }
        Header[] found = cluster.read(topic, 0, -1).get(0).headers().toArray();
        equal(Arrays.stream(found).map(Header::key).toList(), List.of("twice", "binary", "twice", "null", "empty"));
        equal(new String(found[0].value()) + new String(found[2].value()), "12");
        check(Arrays.equals(found[1].value(), binary), "every byte");
        check(found[3].value() == null && found[4].value().length == 0, "null and empty");
    }

    private static void empties(Cluster cluster) throws Exception {
        String topic = cluster.topic(1, Map.of());
        try (KafkaProducer<byte[], byte[]> producer = cluster.producer(Map.of())) {
            producer.send(new ProducerRecord<>(topic, null, new byte[0])).get();
            producer.send(new ProducerRecord<>(topic, new byte[0], null)).get();
        }
        List<ConsumerRecord<byte[], byte[]>> found = cluster.read(topic, 0, -1);
        check(found.get(0).key() == null && found.get(0).value().length == 0, "null key, empty value");
        check(found.get(1).key().length == 0 && found.get(1).value() == null, "empty key, null value");
    }

    private static void mebibyte(Cluster cluster) throws Exception {
        String topic = cluster.topic(1, Map.of());
        byte[] value = new byte[1_048_000];
        Arrays.fill(value, (byte) 'm');
        try (KafkaProducer<byte[], byte[]> producer = cluster.producer(Map.of("max.request.size", 4_000_000))) {
            producer.send(new ProducerRecord<>(topic, value)).get();
        }
        check(Arrays.equals(cluster.read(topic, 0, -1).get(0).value(), value), "the same");
    }

    private static void tooLarge(Cluster cluster) throws Exception {
        String topic = cluster.topic(1, Map.of());
        try (KafkaProducer<byte[], byte[]> producer = cluster.producer(Map.of("max.request.size", 4_000_000))) {
            equal(failure(() -> producer.send(new ProducerRecord<>(topic, new byte[2_000_000])).get()), "RecordTooLargeException");
            producer.send(new ProducerRecord<>(topic, bytes("goes on"))).get();
        }
        equal(cluster.read(topic, 0, -1).size(), 1);
    }

    private static void autoCreated(Cluster cluster) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = cluster.producer(Map.of())) {
            equal(producer.send(new ProducerRecord<>(Cluster.name(), bytes("hi"))).get().offset(), 0L);
        }
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

}
