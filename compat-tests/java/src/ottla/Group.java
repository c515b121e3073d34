package ottla;

import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

import static ottla.Stories.check;

/** A group on one topic. Its members in this JVM are polled in turns by one thread, commit what they read, and never own a partition together. */
final class Group implements AutoCloseable {
    final String id = "group-" + Cluster.name();
    final String topic;
    final Set<String> values = new HashSet<>();
    final Map<String, Integer> revoked = new HashMap<>();

    private final Cluster cluster;
    private final String assignor;
    private final Map<String, KafkaConsumer<byte[], byte[]>> members = new HashMap<>();
    private final List<Process> processes = new ArrayList<>();

    Group(Cluster cluster, String topic, Class<?> assignor) {
        this.cluster = cluster;
        this.topic = topic;
        this.assignor = assignor.getName();
    }

    static Map<String, Object> settings(String group, String assignor) {
        return Map.of("group.id", group, "auto.offset.reset", "earliest", "session.timeout.ms", 6000, "heartbeat.interval.ms", 300,
            "partition.assignment.strategy", assignor, "fetch.max.wait.ms", 50);
    }

    KafkaConsumer<byte[], byte[]> join(String name, Map<String, Object> more) {
        Map<String, Object> settings = new HashMap<>(settings(id, assignor));
        settings.putAll(more);
        KafkaConsumer<byte[], byte[]> member = cluster.consumer(settings);
        member.subscribe(List.of(topic), new ConsumerRebalanceListener() {
            @Override
            public void onPartitionsAssigned(Collection<TopicPartition> added) { }

            @Override
            public void onPartitionsRevoked(Collection<TopicPartition> gone) {
                revoked.merge(name, gone.size(), Integer::sum);
            }
        });
        members.put(name, member);
        return member;
    }

    void leave(String name) {
        members.remove(name).close();
    }

    /** A member in a process of its own; returns once it owns so many partitions, the others being polled meanwhile. */
    Process joinDoomed(int owns) throws IOException {
        String java = System.getProperty("java.home") + "/bin/java";
        String[] jvm = {java, "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path")};
        List<String> command = new ArrayList<>(List.of(jvm));
        command.addAll(List.of("ottla.Doomed", cluster.bootstrap, id, topic, assignor));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        processes.add(process);
        BufferedReader lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        for (String line = ""; !line.equals("owns " + owns); line = lines.ready() ? lines.readLine() : "") {
            check(process.isAlive(), "the other process ended");
            pollOnce();
        }
        return process;
    }

    /** Polls until the members own these many partitions each, in any order,. */
    void settle(Integer... sizes) {
        List<Integer> wanted = List.of(sizes);
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (!sizes().equals(wanted)) {
            check(System.nanoTime() < deadline, "not within 30 s: " + wanted + ", but " + owned());
            pollOnce();
        }
    }

    private List<Integer> sizes() {
        return members.values().stream().map(member -> member.assignment().size()).sorted().toList();
    }

    private Map<String, Set<Integer>> owned() {
        Map<String, Set<Integer>> owned = new HashMap<>();
        members.forEach((name, member) -> owned.put(name, partitions(member)));
        return owned;
    }

    static Set<Integer> partitions(KafkaConsumer<?, ?> member) {
        Set<Integer> partitions = new TreeSet<>();
        member.assignment().forEach(partition -> partitions.add(partition.partition()));
        return partitions;
    }

    /** Polls until so many different values have been read. */
    void read(int count) {
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (values.size() < count) {
            check(System.nanoTime() < deadline, "not within 30 s: " + count + " values, but " + values.size());
            pollOnce();
        }
    }

    void pollOnce() {
        for (KafkaConsumer<byte[], byte[]> member : members.values()) {
            for (ConsumerRecord<byte[], byte[]> record : member.poll(Duration.ofMillis(20))) {
                values.add(new String(record.value(), StandardCharsets.UTF_8));
            }
            try {
                member.commitSync();
            } catch (RebalanceInProgressException | CommitFailedException rebalance) {
                // what was read is read again by the next owner
            }
        }
        int all = owned().values().stream().mapToInt(Set::size).sum();
        int different = (int) owned().values().stream().flatMap(Set::stream).distinct().count();
        check(all == different, "owned twice: " + owned());
    }

    @Override
    public void close() {
        processes.forEach(Process::destroyForcibly);
        members.values().forEach(KafkaConsumer::close);
    }
}
