package dev.stepstile.local.handlers;

import static dev.stepstile.local.handlers.JavaHandlersContract.act;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import dev.stepstile.process.Reloading;
import dev.stepstile.testing.Eventually;
import dev.stepstile.testing.StackCaller;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of a stack, and of its other steps, when a user's handler ends its process, or is built anew. */
@Tag("integration")
@SuppressWarnings("NullAway.Init") // the stack and its API are started by each test, with its own class path
class HandlerProcessesTest {
    @TempDir
    Path folder;

    private final List<String> console = new CopyOnWriteArrayList<>();
    private LocalStack stack;
    private StackCaller api;

    private StackOptions options(String classPath) {
        return StackOptions.of(StackOptions.Kind.EMBEDDED, folder.resolve("stack"))
                .withConsole(console::add)
                .withUserHandlers(new UserHandlers(classPath, List.of("-Xmx64m")));
    }

    private void start(Path... classPath) {
        stack = LocalStack.start(options(
                String.join(":", List.of(classPath).stream().map(Path::toString).toList())));
        api = new StackCaller(stack.endpoint());
    }

    @AfterEach
    void stop() {
        if (stack != null) {
            stack.close();
        }
    }

    private Path acts() throws IOException {
        return HandlerJar.jar(
                folder.resolve("acts.jar"), Map.of("acme.Acts", JavaHandlersContract.source()), List.of("acme.Acts"));
    }

    /** In its first attempt it does this, later ones just return. */
    private static ObjectNode once(String key, String act) {
        ObjectNode step = act(key, act, 3);
        ((ObjectNode) step.path("input")).put("attempts", 1);
        return step;
    }

    private void outlives(String act, String said) throws Exception {
        start(acts());
        api.dispatch("run", List.of(once("mate", "wait")));
        api.await("run", "mate", "RUNNING");
        long before = pid("run", "before");

        api.dispatch("run", List.of(once("culprit", act)));

        JsonNode culprit = api.await("run", "culprit", "SUCCEEDED", "FAILED", "DEAD");
        assertThat(culprit.path("state").asText()).as(culprit.toString()).isEqualTo("SUCCEEDED");
        JsonNode first = culprit.path("attempts").path(0);
        assertThat(first.path("kind").asText()).isEqualTo("WORKER_LOST");
        assertThat(first.path("message").asText()).startsWith("The handlers' process " + said);
        long alone = culprit.path("result").path("pid").asLong();
        JsonNode mate = api.await("run", "mate", "SUCCEEDED", "FAILED", "DEAD");
        long after = pid("run", "after");
        assertThat(List.of(before, after, mate.path("result").path("pid").asLong()))
                .as("a suspect has a process of its own")
                .doesNotContain(alone)
                .doesNotHaveDuplicates();
        assertThat(after).isNotEqualTo(ProcessHandle.current().pid());
        assertThat(console)
                .singleElement()
                .satisfies(line -> assertThat(line)
                        .contains(said, "run/culprit (attempt 1)", "run/mate (attempt 1)")
                        .doesNotContain("\n"));
    }

    /** In which process a step runs. */
    private long pid(String run, String key) throws Exception {
        ObjectNode step = act(key, "none", 1);
        ((ObjectNode) step.path("input")).put("attempts", 0);
        api.dispatch(run, List.of(step));
        return api.await(run, key, "SUCCEEDED").path("result").path("pid").asLong();
    }

    @Test
    void goes_on_after_a_handler_ends_its_process() throws Exception {
        outlives("exit", "ended with status 7");
    }

    @Test
    void goes_on_after_a_handler_crashes_the_jvm() throws Exception {
        outlives("segv", "crashed");
    }

    @Test
    void goes_on_after_a_handler_fills_the_heap() throws Exception {
        outlives("heap", "ended with status 3");
    }

    /** A terminal sends the signals of Ctrl-C, and of its own end, to every process of the foreground. */
    @Test
    void goes_on_with_its_steps_when_ctrl_c_reaches_its_process() throws Exception {
        start(acts());
        api.dispatch("run", List.of(act("runs", "ctrl-c", 1)));

        JsonNode step = api.await("run", "runs", "SUCCEEDED", "FAILED", "DEAD");

        assertThat(step.path("state").asText()).as(step.toString()).isEqualTo("SUCCEEDED");
        assertThat(console).isEmpty();
    }

