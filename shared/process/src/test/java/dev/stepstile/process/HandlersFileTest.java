package dev.stepstile.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.handlers.Echo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HandlersFileTest {
    @TempDir
    Path folder;

    @Test
    void reads_a_command_and_a_warm_host() throws IOException {
        Files.createDirectory(folder.resolve("code"));
        Path file = Files.writeString(folder.resolve("handlers.json"), """
                {"handlers": {
                  "report": {"command": ["sh", "report.sh"], "directory": "code", "inherit": ["A", "B_*"],
                    "environment": {"X": "1"}},
                  "resize": {"command": ["sh"], "protocol": "plain"},
                  "dagster": {"command": ["sh"], "warm": true, "graceSeconds": 1, "startSeconds": 7, "maxSteps": 9,
                    "maxMemoryMb": 2}}}""");
        assertThat(HandlersFile.read(file.toString()))
                .containsExactly(
                        new HandlerSpec(
                                "report",
                                List.of("sh", "report.sh"),
                                folder.resolve("code"),
                                List.of("A", "B_*"),
                                new TreeMap<>(Map.of("X", "1")),
                                Duration.ofSeconds(5),
                                new HandlerSpec.Pipes()),
                        new HandlerSpec(
                                "resize",
                                List.of("sh"),
                                folder,
                                List.of(),
                                new TreeMap<>(),
                                Duration.ofSeconds(5),
                                new HandlerSpec.Plain()),
                        new HandlerSpec(
                                "dagster",
                                List.of("sh"),
                                folder,
                                List.of(),
                                new TreeMap<>(),
                                Duration.ofSeconds(1),
                                new HandlerSpec.Warm(Duration.ofSeconds(7), 9, 2 * 1024 * 1024)));
    }

    @Test
    void reads_the_document_itself() {
        assertThat(HandlersFile.read(
                        " {\"handlers\": {\"a\": {\"command\": [\"sh\"], \"directory\": \"" + folder + "\"}}}"))
                .extracting(HandlerSpec::directory)
                .containsExactly(folder);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            invalid JSON                              | {"handlers":
            'handler' is unknown                      | {"handler": {}}
            'handlers' should be an object            | {"handlers": []}
            rename it                                 | {"handlers": {"a b": {"command": ["sh"]}}}
            'warn' is unknown; known: command  | {"handlers": {"a": {"command": ["sh"], "warn": true}}}
            'maxSteps' is unknown                     | {"handlers": {"a": {"command": ["sh"], "maxSteps": 3}}}
            'warm' should be true or false            | {"handlers": {"a": {"command": ["sh"], "warm": 1}}}
            'command' should be a list of strings     | {"handlers": {"a": {"command": "sh"}}}
            'command' should be a list of strings     | {"handlers": {"a": {"command": []}}}
            'command' should be a list of strings     | {"handlers": {"a": {}}}
            'command' should be a list of strings     | {"handlers": {"a": {"command": ["sh", 1]}}}
            no program 'no-such-program' on the PATH  | {"handlers": {"a": {"command": ["no-such-program"]}}}
            no program './no-such-program' in         | {"handlers": {"a": {"command": ["./no-such-program"]}}}
            is not executable; run chmod +x on it     | {"handlers": {"a": {"command": ["/etc/passwd"]}}}
            write './hosts' in 'command'              | {"handlers": {"a": {"command": ["hosts"], "directory": "/etc"}}}
            'protocol' should be pipes or plain       | {"handlers": {"a": {"command": ["sh"], "protocol": "json"}}}
            'protocol' should be pipes or plain       | {"handlers": {"a": {"command": ["sh"], "protocol": null}}}
            a warm host speaks Pipes; leave out       | {"handlers": {"a": {"command": ["sh"], "protocol": "plain", "warm": true}}}
            make it, or name another                  | {"handlers": {"a": {"command": ["sh"], "directory": "/no/such"}}}
            'directory' should be absolute            | {"handlers": {"a": {"command": ["sh"], "directory": "code"}}}
            'directory' should be a path              | {"handlers": {"a": {"command": ["sh"], "directory": 1}}}
            'environment' should be an object         | {"handlers": {"a": {"command": ["sh"], "environment": {"A": 1}}}}
            'environment' should be an object         | {"handlers": {"a": {"command": ["sh"], "environment": ["A=1"]}}}
            'inherit' should be a list of names       | {"handlers": {"a": {"command": ["sh"], "inherit": "A"}}}
            'inherit' should be a list of names       | {"handlers": {"a": {"command": ["sh"], "inherit": {"A": "1"}}}}
            'inherit' should be a list of names       | {"handlers": {"a": {"command": ["sh"], "inherit": [1]}}}
            'inherit' should be a list of names       | {"handlers": {"a": {"command": ["sh"], "inherit": ["A*B"]}}}
            'inherit' should be a list of names       | {"handlers": {"a": {"command": ["sh"], "inherit": ["A=1"]}}}
            'graceSeconds' should be a whole number   | {"handlers": {"a": {"command": ["sh"], "graceSeconds": -1}}}
            'startSeconds' should be a whole number   | {"handlers": {"a": {"command": ["sh"], "warm": true, "startSeconds": 0.5}}}
            there should be an object                 | {"handlers": {"a": null}}
            """)
    void refuses_what_is_wrong_and_says_what_to_do(String why, String document) {
        assertThatThrownBy(() -> ProcessHandlers.check(document, List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(why)
                .hasMessageEndingWith(".");
    }

    @Test
    void refuses_the_name_of_a_java_handler() {
        assertThatThrownBy(() -> ProcessHandlers.check(
                        "{\"handlers\": {\"stepstile.echo\": {\"command\": [\"sh\"]}}}", List.of(new Echo())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("rename it");
    }

    @Test
    void refuses_a_file_that_is_not_there() {
        assertThatThrownBy(
                        () -> ProcessHandlers.check(folder.resolve("none.json").toString(), List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("none.json cannot be read");
    }
}
