package dev.stepstile.cli.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LauncherNameTest {
    @TempDir
    Path folder;

    private Launcher launcher() {
        return new Launcher(
                Map.of("STEPSTILE_LAUNCHER", folder.resolve("stepstile").toString()));
    }

    @Test
    void one_in_a_checkout_is_called_there() throws IOException {
        Files.createFile(folder.resolve("pom.xml"));

        assertThat(launcher().command()).isEqualTo("./stepstile");
        assertThat(launcher().checkout("bench dagster")).isEqualTo(folder);
    }

    @Test
    void one_that_pip_has_installed_is_on_the_path_and_says_what_needs_a_checkout() {
        assertThat(launcher().command()).isEqualTo("stepstile");
        assertThatThrownBy(() -> launcher().checkout("bench dagster"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("bench dagster needs a checkout");
    }

    @Test
    void a_command_line_that_nobody_launched_is_of_no_checkout() {
        assertThatThrownBy(() -> new Launcher(Map.of()).checkout("demo dagster"))
                .hasMessageStartingWith("demo dagster needs a checkout");
    }
}