    @Test
    void lets_a_step_that_always_ends_its_process_die_alone() throws Exception {
        start(acts());
        api.dispatch("run", List.of(act("poison", "exit", 3), once("mate", "wait")));

        assertThat(api.await("run", "poison", "DEAD").path("error").path("kind").asText())
                .isEqualTo("WORKER_LOST");
        JsonNode mate = api.await("run", "mate", "SUCCEEDED");
        assertThat(mate.path("attempt").asInt())
                .as("lost one attempt, no second")
                .isEqualTo(2);
        assertThat(console).hasSize(3);
    }

    @Test
    void kills_the_process_of_a_suspect_that_takes_no_notice_of_its_time_limit() throws Exception {
        start(acts());
        api.dispatch("run", List.of(act("deaf", "exit-then-deaf", 2).put("timeoutSeconds", 6)));

        api.await("run", "deaf", "DEAD");

        Eventually.await(() -> String.join("\n", console).contains("run/deaf (attempt 2)"));
    }

    @Test
    void ends_its_processes_when_it_is_closed() throws Exception {
        start(acts());
        long pid = pid("run", "a");
        api.dispatch("run", List.of(act("runs", "wait", 1)));
        api.await("run", "runs", "RUNNING");

        stack.close();

        assertThat(ProcessHandle.of(pid))
                .satisfiesAnyOf(
                        gone -> assertThat(gone).isEmpty(),
                        dying -> dying.orElseThrow().onExit().get(5, TimeUnit.SECONDS));
        assertThat(console).isEmpty();
        assertThat(folder.resolve("stack/handlers")).doesNotExist();
    }

