package dev.stepstile.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.StepHandler;
import dev.stepstile.codec.Json;
import dev.stepstile.testing.Eventually;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Edits of the configuration while steps run. */
class WatchedProcessHandlersTest {
    @TempDir
    Path folder;

    private final List<String> notices = Collections.synchronizedList(new ArrayList<>());
    private Path file;
    private int edits;
    private WatchedProcessHandlers handlers;

    @BeforeEach
    void open() throws IOException {
        file = folder.resolve("handlers.json");
        write(plain("a", "echo 1"));
        handlers = open(true);
    }

    private WatchedProcessHandlers open(boolean reloaded) {
        return WatchedProcessHandlers.open(
                file.toString(), () -> Set.of("java"), new Reloading(reloaded, notices::add));
    }

    @AfterEach
    void close() {
        handlers.close();
    }

    private static String plain(String name, String script) {
        return "\"" + name + "\": {\"protocol\": \"plain\", \"command\": [\"bash\", \"-c\", \"" + script + "\"]}";
    }

    private static String host(String name, String mark) {
        return "\"" + name + "\": {\"warm\": true, \"environment\": {\"MARK\": \"" + mark + "\"}, \"command\": [\"sh\","
                + " \"-c\", \"echo '{\\\"ready\\\":1}'; echo $$ >>hosts; exec cat >/dev/null\"]}";
    }

    /** As an editor that has finished some time ago. */
    private void write(String... members) throws IOException {
        writeText("{\"handlers\": {" + String.join(", ", members) + "}}");
    }

    private void writeText(String text) throws IOException {
        Files.writeString(file, text);
        edits++;
        Files.setLastModifiedTime(
                file, FileTime.from(Instant.parse("2026-01-01T00:00:00Z").plusSeconds(edits)));
    }

    private StepHandler handler(String name) {
        return handlers.handlers().stream()
                .filter(handler -> handler.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private String run(String name) throws Exception {
        return Json.write(
                handler(name).run(GivenInput.of("null"), new Attempt()).value());
    }

    @Test
    void the_next_step_runs_what_the_file_says_and_one_line_tells_what_has_changed() throws Exception {
        assertThat(run("a")).isEqualTo("1");
        write(plain("a", "echo 2"), plain("b", "echo 3"));
        assertThat(run("a")).isEqualTo("2");
        assertThat(run("b")).isEqualTo("3");
        write(plain("b", "echo 3"));
        assertThat(handlers.handlers()).extracting(StepHandler::name).containsExactly("b");
        assertThat(notices)
                .containsExactly(
                        "handlers.json has changed: new steps run the new handlers (changed a; added b), those that run"
                                + " now end with the old ones.",
                        "handlers.json has changed: new steps run the new handlers (removed a), those that run now end"
                                + " with the old ones.");
    }

    @Test
    void a_step_that_runs_ends_with_the_handler_that_it_began_with() throws Exception {
        write(plain("a", "echo begun; until [ -e go ]; do sleep 0.02; done; echo 1"));
        StepHandler old = handler("a");
        Attempt attempt = new Attempt();
        FutureTask<Object> step =
                new FutureTask<>(() -> old.run(GivenInput.of("null"), attempt).value());
        Thread.ofPlatform().daemon().start(step);
        attempt.awaitLine("begun");
        write(plain("a", "echo 2"));
        assertThat(run("a")).isEqualTo("2");
        Files.createFile(folder.resolve("go"));
        assertThat(Json.write(step.get(30, TimeUnit.SECONDS))).isEqualTo("1");
    }

    @Test
    void a_configuration_that_cannot_be_used_is_reported_once_and_changes_nothing() throws Exception {
        writeText("{\"handlers\": {");
        assertThat(run("a")).isEqualTo("1");
        assertThat(run("a")).isEqualTo("1");
        write(plain("java", "echo 1"));
        assertThat(run("a")).isEqualTo("1");
        assertThat(notices).hasSize(2);
        assertThat(notices.getFirst())
                .contains("invalid JSON")
                .endsWith("Until this is fixed, the process handlers stay as they were.");
        assertThat(notices.getLast()).contains("has the name of a Java handler; rename it.");
        write(plain("a", "echo 2"));
        assertThat(run("a")).isEqualTo("2");
    }

    @Test
    void a_file_that_is_gone_changes_nothing_until_it_is_back() throws Exception {
        Files.delete(file);
        assertThat(run("a")).isEqualTo("1");
        assertThat(notices).singleElement().asString().contains("cannot be read");
        write(plain("a", "echo 2"));
        assertThat(run("a")).isEqualTo("2");
    }

    @Test
    void a_file_that_is_still_being_written_is_waited_for() throws Exception {
        Files.writeString(file, "{\"handlers\": {" + plain("a", "echo 2"));
        Thread editor = Thread.ofPlatform().start(() -> {
            try {
                TimeUnit.MILLISECONDS.sleep(100);
                Files.writeString(file, "{\"handlers\": {" + plain("a", "echo 2") + "}}");
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        assertThat(run("a")).isEqualTo("2");
        editor.join();
        assertThat(notices).hasSize(1);
    }

    @Test
    void a_file_that_was_only_touched_changes_nothing() throws Exception {
        write(plain("a", "echo 1"));
        assertThat(run("a")).isEqualTo("1");
        assertThat(notices).isEmpty();
    }

    @Test
    void nothing_changes_if_reloading_is_off() throws Exception {
        handlers.close();
        handlers = open(false);
        write(plain("a", "echo 2"));
        assertThat(run("a")).isEqualTo("1");
        assertThat(notices).isEmpty();
    }

    @Test
    void a_handler_that_stays_the_same_keeps_its_host_and_a_hundred_that_change_leave_none_behind() throws Exception {
        write(host("same", "x"), host("changing", "0"));
        handlers.handlers();
        List<Long> first = Eventually.await(this::hosts, hosts -> hosts.size() == 2);
        for (int i = 1; i <= 100; i++) {
            write(host("same", "x"), host("changing", Integer.toString(i)));
            assertThat(handlers.handlers()).hasSize(2);
        }
        assertThat(notices).hasSize(101);
        List<Long> all = Eventually.await(this::hosts, hosts -> hosts.size() == 102);
        Eventually.await(() -> all.stream().filter(RealPipes::alive).count() == 2);
        assertThat(handlers.retired()).isZero();
        assertThat(all.stream().filter(RealPipes::alive))
                .containsAnyElementsOf(first)
                .contains(all.getLast());
    }

    private List<Long> hosts() throws IOException {
        Path started = folder.resolve("hosts");
        return Files.exists(started)
                ? Files.readAllLines(started).stream().map(Long::valueOf).toList()
                : List.of();
    }

    @Test
    void a_step_that_was_given_a_handler_just_before_it_changed_still_runs() throws Exception {
        StepHandler old = handler("a");
        write(plain("a", "echo 2"));
        assertThat(run("a")).isEqualTo("2");
        assertThat(Json.write(old.run(GivenInput.of("null"), new Attempt()).value()))
                .isEqualTo("1");
    }
}
