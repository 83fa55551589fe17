package dev.stepstile.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
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
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Edits of the Python code that a real warm host has loaded. */
class EditedHostsTest {
    @TempDir
    Path folder;

    private final List<String> notices = Collections.synchronizedList(new ArrayList<>());
    private WatchedProcessHandlers handlers;
    private int edits;

    @BeforeEach
    void open() throws IOException {
        edit("report(context, 0)");
        ObjectNode document = Json.object();
        ObjectNode host = document.putObject("handlers").putObject("host");
        host.put("warm", true).put("directory", folder.toString());
        host.putArray("command")
                .add(RealPipes.PYTHON.toString())
                .add("-m")
                .add("stepstile_host")
                .add("--target")
                .add("edited:run");
        host.putObject("environment")
                .put(
                        "PYTHONPATH",
                        RealPipes.TOP.resolve("client/python-host/src").toString());
        handlers = WatchedProcessHandlers.open(Json.print(document), Set::of, new Reloading(true, notices::add));
    }

    @AfterEach
    void close() {
        handlers.close();
    }

    /** As an editor that has finished some time ago. */
    private void edit(String body) throws IOException {
        Path file = Files.writeString(folder.resolve("edited.py"), """
                import os

                HOST = os.getpid()

                def report(context, version):
                    context.report_custom_message({"stepstile.result": [version, HOST]})

                def run(context):
                    %s
                """.formatted(body));
        edits++;
        Files.setLastModifiedTime(
                file, FileTime.from(Instant.parse("2026-01-01T00:00:00Z").plusSeconds(edits)));
    }

    /** The version of the code, and the process id of its host. */
    private long[] run() throws Exception {
        Object value = handlers.handlers()
                .getFirst()
                .run(GivenInput.of("{}"), new Attempt())
                .value();
        var reported = Json.parse(Json.write(value)).path("value");
        return new long[] {reported.path(0).asLong(), reported.path(1).asLong()};
    }

    private void editAndRun(int times) throws Exception {
        Set<Long> hosts = new TreeSet<>();
        hosts.add(run()[1]);
        for (int i = 1; i <= times; i++) {
            edit("report(context, " + i + ")");
            long[] ran = run();
            assertThat(ran[0]).isEqualTo(i);
            hosts.add(ran[1]);
        }
        assertThat(hosts).hasSize(times + 1);
        assertThat(notices).hasSize(times).allMatch(line -> line.contains("edited.py has changed; new steps run"));
        Eventually.await(() -> hosts.stream().filter(RealPipes::alive).count() == 1);
    }

    @Test
    @Tag("integration")
    void are_in_the_next_step_and_leave_no_host_behind() throws Exception {
        editAndRun(2);
    }

    @Test
    @Tag("full")
    void are_in_the_next_step_and_leave_no_host_behind_a_hundred_times() throws Exception {
        editAndRun(100);
    }

    @Test
    @Tag("integration")
    void that_are_no_python_fail_the_step_with_what_python_says_until_they_are_mended() throws Exception {
        assertThat(run()[0]).isZero();
        edit("report(context,");
        assertThatThrownBy(this::run)
                .isInstanceOf(ProcessFailed.class)
                .hasMessageContaining("SyntaxError")
                .hasMessageContaining("edited.py");
        edit("report(context, 2)");
        assertThat(run()[0]).isEqualTo(2);
    }
}
