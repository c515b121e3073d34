package ottla;

import org.apache.kafka.clients.consumer.KafkaConsumer;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/** A member in a JVM of its own that reads, never commits, and is going to be killed. Says `owns N` whenever it has been assigned N partitions. */
public final class Doomed {
    public static void main(String[] arguments) {
        Map<String, Object> settings = Group.settings(arguments[1], arguments[3]);
        try (Cluster cluster = new Cluster(arguments[0]); KafkaConsumer<byte[], byte[]> consumer = cluster.consumer(settings)) {
            consumer.subscribe(List.of(arguments[2]));
            int said = 0;
            while (true) {
                consumer.poll(Duration.ofMillis(100));
                if (consumer.assignment().size() != said) {
                    said = consumer.assignment().size();
                    System.out.println("owns " + said);
                }
            }
        }
    }
}
