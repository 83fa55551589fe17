package dev.stepstile.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.local.LocalStack;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The examples in {@code docs/client-java.md}: each compiles, and the first one and the operator's are run. */
class ClientDocumentTest {
    private static final Pattern EXAMPLE = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    @TempDir
    Path folder;

    private static List<String> examples() throws IOException {
        return EXAMPLE.matcher(Documents.read("client-java.md"))
                .results()
                .map((MatchResult found) -> found.group(1))
                .toList();
    }

    /** Each example is a method of one class, with what the text around it speaks of as fields. */
    private Class<?> compiled(List<String> examples, ClassLoader loader) throws Exception {
        StringBuilder source = new StringBuilder("""
                import dev.stepstile.client.*;
                import java.io.PrintStream;
                import java.net.URI;
                import java.time.*;
                import java.util.*;
                import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;

                public class Examples {
                    public static URI endpoint;
                    public static PrintStream out;
                    static StepRecord record;
                    public static StepstileClient stepstile;
                """);
        for (int i = 0; i < examples.size(); i++) {
            source.append("public static void example").append(i).append("() {\n");
            source.append(examples.get(i)
                    .replace("System.out", "out")
                    .replace("URI.create(\"http://127.0.0.1:8787\")", "endpoint"));
            source.append("}\n");
        }
        Path file = Files.writeString(folder.resolve("Examples.java"), source.append("}\n"));
        ByteArrayOutputStream errors = new ByteArrayOutputStream();
        int failed = ToolProvider.getSystemJavaCompiler()
                .run(null, null, errors, "-cp", classPath(), "-d", folder.toString(), file.toString());
        assertThat(failed).as(errors.toString(StandardCharsets.UTF_8)).isZero();
        return loader.loadClass("Examples");
    }

    /** Surefire may hand over the class path in a jar that names it. */
    private static String classPath() {
        String real = System.getProperty("surefire.test.class.path");
        return real == null ? System.getProperty("java.class.path") : real;
    }

    private static int operators(List<String> examples) {
        return examples.indexOf(examples.stream()
                .filter(example -> example.contains("PauseScope"))
                .findFirst()
                .orElseThrow());
    }

    @Test
    void compile_and_the_first_one_and_the_operators_run_as_they_say() throws Exception {
        List<String> examples = examples();
        assertThat(examples).hasSize(6);
        assertThat(examples.getFirst().lines()).as("five lines").hasSize(5);
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (URLClassLoader loader =
                        new URLClassLoader(new URL[] {folder.toUri().toURL()});
                LocalStack stack = EmbeddedStack.start(folder.resolve("stack"))) {
            Class<?> compiled = compiled(examples, loader);
            compiled.getField("endpoint").set(null, stack.endpoint());
            compiled.getField("out").set(null, new PrintStream(printed, true, StandardCharsets.UTF_8));
            compiled.getMethod("example0").invoke(null);
            try (StepstileClient client = StepstileClient.of(stack.endpoint())) {
                client.dispatch("nightly", Dispatch.of("d", List.of(Step.of("s", "no.such.handler", null))));
                for (RunEvent _ : client.follow("nightly", List.of("s"))) {} // until it has failed
                compiled.getField("stepstile").set(null, client);
                compiled.getMethod("example" + operators(examples)).invoke(null);
                assertThat(client.pauses()).extracting(Pause::reason).containsExactly("the bank is down");
            }
        }
        assertThat(printed.toString(StandardCharsets.UTF_8).lines().sorted())
                .satisfiesExactly(
                        failure -> assertThat(failure).contains("No handler is named", ": 1 steps"),
                        a -> assertThat(a).contains("key=a", "Succeeded", "{\"width\":200}"),
                        b -> assertThat(b).contains("key=b", "Succeeded", "\"text\""));
    }
}
