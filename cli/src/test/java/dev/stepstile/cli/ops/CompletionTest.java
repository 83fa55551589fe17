package dev.stepstile.cli.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.cli.run.InThisJvm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The scripts of {@code stepstile completion}, in the shells that they are for. */
class CompletionTest {
    @TempDir
    Path folder;

    private Path script(String shell) throws IOException {
        InThisJvm ended = InThisJvm.run("completion", shell);
        assertThat(ended.status()).as(ended.err()).isZero();
        return Files.writeString(folder.resolve("stepstile." + shell), ended.out());
    }

    private List<String> printed(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .directory(folder.toFile())
                .start();
        process.getOutputStream().close();
        List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
        assertThat(process.waitFor()).as(String.join("\n", lines)).isZero();
        return lines;
    }

    /** What bash would offer: it sets these variables and calls the function. */
    private List<String> offeredByBash(Path script, String... words) throws IOException, InterruptedException {
        String line = String.join(" ", words);
        return printed(
                "bash",
                "--norc",
                "-c",
                "source '" + script + "'; COMP_WORDS=(" + line + (line.endsWith(" ") ? " ''" : "")
                        + "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE='" + line
                        + "'; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; _complete_stepstile;"
                        + " printf '%s\\n' \"${COMPREPLY[@]}\"");
    }

    @Test
    void bash_completes_commands_options_and_values() throws Exception {
        Path script = script("bash");

        assertThat(offeredByBash(script, "stepstile", "ste"))
                .contains("steps", "step")
                .doesNotContain("status");
        assertThat(offeredByBash(script, "stepstile", "steps", "--s")).contains("--state", "--stack", "--since");
        assertThat(offeredByBash(script, "stepstile", "completion", "")).contains("fish");
    }

    @Test
    void bash_completes_the_launcher_of_a_checkout_too() throws Exception {
        Path script = script("bash");

        assertThat(printed("bash", "--norc", "-c", "source '" + script + "'; complete -p stepstile"))
                .first()
                .asString()
                .contains("_complete_stepstile");
    }

    /** A package of Debian, as of most systems. */
    private void installed(String shell) throws IOException, InterruptedException {
        if (!Files.exists(Path.of("/usr/bin", shell))) {
            printed("apt-get", "install", "-y", "-q", shell);
        }
    }

    @Test
    @Tag("full")
    void zsh_accepts_the_script() throws Exception {
        installed("zsh");
        Path script = script("zsh");

        assertThat(printed(
                        "zsh",
                        "-f",
                        "-c",
                        "autoload -U compinit; compinit -u -d '" + folder.resolve("dump") + "'; source '" + script
                                + "'; print -r -- ${_comps[stepstile]}"))
                .last()
                .asString()
                .contains("_complete_stepstile");
    }

    @Test
    @Tag("full")
    void fish_completes_commands_options_and_values() throws Exception {
        installed("fish");
        Path script = script("fish");

        assertThat(offeredByFish(script, "stepstile ste")).contains("steps", "step");
        assertThat(offeredByFish(script, "stepstile steps ")).doesNotContain("steps", "step");
        assertThat(offeredByFish(script, "stepstile steps --st")).contains("--state", "--stack");
        assertThat(offeredByFish(script, "stepstile steps --state ")).contains("DEAD", "QUEUED");
        assertThat(offeredByFish(script, "stepstile completion ")).contains("fish");
        assertThat(offeredByFish(script, "stepstile bench ")).contains("cost");
        assertThat(offeredByFish(script, "stepstile bench co")).contains("cost");
    }

    private List<String> offeredByFish(Path script, String line) throws IOException, InterruptedException {
        return printed("fish", "--no-config", "-c", "source '" + script + "'; complete -C '" + line + "'").stream()
                .map(offered -> offered.split("\t", 2)[0])
                .toList();
    }

    @Test
    void another_shell_is_refused() {
        assertThat(InThisJvm.run("completion", "tcsh").status()).isEqualTo(Exit.USAGE);
    }
}
