package ottla;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * Members of one group in one JVM, told what to do in lines on standard input; what they do goes to standard output.
 * The lines are those of compat-tests/soak-groups/members.py. Ends, as a crash would, when standard input does.
 */
public final class Members {
    public static void main(String[] arguments) throws Exception {
        Map<String, String> settings = new HashMap<>();
        for (String argument : arguments) {
            String[] pair = argument.split("=", 2);
            settings.put(pair[0], pair[1]);
        }
        Map<String, Member> members = new HashMap<>();
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            String[] words = line.split(" ");
            switch (words[0]) {
                case "join" -> members.put(words[1], Member.started(words[1], settings));
                case "leave" -> members.remove(words[1]).leave();
                default -> throw new IllegalArgumentException("an unknown command: " + line);
            }
        }
        Runtime.getRuntime().halt(0);
    }
}
