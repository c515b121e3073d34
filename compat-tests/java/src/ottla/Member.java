package ottla;

import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * One member of a group. For each partition that it owns it commits a number, one more each time, beginning with one more than
 * what is stored. After a failed call it looks up again what is stored, since a commit may have been carried out unanswered.
 */
final class Member implements Runnable, ConsumerRebalanceListener {
    private static final Duration PAUSE = Duration.ofMillis(200);

    private final String name;
    private final String topic;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Map<TopicPartition, Long> next = new HashMap<>();
    private volatile boolean leaving;

    private Member(String name, Map<String, String> settings) {
        this.name = name;
        this.topic = settings.get("topic");
        boolean cooperative = settings.get("strategy").equals("cooperative-sticky");
        Map<String, Object> all = new HashMap<>(Map.of(
            "bootstrap.servers", settings.get("bootstrap"), "group.id", settings.get("group"), "client.id", name,
            "enable.auto.commit", false, "auto.offset.reset", "earliest",
            "session.timeout.ms", settings.get("session_ms"), "heartbeat.interval.ms", settings.get("heartbeat_ms"),
            "partition.assignment.strategy", (cooperative ? CooperativeStickyAssignor.class : RangeAssignor.class).getName()));
        all.putAll(Map.of("reconnect.backoff.max.ms", 200, "retry.backoff.ms", 50, "retry.backoff.max.ms", 200, "default.api.timeout.ms", 5000));
        this.consumer = new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    static Member started(String name, Map<String, String> settings) {
        Member member = new Member(name, settings);
        Thread thread = new Thread(member, name);
        thread.setDaemon(true);
        thread.start();
        return member;
    }

    void leave() {
        leaving = true;
    }

    @Override
    public void run() {
        try (consumer) {
            consumer.subscribe(List.of(topic), this);
            while (!leaving) {
                consumer.poll(PAUSE);
                attempt(this::adopt);
                attempt(this::commit);
            }
        } catch (RuntimeException problem) {
            say("failed " + name + " " + problem);
        }
        say("left " + name);
    }

    /** An error means that the broker is away, or that another generation has begun. */
    private void attempt(Runnable call) {
        try {
            call.run();
        } catch (KafkaException problem) {
            next.clear();
        }
    }

    private void adopt() {
        Set<TopicPartition> adopted = new HashSet<>(consumer.assignment());
        adopted.removeAll(next.keySet());
        if (adopted.isEmpty()) {
            return;
        }
        long began = micros();
        Map<TopicPartition, OffsetAndMetadata> found = consumer.committed(adopted);
        Map<TopicPartition, Long> stored = new HashMap<>();
        adopted.forEach(partition -> stored.put(partition, found.get(partition) == null ? 0 : found.get(partition).offset()));
        say("stored " + name + " " + began + " " + numbers(stored));
        stored.forEach((partition, offset) -> next.put(partition, offset + 1));
    }

    private void commit() {
        if (next.isEmpty()) {
            return;
        }
        int generation = consumer.groupMetadata().generationId();
        Map<TopicPartition, Long> wanted = new HashMap<>(next);
        long began = micros();
        consumer.commitSync(wanted.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, entry -> new OffsetAndMetadata(entry.getValue()))));
        say("committed " + name + " " + began + " " + generation + " " + numbers(wanted));
        wanted.forEach((partition, offset) -> next.put(partition, offset + 1));
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> added) {
        consumer.pause(added);
        say("assigned " + name + " " + consumer.groupMetadata().generationId() + " " + partitions(consumer.assignment()));
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
        next.keySet().removeAll(revoked);
        say("revoked " + name + " " + partitions(revoked));
    }

    private static String partitions(Collection<TopicPartition> some) {
        Set<Integer> sorted = some.stream().map(TopicPartition::partition).collect(Collectors.toCollection(TreeSet::new));
        return sorted.isEmpty() ? "-" : sorted.stream().map(String::valueOf).collect(Collectors.joining(","));
    }

    private static String numbers(Map<TopicPartition, Long> some) {
        Map<Integer, Long> sorted = new TreeMap<>();
        some.forEach((partition, offset) -> sorted.put(partition.partition(), offset));
        return sorted.entrySet().stream().map(entry -> entry.getKey() + "=" + entry.getValue()).collect(Collectors.joining(","));
    }

    private static long micros() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000 + now.getNano() / 1000;
    }

    /** One whole line; many members share the stream. */
    private static void say(String event) {
        synchronized (System.out) {
            System.out.println(micros() + " " + event);
            System.out.flush();
        }
    }
}
