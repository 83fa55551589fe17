package dev.stepstile.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a handler's process finds of the worker's environment. */
class InheritedEnvironmentTest {
    @TempDir
    Path folder;

    private static List<String> names(List<String> asked, String... whole) {
        Map<String, String> environment = Arrays.stream(whole).collect(Collectors.toMap(name -> name, name -> "x"));
        return List.copyOf(InheritedEnvironment.of(environment, asked).keySet());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PATH",
                "HOME",
                "LANG",
                "LC_ALL",
                "LC_TIME",
                "TZ",
                "TMPDIR",
                "PYTHONPATH",
                "PYTHONUNBUFFERED",
                "VIRTUAL_ENV",
                "STEPSTILE_HANDLERS_CONFIG",
                "LD_LIBRARY_PATH",
                "SSL_CERT_FILE",
                "https_proxy",
                "OMP_NUM_THREADS",
                "AWS_REGION",
                "AWS_LAMBDA_FUNCTION_NAME",
                "DAGSTER_HOME",
                "STEPSTILE_ENDPOINT"
            })
    void has_what_programs_need(String name) {
        assertThat(names(List.of(), name)).containsExactly(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "AWS_ACCESS_KEY_ID",
                "AWS_SECRET_ACCESS_KEY",
                "AWS_SESSION_TOKEN",
                "AWS_SECURITY_TOKEN",
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                "AWS_WEB_IDENTITY_TOKEN_FILE",
                "AWS_PROFILE",
                "AWS_LAMBDA_RUNTIME_API",
                "_X_AMZN_TRACE_ID",
                "DATABASE_URL",
                "GITHUB_TOKEN",
                "DAGSTER_PG_PASSWORD",
                "DAGSTER_CLOUD_API_TOKEN",
                "STEPSTILE_HANDLERS",
                "STEPSTILE_API_KEY",
                "PATHS",
                "path"
            })
    void has_no_credentials_and_nothing_that_nobody_asked_for(String name) {
        assertThat(names(List.of(), name)).isEmpty();
    }

    @Test
    void has_what_is_asked_for_by_name_or_by_its_beginning() {
        assertThat(names(List.of("DATABASE_URL", "MY_*"), "DATABASE_URL", "DATABASE_URLS", "MY_TOKEN", "MY", "YOURS"))
                .containsExactly("DATABASE_URL", "MY_TOKEN");
        assertThat(names(List.of("*"), "DATABASE_URL", "AWS_SECRET_ACCESS_KEY", "STEPSTILE_HANDLERS", "TRACEPARENT"))
                .containsExactly("AWS_SECRET_ACCESS_KEY", "DATABASE_URL");
    }

    @Test
    void has_the_runtime_api_and_the_handlers_configuration_for_whoever_names_them_alone() {
        assertThat(names(List.of("AWS_*", "STEPSTILE_*"), "AWS_LAMBDA_RUNTIME_API", "STEPSTILE_HANDLERS"))
                .isEmpty();
        assertThat(names(List.of("AWS_LAMBDA_RUNTIME_API"), "AWS_LAMBDA_RUNTIME_API"))
                .containsExactly("AWS_LAMBDA_RUNTIME_API");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Tag("integration")
    void is_all_that_a_command_and_a_host_find(boolean warm) throws IOException {
        Path found = folder.resolve("found");
        ObjectNode document = Json.object();
        ObjectNode handler = document.putObject("handlers").putObject("env").put("warm", warm);
        handler.putArray("command").add("sh").add("-c").add("env > \"$FOUND\"; exit 3");
        handler.putObject("environment").put("FOUND", found.toString());
        assertThat(System.getenv()).containsKeys("MAVEN_PROJECTBASEDIR");
        for (List<String> asked : List.of(List.<String>of(), List.of("MAVEN_PROJECT*"))) {
            asked.forEach(handler.putArray("inherit")::add);
            try (ProcessHandlers handlers = ProcessHandlers.open(Json.print(document))) {
                assertThatThrownBy(() -> handlers.handlers().getFirst().run(GivenInput.of("{}"), new Attempt()))
                        .isInstanceOf(ProcessFailed.class)
                        .hasMessageContaining("status 3");
            }
            Set<String> names = Files.readString(found)
                    .lines()
                    .map(line -> line.split("=", 2)[0])
                    .collect(Collectors.toSet());
            assertThat(names).contains("FOUND", "PATH");
            assertThat(names.contains("MAVEN_PROJECTBASEDIR")).isEqualTo(!asked.isEmpty());
            assertThat(names).doesNotContain("MAVEN_CMD_LINE_ARGS");
        }
    }

    @Test
    void is_in_the_documentation_name_by_name() throws IOException {
        String document = Files.readString(Path.of(System.getenv("STEPSTILE_HOME"))
                .resolve("../../docs/process-handlers.md")
                .normalize());
        for (String name : InheritedEnvironment.DEFAULT) {
            assertThat(document).contains(name);
        }
    }
}
