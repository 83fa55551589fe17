package dev.stepstile.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./stepstile} itself, in a checkout whose command line only tells how it was called. */
@Tag("integration")
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class LauncherTest {
    private static final String MAIN = """
            package dev.stepstile.cli;
            public class Main {
                public static void main(String[] arguments) {
                    System.out.println(String.join("|", arguments) + " home=" + System.getenv("STEPSTILE_HOME"));
                }
            }
            """;

    private static final Path CHECKOUT = Path.of("..").toAbsolutePath().normalize();

    @TempDir
    Path folder;

    private Path checkout;

    @BeforeEach
    void build() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        checkout = Files.createDirectory(folder.resolve("checkout"));
        for (String part : List.of(
                "shared",
                "functions",
                "local",
                "client",
                "testing",
                "bench",
                "cli/target/quick/lib",
                "examples",
                "build")) {
            Files.createDirectories(checkout.resolve(part));
        }
        Files.createFile(checkout.resolve("pom.xml"));
        Files.createFile(checkout.resolve("template.yaml"));
        Path options = Path.of("cli/src/main/jvm/usual.options");
        Files.createDirectories(checkout.resolve(options).getParent());
        Files.copy(CHECKOUT.resolve(options), checkout.resolve(options));
        for (String script : List.of(
                "stepstile",
                "build/verify",
                "build/python-check",
                "build/python-env",
                "build/sam-check",
                "build/package",
                "build/install",
                "build/same-bytes")) {
            Files.copy(CHECKOUT.resolve(script), checkout.resolve(script));
            Files.setPosixFilePermissions(checkout.resolve(script), PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        Path classes = Files.createDirectory(folder.resolve("classes"));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        JavaFileObject source =
                new SimpleJavaFileObject(
                        URI.create("string:///dev/stepstile/cli/Main.java"), JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return MAIN;
                    }
                };
        assertThat(compiler.getTask(
                                null,
                                null,
                                null,
                                List.of("-proc:none", "-d", classes.toString()),
                                null,
                                List.of(source))
                        .call())
                .isTrue();
        try (OutputStream out = Files.newOutputStream(checkout.resolve("cli/target/quick/stepstile-cli.jar"));
                JarOutputStream jar = new JarOutputStream(out)) {
            jar.putNextEntry(new ZipEntry("dev/stepstile/cli/Main.class"));
            Files.copy(classes.resolve("dev/stepstile/cli/Main.class"), jar);
        }
        Files.createDirectory(checkout.resolve(".stepstile"));
        Files.createFile(checkout.resolve(".stepstile/built"));
    }

    private record Said(int status, String out) {}

    private Said call(List<String> command, Map<String, String> variables) throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).directory(folder.toFile());
        builder.environment().remove("STEPSTILE_HOME");
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().putAll(variables);
        Process process = builder.start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Said(process.waitFor(), out.strip());
    }

    private Said call(String... command) throws IOException, InterruptedException {
        return call(List.of(command), Map.of());
    }

    @Test
    void is_found_by_symbolic_links() throws Exception {
        Path first = Files.createSymbolicLink(folder.resolve("first"), Path.of("checkout/stepstile"));
        Path second = Files.createSymbolicLink(folder.resolve("second"), first);

        assertThat(call(second.toString(), "local", "a b"))
                .isEqualTo(new Said(0, "local|a b home=" + checkout.resolve(".stepstile")));
    }

    @Test
    void hands_every_option_on() throws Exception {
        assertThat(call(checkout.resolve("stepstile").toString(), "local", "--classpath")
                        .out())
                .startsWith("local|--classpath home=");
    }

    @Test
    void has_one_status_for_wrong_usage_and_so_have_the_scripts_of_the_build() throws Exception {
        for (String script : List.of(
                "stepstile verify",
                "stepstile package",
                "stepstile install",
                "build/verify",
                "build/package",
                "build/install",
                "build/python-check",
                "build/sam-check",
                "build/same-bytes")) {
            List<String> command = new ArrayList<>(List.of(script.split(" ")));
            command.set(0, checkout.resolve(command.getFirst()).toString());
            command.add("--wrong");

            Said said = call(command, Map.of());
            assertThat(said.status()).as(script).isEqualTo(2);
            assertThat(said.out()).as(script).startsWith("usage: ").hasLineCount(1);
        }
        Said none = call(checkout.resolve("build/python-env").toString());
        assertThat(none.status()).isEqualTo(2);
        assertThat(none.out()).startsWith("usage: ").hasLineCount(1);
    }

    @Test
    void keeps_the_state_of_who_cannot_write_the_checkout_in_their_own_home() throws Exception {
        Path home = own(Files.createDirectory(folder.resolve("home")));

        Said said = call(asAnother(checkout.resolve("stepstile").toString(), "local"), Map.of("HOME", home.toString()));

        assertThat(said).isEqualTo(new Said(0, "local home=" + home.resolve(".local/state/stepstile")));
    }

    @Test
    void says_in_one_line_that_a_checkout_cannot_be_built_by_who_cannot_write_it() throws Exception {
        Files.delete(checkout.resolve(".stepstile/built"));

        Said said =
                call(asAnother(checkout.resolve("stepstile").toString(), "local"), Map.of("HOME", folder.toString()));

        assertThat(said.status()).isEqualTo(70);
        assertThat(said.out()).hasLineCount(1).contains("cannot be written by you");
    }

    /** Each tool that the launcher calls, but flock. */
    private static final List<String> TOOLS = List.of(
            "bash",
            "cat",
            "cut",
            "dirname",
            "env",
            "find",
            "grep",
            "ln",
            "mkdir",
            "mv",
            "readlink",
            "rm",
            "rmdir",
            "sed",
            "sleep",
            "stty",
            "tail",
            "touch");

    /** A mvn that takes a second, fails if another one is at work, and notes that it ran. */
    private Path slowMaven() throws IOException {
        Path bin = Files.createDirectory(folder.resolve("bin"));
        Path maven = Files.writeString(bin.resolve("mvn"), """
                #!/usr/bin/env bash
                set -e
                mkdir "%1$s/at-work"
                sleep 1
                rmdir "%1$s/at-work"
                echo ran >>"%1$s/builds"
                """.formatted(folder));
        Files.setPosixFilePermissions(maven, PosixFilePermissions.fromString("rwxr-xr-x"));
        return bin;
    }

    private void startTwoAtOnce(String path) throws Exception {
        Files.delete(checkout.resolve(".stepstile/built"));
        List<String> command = List.of(checkout.resolve("stepstile").toString(), "local");
        FutureTask<Said> other = new FutureTask<>(() -> call(command, Map.of("PATH", path)));
        Thread.ofPlatform().start(other);
        Said one = call(command, Map.of("PATH", path));

        for (Said said : List.of(one, other.get())) {
            assertThat(said.status()).as(said.out()).isZero();
            assertThat(said.out()).endsWith("local home=" + checkout.resolve(".stepstile"));
        }
        assertThat(folder.resolve("builds")).hasContent("ran");
        assertThat(checkout.resolve(".stepstile/built.owner")).doesNotExist();
    }

    @Test
    void builds_once_for_two_that_start_at_once() throws Exception {
        startTwoAtOnce(slowMaven() + ":" + System.getenv("PATH"));
    }

    @Test
    void builds_once_for_two_that_start_at_once_where_there_is_no_flock() throws Exception {
        startTwoAtOnce(withoutFlock().toString());
    }

    private Path withoutFlock() throws IOException {
        Path bin = slowMaven();
        for (String tool : TOOLS) {
            for (String place : List.of("/usr/bin", "/bin")) {
                Path found = Path.of(place, tool);
                if (Files.exists(found) && !Files.exists(bin.resolve(tool))) {
                    Files.writeString(bin.resolve(tool), "#!/bin/sh\nexec " + found + " \"$@\"\n");
                    Files.setPosixFilePermissions(bin.resolve(tool), PosixFilePermissions.fromString("rwxr-xr-x"));
                }
            }
        }
        return bin;
    }

    @Test
    void says_which_file_a_killed_build_left_where_there_is_no_flock() throws Exception {
        Path bin = withoutFlock();
        Process gone = new ProcessBuilder("true").start();
        gone.waitFor();
        Path owner = Files.createSymbolicLink(
                checkout.resolve(".stepstile/built.owner"), Path.of(Long.toString(gone.pid())));
        Files.delete(checkout.resolve(".stepstile/built"));

        Said said = call(List.of(checkout.resolve("stepstile").toString(), "local"), Map.of("PATH", bin.toString()));

        assertThat(said.status()).isEqualTo(70);
        assertThat(said.out()).hasLineCount(1).contains(owner.toString());
    }

    /** As a user who owns nothing here: by another user id for root, else by taking the right to write away. */
    private List<String> asAnother(String... command) throws IOException {
        List<String> whole = new ArrayList<>();
        if (System.getProperty("user.name").equals("root")) {
            whole.addAll(List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"));
        } else {
            try (Stream<Path> all = Files.walk(checkout)) {
                for (Path path : all.filter(Files::isDirectory).toList()) {
                    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("r-xr-xr-x"));
                }
            }
        }
        whole.addAll(List.of(command));
        return whole;
    }

    /** Given to that other user. */
    private static Path own(Path path) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxrwxrwx"));
        return path;
    }
}