    @Test
    void is_closed_at_once_while_a_changed_class_path_is_being_loaded() throws Exception {
        Path jar = build("one");
        HandlerProcesses processes = new HandlerProcesses(
                new UserHandlers(jar.toString(), List.of()),
                folder.resolve("own"),
                Set::of,
                new Reloading(true, console::add));
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            HandlerJar.jar(
                    jar,
                    Map.of(
                            "acme.Slow",
                            "package acme; import dev.stepstile.api.*; public class Slow implements StepHandler {"
                                    + " public Slow() throws Exception {"
                                    + " System.out.println(\"constructing\"); Thread.sleep(40_000); }"
                                    + " public String name() { return \"acme.slow\"; }"
                                    + " public StepResult run(StepInput i, StepContext c) { return StepResult.none(); } }"),
                    List.of("acme.Slow"));
            Future<?> looks = threads.submit(() -> processes.installed());
            Eventually.await(() -> Files.exists(folder.resolve("own/handlers/2")));
            assertThat(looks.isDone()).isFalse();

            Future<?> closes = threads.submit(processes::close);

            closes.get(10, TimeUnit.SECONDS);
            looks.get(10, TimeUnit.SECONDS);
        } finally {
            processes.close();
        }
        assertThat(console).isEmpty();
        assertThat(folder.resolve("own/handlers")).doesNotExist();
    }

    private void buildAndLook(int times) throws Exception {
        Path jar = build("0");
        try (HandlerProcesses processes = new HandlerProcesses(
                new UserHandlers(jar.toString(), List.of("-Xmx64m")),
                folder.resolve("own"),
                Set::of,
                new Reloading(true, console::add))) {
            for (int i = 1; i <= times; i++) {
                build(Integer.toString(i));
                assertThat(processes.installed()).containsKey("acme.versioned");
            }
            assertThat(console).hasSize(times);
            Eventually.await(() -> handlerProcesses() == 1);
            Eventually.await(() -> copies().size() == 1);
        }
    }

    private List<Path> copies() throws IOException {
        try (Stream<Path> copies = Files.list(folder.resolve("own/handlers"))) {
            return copies.toList();
        }
    }

    /** Each has the class loaders of one state of the class path. */
    private static long handlerProcesses() {
        return ProcessHandle.current()
                .children()
                .filter(child -> child.info().command().orElse("").endsWith("/java"))
                .count();
    }

    @Test
    void leaves_no_process_and_no_copy_of_a_class_path_that_has_changed() throws Exception {
        buildAndLook(2);
    }

    @Test
    @Tag("full")
    void leaves_no_process_and_no_copy_of_a_class_path_that_has_changed_a_hundred_times() throws Exception {
        buildAndLook(100);
    }

    @Test
    void loads_nothing_anew_if_reloading_is_off() throws Exception {
        Path jar = build("one");
        try (HandlerProcesses processes = new HandlerProcesses(
                new UserHandlers(jar.toString(), List.of("-Xmx64m")),
                folder.resolve("own"),
                Set::of,
                new Reloading(false, console::add))) {
            Files.delete(jar);
            assertThat(processes.installed()).containsKey("acme.versioned");
        }
        assertThat(console).isEmpty();
    }

    private static String versioned(String version) {
        return """
                package acme;
                import dev.stepstile.api.*;
                public final class Versioned implements StepHandler {
                    public String name() { return "acme.versioned"; }
                    public StepResult run(StepInput input, StepContext context) throws Exception {
                        java.nio.file.Path go = java.nio.file.Path.of(input.as(String.class));
                        while (!java.nio.file.Files.exists(go)) { context.log("waits"); Thread.sleep(50); }
                        return StepResult.of(Late.version());
                    }
                }
                class Late { static String version() { return "%s"; } }
                """.formatted(version);
    }

    private Path build(String version) throws IOException {
        return HandlerJar.jar(
                folder.resolve("versioned.jar"),
                Map.of("acme.Versioned", versioned(version)),
                List.of("acme.Versioned"));
    }

    private String run(String key) throws Exception {
        dispatch(key, folder);
        return api.await("versions", key, "SUCCEEDED").path("result").asText();
    }

    private void dispatch(String key, Path goesOnOnce) throws Exception {
        ObjectNode step = Json.object().put("key", key).put("handler", "acme.versioned");
        step.put("maxAttempts", 20).putObject("retry").put("baseSeconds", 0.3).put("capSeconds", 0.3);
        api.dispatch("versions", List.of(step.put("input", goesOnOnce.toString())));
    }

    @Test
    void runs_the_new_code_once_a_jar_was_built_anew_and_ends_running_steps_with_the_old() throws Exception {
        start(build("one"));
        assertThat(run("first")).isEqualTo("one");
        Path go = folder.resolve("go");
        dispatch("running", go);
        api.await("versions", "running", "RUNNING");
        assertThat(run("meanwhile")).isEqualTo("one");

        build("two");

        assertThat(run("second")).isEqualTo("two");
        assertThat(api.step("versions", "running").path("state").asText()).isEqualTo("RUNNING");
        Files.createFile(go);
        assertThat(api.await("versions", "running", "SUCCEEDED", "DEAD")
                        .path("result")
                        .asText())
                .isEqualTo("one");
        assertThat(api.step("versions", "running").path("attempt").asInt()).isEqualTo(1);
        assertThat(console)
                .singleElement()
                .satisfies(line -> assertThat(line).contains("have changed", "acme.versioned", "1 that run now"));
    }

    @Test
    void notices_a_class_compiled_anew_into_a_folder_and_one_that_is_added() throws Exception {
        Path classes = folder.resolve("classes");
        HandlerJar.classes(classes, Map.of("acme.Versioned", versioned("one")), List.of("acme.Versioned"));
        start(classes);
        assertThat(run("first")).isEqualTo("one");

        HandlerJar.classes(
                classes,
                Map.of(
                        "acme.Versioned",
                        versioned("two"),
                        "acme.Added",
                        "package acme; import dev.stepstile.api.*; public class Added implements StepHandler {"
                                + " public String name() { return \"acme.added\"; }"
                                + " public StepResult run(StepInput i, StepContext c) { return StepResult.of(\"new\"); } }"),
                List.of("acme.Versioned", "acme.Added"));

        assertThat(run("second")).isEqualTo("two");
        api.dispatch("added", List.of(Json.object().put("key", "a").put("handler", "acme.added")));
        assertThat(api.await("added", "a", "SUCCEEDED", "FAILED").path("result").asText())
                .isEqualTo("new");
    }

    @Test
    void keeps_its_process_when_a_jar_was_touched_and_is_the_same() throws Exception {
        Path jar = acts();
        start(jar);
        long before = pid("run", "before");

        Files.setLastModifiedTime(jar, FileTime.from(Instant.now().plusSeconds(5)));

        assertThat(pid("run", "after")).isEqualTo(before);
        assertThat(console).isEmpty();
    }

    @Test
    void runs_nothing_old_while_the_new_jar_cannot_be_loaded() throws Exception {
        Path jar = build("one");
        start(jar);
        assertThat(run("first")).isEqualTo("one");

        Files.writeString(jar, "half a jar");
        dispatch("second", folder);
        JsonNode waiting = Eventually.await(
                () -> api.step("versions", "second"),
                step -> step.path("attempts").size() > 0);
        assertThat(waiting.path("attempts").path(0).path("message").asText())
                .contains("have changed and cannot be loaded");
        assertThat(console).singleElement().asString().contains(jar.toString(), "a jar that cannot be read");
        build("two");

        assertThat(api.await("versions", "second", "SUCCEEDED", "DEAD")
                        .path("result")
                        .asText())
                .isEqualTo("two");
        assertThat(console).hasSize(2);
    }

    @Test
    void is_refused_with_what_is_missing_when_it_names_no_handler() throws Exception {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        Path noJar = Files.writeString(folder.resolve("text.jar"), "no jar");
        Map<String, String> source = Map.of("acme.Versioned", versioned("one"));
        Path undeclared = HandlerJar.jar(folder.resolve("undeclared.jar"), source, List.of());

        refused(folder.resolve("missing.jar").toString(), "missing.jar", "does not exist");
        refused(empty.toString(), "empty", "an empty folder");
        refused(noJar.toString(), "text.jar", "a jar that cannot be read");
        refused(undeclared.toString(), "undeclared.jar", HandlerJar.SERVICES);
        refused("", "is empty");
        refused(folder.resolve("none") + "/*", "none", "a folder that cannot be read");
    }

    @Test
    void is_refused_at_the_start_when_a_handler_cannot_be_loaded() throws Exception {
        Map<String, String> source = Map.of("acme.Versioned", versioned("one"));
        Path absent = HandlerJar.jar(folder.resolve("absent.jar"), source, List.of("acme.Absent"));
        Path nothing = HandlerJar.jar(folder.resolve("nothing.jar"), source, List.of("# none"));
        Path failing = HandlerJar.jar(
                folder.resolve("failing.jar"),
                Map.of(
                        "acme.Failing",
                        "package acme; import dev.stepstile.api.*; public class Failing implements StepHandler {"
                                + " static final int N = Integer.parseInt(\"x\");"
                                + " public String name() { return \"acme.failing\"; }"
                                + " public StepResult run(StepInput i, StepContext c) { return StepResult.none(); } }"),
                List.of("acme.Failing"));
        Path exits = HandlerJar.jar(
                folder.resolve("exits.jar"),
                Map.of(
                        "acme.Exits",
                        "package acme; import dev.stepstile.api.*; public class Exits implements StepHandler {"
                                + " static { System.err.println(\"bye\"); System.exit(9); }"
                                + " public String name() { return \"acme.exits\"; }"
                                + " public StepResult run(StepInput i, StepContext c) { return StepResult.none(); } }"),
                List.of("acme.Exits"));
        Path twice = HandlerJar.jar(
                folder.resolve("twice.jar"),
                Map.of(
                        "acme.Echo",
                        "package acme; import dev.stepstile.api.*; public class Echo implements StepHandler {"
                                + " public String name() { return \"test.misbehaving\"; }"
                                + " public StepResult run(StepInput i, StepContext c) { return StepResult.none(); } }"),
                List.of("acme.Echo"));

        refused(absent.toString(), "cannot be loaded", "acme.Absent", "not found");
        refused(nothing.toString(), "no class is named");
        refused(failing.toString(), "acme.Failing", "NumberFormatException");
        refused(exits.toString(), "ended with status 9", "bye");
        refused(twice.toString(), "another handler is named 'test.misbehaving' too");
    }

    private void refused(String classPath, String... said) {
        assertThatThrownBy(() -> LocalStack.start(options(classPath)).close())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(said);
    }

    @Test
    void lists_the_handlers_that_it_found() throws Exception {
        start(acts(), build("one"));

        assertThat(stack.installed())
                .containsEntry("acme.acts", "Java, from acts.jar")
                .containsEntry("acme.versioned", "Java, from versioned.jar")
                .containsEntry("test.misbehaving", "built in");
    }
}
