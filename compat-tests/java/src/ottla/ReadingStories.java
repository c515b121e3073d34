package ottla;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import static ottla.RecordStories.bytes;
import static ottla.Stories.check;
import static ottla.Stories.equal;
import static ottla.Stories.failure;
import static ottla.Stories.waitFor;

/** kafka-clients: reading by assignment, from where one wants to. */
final class ReadingStories {
    static void tell(Cluster cluster, Book book) {
        book.put("reading_from_the_earliest_offset_yields_everything", () -> earliest(cluster), "from-earliest");
        book.put("reading_from_the_latest_offset_yields_what_is_written_afterwards", () -> latest(cluster), "from-latest");
        book.put("reading_from_an_offset_yields_that_record_first", () -> offset(cluster), "from-offset");
        book.put("records_are_found_by_time", () -> byTime(cluster), "from-timestamp");
        book.put("an_offset_out_of_range_is_an_error_without_a_reset", () -> outOfRange(cluster));
        book.put("many_partitions_are_read_in_one_session", () -> manyPartitions(cluster));
        book.put("a_long_poll_wakes_for_a_new_record", () -> longPoll(cluster));
        book.put("a_read_committed_consumer_reads_plain_records", () -> readCommitted(cluster));
    }

    private static String written(Cluster cluster, int count) throws Exception {
        String topic = cluster.topic(1, Map.of());
        write(cluster, topic, 0, count);
        return topic;
    }

    private static void write(Cluster cluster, String topic, int from, int to) {
        try (KafkaProducer<byte[], byte[]> producer = cluster.producer(Map.of("linger.ms", 2))) {
            for (int number = from; number < to; number++) {
                producer.send(new ProducerRecord<>(topic, bytes("" + number)));
            }
        }
    }

    private static List<Integer> numbers(Iterable<ConsumerRecord<byte[], byte[]>> records) {
        List<Integer> found = new ArrayList<>();
        records.forEach(record -> found.add(Integer.parseInt(new String(record.value(), StandardCharsets.UTF_8))));
        return found;
    }

    private static void earliest(Cluster cluster) throws Exception {
        String topic = written(cluster, 100);
        TopicPartition where = new TopicPartition(topic, 0);
        try (KafkaConsumer<byte[], byte[]> consumer = cluster.consumer(Map.of("auto.offset.reset", "earliest"))) {
            consumer.assign(List.of(where));
            List<Integer> found = new ArrayList<>();
            waitFor("all", () -> {
                found.addAll(numbers(consumer.poll(Duration.ofMillis(200))));
                return found.size() >= 100;
            });
            equal(found.get(0), 0);
            equal(found.size(), 100);
        }
    }

    private static void latest(Cluster cluster) throws Exception {
        String topic = written(cluster, 5);
        TopicPartition where = new TopicPartition(topic, 0);
        try (KafkaConsumer<byte[], byte[]> consumer = cluster.consumer(Map.of("auto.offset.reset", "latest"))) {
            consumer.assign(List.of(where));
            equal(consumer.position(where), 5L);
            write(cluster, topic, 5, 8);
            List<Integer> found = new ArrayList<>();
            waitFor("the new ones", () -> {
                found.addAll(numbers(consumer.poll(Duration.ofMillis(200))));
                return found.size() >= 3;
            });
            equal(found, List.of(5, 6, 7));
        }
    }

    private static void offset(Cluster cluster) throws Exception {
        String topic = written(cluster, 10);
        equal(numbers(cluster.read(topic, 0, 7)), List.of(7, 8, 9));
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
            consumer.assign(List.of(where));
            consumer.seek(where, found.offset());
            waitFor("the first record at or after it", () -> {
                List<Integer> read = numbers(consumer.poll(Duration.ofMillis(200)));
                return !read.isEmpty() && read.get(0) == 5;
            });
            equal(consumer.beginningOffsets(List.of(where)).get(where), 0L);
            equal(consumer.endOffsets(List.of(where)).get(where), 10L);
        }
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

    private static void readCommitted(Cluster cluster) throws Exception {
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
