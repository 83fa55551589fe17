package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import dev.stepstile.model.World;
import dev.stepstile.simulation.exploration.Exploration;
import dev.stepstile.simulation.scenarios.Scenarios;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/**
 * What {@code docs/evidence.md} says is what comes out: which engine finds which seeded mistake.
 * {@code -Dstepstile.write-docs=true} writes the page anew.
 */
@Tag("full")
class EvidenceTest {
    private static final Path PAGE = Path.of("..", "..", "docs", "evidence.md");
    private static final String TIMES = "| seconds |";
    private static final List<Class<?>> RULES_TESTS =
            List.of(RulesOfWritingTest.class, RulesOfEndingTest.class, RulesOfReadingTest.class);
    private static final int SEEDS = 30;
    private static final int STATES = 4_000;
    private static final int MOST_STATES = 2_000_000;

    private enum Engine {
        RULES("unit tests of the rules") {
            @Override
            boolean finds(SeededBug bug) {
                return Played.under(bug, () -> RULES_TESTS.stream().anyMatch(tests -> failures(tests) > 0));
            }

            private static long failures(Class<?> tests) {
                SummaryGeneratingListener listener = new SummaryGeneratingListener();
                LauncherFactory.create()
                        .execute(
                                LauncherDiscoveryRequestBuilder.request()
                                        .selectors(selectClass(tests))
                                        .build(),
                                listener);
                return listener.getSummary().getTestsFailedCount();
            }
        },
        RANDOM("random simulation") {
            @Override
            boolean finds(SeededBug bug) {
                return IntStream.rangeClosed(1, SEEDS).anyMatch(bug::found);
            }
        },
        SINGLES("single faults") {
            // each small scenario with the seed that ExplorationTest has
            @Override
            boolean finds(SeededBug bug) {
                return IntStream.range(0, Scenarios.SMALL.size())
                        .mapToObj(i -> new Exploration(
                                Scenarios.SMALL.get(i),
                                i + 1L,
                                config -> bug.changes().get().apply(config).untilFirstFinding(),
                                Exploration.Listener.NONE))
                        .anyMatch(exploration -> !exploration
                                .untilFirstFinding()
                                .singles()
                                .findings()
                                .isEmpty());
            }
        },
        MODEL("model exploration") {
            @Override
            boolean finds(SeededBug bug) {
                World rare = World.RARE.get(bug.what());
                return rare == null
                        ? World.ALL.stream().anyMatch(world -> explored(bug, world, STATES))
                        : explored(bug, rare, MOST_STATES);
            }
        };

        private final String title;

        Engine(String title) {
            this.title = title;
        }

        abstract boolean finds(SeededBug bug);

        private static boolean explored(SeededBug bug, World world, int states) {
            return world.explored(bug::config, states).wrong().isPresent();
        }
    }

    private final Map<SeededBug, Set<Engine>> found = new LinkedHashMap<>();
    private final Map<Engine, Duration> times = new EnumMap<>(Engine.class);

    @Test
    @Timeout(value = 20, unit = TimeUnit.MINUTES)
    void the_page_tells_which_engine_finds_which_mistake() throws IOException {
        for (SeededBug bug : SeededBug.ALL) {
            found.put(bug, EnumSet.noneOf(Engine.class));
            for (Engine engine : Engine.values()) {
                Duration start = processorTime();
                if (engine.finds(bug)) {
                    found.get(bug).add(engine);
                }
                times.merge(engine, processorTime().minus(start), Duration::plus);
            }
        }
        String written = written();
        System.out.println("evidence, in " + times);
        if (Boolean.getBoolean("stepstile.write-docs")) {
            Files.writeString(PAGE, written);
        }
        assertThat(withoutTimes(Files.readString(PAGE))).isEqualTo(withoutTimes(written));
    }

    private static Duration processorTime() {
        return ProcessHandle.current().info().totalCpuDuration().orElseThrow();
    }

    private static String withoutTimes(String page) {
        return page.lines().filter(line -> !line.startsWith(TIMES)).collect(Collectors.joining("\n"));
    }

    private String written() {
        return introduction() + table() + alone() + others();
    }

