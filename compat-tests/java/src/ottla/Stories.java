package ottla;

import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.utils.AppInfoParser;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;

/** The Java client's stories against the broker at BOOTSTRAP; prints what story.py prints, so the runner counts them alike (see run/program.py). */
public final class Stories {
    /** One story: fails by throwing. */
    public interface Story {
        void run() throws Exception;
    }

    /** Where run/program.py answers. */
    static final BufferedReader ANSWERS = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

    public static void main(String[] arguments) throws Exception {
        boolean well;
        try (Cluster cluster = new Cluster(System.getenv("BOOTSTRAP"))) {
            Book book = new Book();
            RecordStories.tell(cluster, book);
            ReadingStories.tell(cluster, book);
            GroupStories.tell(cluster, book);
            GroupAdminStories.tell(cluster, book);
            AdminStories.tell(cluster, book);
            well = book.tell(List.of(arguments), AppInfoParser.getVersion());
        }
        System.exit(well ? 0 : 1);
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
