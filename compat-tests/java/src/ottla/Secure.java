package ottla;

import com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;

/** A record there and back for each case on standard input (compat-tests/security/speakers.py says what a case is). */
public final class Secure {
    private static final String MODULE = "org.apache.kafka.common.security.";
    private static final ObjectMapper JSON = new ObjectMapper();

    private Secure() {
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            Map<?, ?> one = JSON.readValue(line, Map.class);
            Map<String, Object> outcome = new HashMap<>();
            outcome.put("case", one.get("case"));
            try {
                thereAndBack(one, outcome);
                outcome.put("error", null);
            } catch (Exception error) {
                outcome.put("error", said(error));
            }
            System.out.println(JSON.writeValueAsString(outcome));
        }
    }

    /** What the innermost of Kafka's own exceptions is called and says. */
    private static String said(Throwable error) {
        Throwable shown = error;
        while (shown.getCause() != null && (shown instanceof ExecutionException || shown.getCause().getClass().getName().startsWith("org.apache.kafka"))) {
            shown = shown.getCause();
        }
        return shown.getClass().getSimpleName() + ": " + shown.getMessage();
    }

    private static void thereAndBack(Map<?, ?> one, Map<String, Object> outcome) throws Exception {
        String topic = (String) one.get("topic");
        String value = (String) one.get("case");
        Map<String, Object> producing = settings(one);
        producing.putAll(Map.of("max.block.ms", 40_000, "delivery.timeout.ms", 40_000, "request.timeout.ms", 10_000));
        if (one.get("stays_s") != null) {
            producing.putAll(Map.of("retries", 0, "enable.idempotence", false));
        }
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(producing, new StringSerializer(), new StringSerializer())) {
            if (one.get("stays_s") instanceof Number seconds) {
                stay(producer, topic, seconds.longValue());
                outcome.put("throttled_ms", throttled(producer));
            }
            producer.send(new ProducerRecord<>(topic, 0, null, value)).get();
        }
        TopicPartition where = new TopicPartition(topic, 0);
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings(one), new StringDeserializer(), new StringDeserializer())) {
            consumer.assign(List.of(where));
            consumer.seekToBeginning(List.of(where));
            long deadline = System.nanoTime() + 40_000_000_000L;
            while (System.nanoTime() < deadline) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                    if (record.value().equals(value)) {
                        return;
                    }
                }
            }
            throw new IllegalStateException("the record did not come back");
        }
    }

    private static void stay(KafkaProducer<String, String> producer, String topic, long seconds) throws Exception {
        String record = "x".repeat(10_000);
        long deadline = System.nanoTime() + seconds * 1_000_000_000L;
        while (System.nanoTime() < deadline) {
            producer.send(new ProducerRecord<>(topic, 0, null, record)).get();
            Thread.sleep(10);
        }
    }

    private static double throttled(KafkaProducer<String, String> producer) {
        return producer.metrics().entrySet().stream()
            .filter(metric -> metric.getKey().name().equals("produce-throttle-time-max"))
            .mapToDouble(metric -> (double) metric.getValue().metricValue())
            .max().orElse(0);
    }

    private static Map<String, Object> settings(Map<?, ?> one) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", one.get("bootstrap"));
        settings.put("security.protocol", one.get("protocol"));
        settings.put("default.api.timeout.ms", 40_000);
        if (one.get("ca") != null) {
            settings.put("ssl.truststore.type", "PEM");
            settings.put("ssl.truststore.location", one.get("ca"));
        }
        if (one.get("both") != null) {
            settings.put("ssl.keystore.type", "PEM");
            settings.put("ssl.keystore.location", one.get("both"));
        }
        if (one.get("mechanism") != null) {
            login(one, settings);
        }
        return settings;
    }

    private static void login(Map<?, ?> one, Map<String, Object> settings) {
        String mechanism = (String) one.get("mechanism");
        settings.put("sasl.mechanism", mechanism);
        if (mechanism.equals("OAUTHBEARER")) {
            String url = "file://" + one.get("token_file");
            System.setProperty("org.apache.kafka.sasl.oauthbearer.allowed.urls", url);
            settings.put("sasl.oauthbearer.token.endpoint.url", url);
            settings.put("sasl.login.callback.handler.class", MODULE + "oauthbearer.OAuthBearerLoginCallbackHandler");
            settings.put("sasl.jaas.config", MODULE + "oauthbearer.OAuthBearerLoginModule required;");
            return;
        }
        String module = mechanism.equals("PLAIN") ? "plain.PlainLoginModule" : "scram.ScramLoginModule";
        String token = Boolean.TRUE.equals(one.get("is_delegation_token")) ? " tokenauth=\"true\"" : "";
        settings.put("sasl.jaas.config", String.format("%s%s required username=\"%s\" password=\"%s\"%s;", MODULE, module, one.get("user"), one.get("password"), token));
    }
}
