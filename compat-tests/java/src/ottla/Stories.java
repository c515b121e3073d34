package ottla;

import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;

/** The Java client's stories against the broker at args[0]; prints what story.py prints, so the runner counts them alike. */
public final class Stories {
    /** One story: fails by throwing. */
    public interface Story {
        void run() throws Exception;
    }

    private static int passed;
    private static int failed;

    public static void main(String[] arguments) throws Exception {
        Map<String, Story> stories = new LinkedHashMap<>();
        try (Cluster cluster = new Cluster(arguments[0])) {
            RecordStories.tell(cluster, stories);
            AdminStories.tell(cluster, stories);
            List<String> parts = List.of(arguments).subList(1, arguments.length);
            for (Map.Entry<String, Story> story : stories.entrySet()) {
                if (parts.isEmpty() || parts.stream().anyMatch(story.getKey()::contains)) {
                    run(story.getKey(), story.getValue());
                }
            }
        }
        System.out.printf("stories: %d passed, %d failed%n", passed, failed);
        System.exit(failed == 0 ? 0 : 1);
    }

    private static void run(String name, Story story) {
        long started = System.nanoTime();
        try {
            story.run();
            passed++;
            System.out.printf("  ok   %s (%.2f s)%n", name, (System.nanoTime() - started) / 1e9);
        } catch (Throwable problem) {
            failed++;
            System.out.printf("  FAIL %s (%.2f s)%n", name, (System.nanoTime() - started) / 1e9);
            problem.printStackTrace(System.out);
        }
    }

    static void check(boolean fact, String otherwise) {
        if (!fact) {
            throw new AssertionError(otherwise);
        }
    }

    static void equal(Object found, Object wanted) {
        check(wanted == null ? found == null : wanted.equals(found), "found " + found + ", wanted " + wanted);
    }

    /** Runs a call that must fail; returns the cause's class name. */
    static String failure(Story call) {
        try {
            call.run();
        } catch (Throwable problem) {
            Throwable cause = problem;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            return cause.getClass().getSimpleName();
        }
        return "nothing";
    }

    /** Polls until the condition holds; a topic that is not known yet is a reason to go on. */
    static void waitFor(String what, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (!holds(condition)) {
            check(System.nanoTime() < deadline, "not within 20 s: " + what);
            Thread.sleep(20);
        }
    }

    private static boolean holds(Callable<Boolean> condition) throws Exception {
        try {
            return condition.call();
        } catch (ExecutionException problem) {
            if (problem.getCause() instanceof UnknownTopicOrPartitionException) {
                return false;
            }
            throw problem;
        }
    }
}
