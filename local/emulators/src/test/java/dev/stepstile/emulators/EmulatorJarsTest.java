package dev.stepstile.emulators;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A script stands in for Maven. */
class EmulatorJarsTest {
    @TempDir
    Path folder;

    private EmulatorJars jars(String script) throws IOException {
        Path maven = folder.resolve("mvn");
        Files.writeString(maven, "#!/bin/sh\n" + script);
        Files.setPosixFilePermissions(maven, PosixFilePermissions.fromString("rwx------"));
        return new EmulatorJars(folder.resolve("emulators"), maven.toString());
    }

    /** Writes a jar where it is told, and a line for each time it is called. */
    private EmulatorJars obliging() throws IOException {
        return jars("echo called >> '" + folder.resolve("calls") + "'\n"
                + "for last; do :; done\n"
                + "echo content > \"${last#-DoutputDirectory=}/some.jar\"\n");
    }

    private List<String> left() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("emulators"))) {
            return files.filter(Files::isDirectory)
                    .map(file -> file.getFileName().toString())
                    .toList();
        }
    }

    @Test
    void are_fetched_when_they_are_first_needed_and_not_again() throws IOException {
        EmulatorJars jars = obliging();
        Path first = jars.folderOf("elasticmq");
        assertThat(first.resolve("some.jar")).hasContent("content\n");
        assertThat(jars.folderOf("elasticmq")).isEqualTo(first);
        assertThat(folder.resolve("calls")).hasContent("called\n");
        assertThat(jars.folderOf("dynamodb-local")).isNotEqualTo(first);
    }

    @Test
    void are_whole_for_all_who_fetch_them_at_once() throws Exception {
        EmulatorJars jars = obliging();
        List<Future<Path>> fetched = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 4; i++) {
                fetched.add(threads.submit(() -> jars.folderOf("elasticmq")));
            }
        }
        for (Future<Path> path : fetched) {
            assertThat(get(path).resolve("some.jar")).hasContent("content\n");
        }
        assertThat(left()).as("nothing unfinished is left behind").hasSize(1);
    }

    private static Path get(Future<Path> future) throws InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void without_maven_the_message_says_what_to_install() {
        EmulatorJars jars = new EmulatorJars(
                folder.resolve("emulators"), folder.resolve("no-mvn").toString());
        assertThatThrownBy(() -> jars.folderOf("elasticmq"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll("needs Maven", "elasticmq", "Install it");
    }

    @Test
    void what_maven_cannot_resolve_is_told_with_the_end_of_its_log_and_tried_again_later() throws IOException {
        EmulatorJars jars = jars("echo 'Could not resolve artifact'; exit 1\n");
        assertThatThrownBy(() -> jars.folderOf("elasticmq"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll("could not fetch elasticmq", "elasticmq.log", "Could not resolve artifact");
        assertThat(left()).isEmpty();
        assertThat(obliging().folderOf("elasticmq").resolve("some.jar")).exists();
    }
}