    private static String introduction() {
        return String.format(
                Locale.ROOT,
                """
                # Evidence

                Which engine finds which mistake. The %d mistakes are those of [proof.md](proof.md#seeded-bugs): each is built in by
                a switch that only tests have, and each engine searches for each of them within the same bounds. This page is
                generated, and `./stepstile verify --full` holds it against what comes out, except for the seconds; it is written
                anew by

                    mvn test -Pfull -pl testing/simulation -am -Dtest=EvidenceTest -Dstepstile.write-docs=true -Dsurefire.failIfNoSpecifiedTests=false

                - *Unit tests of the rules*: `RulesOfWritingTest`, `RulesOfEndingTest` and `RulesOfReadingTest`, each of which plays
                  one situation. Runs in which a test makes a mistake itself are left as they are.
                - *Random simulation*: the three settings of `SeededBugsTest`, with the seeds 1 to %d.
                - *Single faults*: each fault at each port call of the %d small scenarios.
                - *Model exploration*: the nearest %,d states of each of %d configurations. For the %d mistakes for which `ModelTest`
                  names a configuration of their own, that one, as far as it takes (over a million states).

                A search ends with its first finding. The seconds are processor time, for all mistakes together.

                """,
                SeededBug.ALL.size(),
                SEEDS,
                Scenarios.SMALL.size(),
                STATES,
                World.ALL.size(),
                World.RARE.size());
    }

    private String table() {
        StringBuilder table = new StringBuilder(
                row("seeded mistake", engine -> engine.title) + "|---|" + "---|".repeat(Engine.values().length) + "\n");
        found.forEach(
                (bug, engines) -> table.append(row(bug.what(), engine -> engines.contains(engine) ? "found" : "")));
        table.append(row("found, of " + found.size(), engine -> count(engines -> engines.contains(engine)) + ""));
        table.append(row("found by no other", engine -> count(Set.of(engine)::equals) + ""));
        table.append(row(
                "seconds",
                engine -> Math.round(times.getOrDefault(engine, Duration.ZERO).toMillis() / 1_000.0) + ""));
        return table.append('\n').toString();
    }

    private static String row(String first, Function<Engine, String> cell) {
        return Stream.concat(Stream.of(first), Stream.of(Engine.values()).map(cell))
                .collect(Collectors.joining(" | ", "| ", " |\n"));
    }

    private long count(Predicate<Set<Engine>> which) {
        return found.values().stream().filter(which).count();
    }

    private String alone() {
        String unfound = named(Set::isEmpty);
        return String.format(
                Locale.ROOT,
                """
                Found by none of them: %s.
                `RulesOfRecoveryTest` and `RulesOfReadingTest` find what is left, in runs with that mistake of their own.

                ## What each engine is for

                - Unit tests of the rules find what one situation shows, and name it. The tests of the use cases are not in the table:
                  they do not run behind the simulated ports, in which these mistakes are built.
                - Random simulation alone finds what needs many steps, large payloads, or a reader of the feed: no small scenario has
                  them.
                - Model exploration finds what needs one order of calls out of thousands. Of the mistakes that chance misses, it finds:
                  %s.
                  `verify` leaves those that need hundreds of thousands of states to `verify --full`.
                - What single faults show is complete: each fault at each port call, whatever the seed. Of the mistakes that chance
                  misses, they find:
                  %s.
                - Pairs of faults were an engine of their own until this table had a column for them: 400 pairs of each small scenario
                  found 60 of the 84 mistakes in 92 s, each of which another engine had found too. They were removed.

                """,
                unfound.isEmpty() ? "nothing" : unfound,
                named(engines -> engines.contains(Engine.MODEL) && !engines.contains(Engine.RANDOM)),
                named(engines -> engines.contains(Engine.SINGLES) && !engines.contains(Engine.RANDOM)));
    }

    private String named(Predicate<Set<Engine>> which) {
        return found.entrySet().stream()
                .filter(each -> which.test(each.getValue()))
                .map(each -> '"' + each.getKey().what() + '"')
                .collect(Collectors.joining(", "));
    }

    private static String others() {
        return """
                ## Engines with other subjects

                The seeded mistakes stand between a function and its ports, or in how the table evaluates a condition. These engines
                look at what is beside that, and have mistakes of their own; their tests print the numbers.

                | engine | its mistakes | numbers | what it alone detects |
                |---|---|---|---|
                | Unit tests of the model, the codecs and the sweeper's decisions, by PIT (`MutationTest`, `-Pfull`) | each change that PIT knows, at each line of them | `PIT: 586 mutants, 10 survived`; each survivor is in `survivors.txt` with its reason | a line that computes a result and that no unit test covers, such as a limit or a member of a message |
                | Condition mutation (`ConditionMutationTest`) | each conjunct of each condition that the DynamoDB adapter sends, left out and negated | `72 changes to the conjuncts of 18 conditions, 0 unnoticed` | an expression that DynamoDB would evaluate otherwise than the simulated table does |
                | Races (`RacesTest`) | the locks of the log, taken away | 300 schedules of each of three cases, 10,000 with `-Pfull`; the race is found within 300 | two threads of one process between two port calls, where the simulator lets only one run |
                """;
    }
}
