package ottla;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The stories in the order they are told, and the cells of the matrix (compat-tests/stories.toml) that each proves. */
final class Book {
    private record Told(String name, Stories.Story story, List<String> proves) { }

    private static final String CLIENT = "java";

    private final List<Told> stories = new ArrayList<>();
    private int passed;
    private int failed;

    void put(String name, Stories.Story story, String... proves) {
        stories.add(new Told(name, story, List.of(proves)));
    }

    /** Runs the stories whose names have one of the parts; all of them, and says what that proves, when none is given. */
    boolean tell(List<String> parts, String version) {
        Map<String, List<String>> cells = new LinkedHashMap<>();
        for (Told told : stories) {
            if (parts.isEmpty() || parts.stream().anyMatch(told.name::contains)) {
                boolean well = run(told);
                for (String key : told.proves) {
                    List<String> failures = cells.computeIfAbsent(key, any -> new ArrayList<>());
                    if (!well) {
                        failures.add(told.name);
                    }
                }
            }
        }
        if (parts.isEmpty()) {
            System.out.println("client " + CLIENT + " " + version);
            cells.forEach((key, failures) -> System.out.println("cell " + CLIENT + " " + key + (failures.isEmpty() ? " passed" : " FAILED " + String.join(", ", failures))));
        }
        System.out.printf("stories: %d passed, %d failed%n", passed, failed);
        return failed == 0;
    }

    private boolean run(Told told) {
        long started = System.nanoTime();
        try {
            told.story.run();
            passed++;
            System.out.printf("  ok   %s (%.2f s)%n", told.name, (System.nanoTime() - started) / 1e9);
            return true;
        } catch (Throwable problem) {
            failed++;
            System.out.printf("  FAIL %s (%.2f s)%n", told.name, (System.nanoTime() - started) / 1e9);
            problem.printStackTrace(System.out);
            return false;
        }
    }
}
