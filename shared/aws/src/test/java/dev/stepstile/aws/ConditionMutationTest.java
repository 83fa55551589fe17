package dev.stepstile.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import dev.stepstile.simulatedaws.Conjunct;
import dev.stepstile.simulatedaws.SimulatedTable;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.StringEntry;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/**
 * Every conjunct of every condition that the adapter sends is needed: with any one of them left out, or turned round, a
 * test of the ports' contracts fails. The conjuncts are those that reach the table, so that a new one is found by itself.
 */
class ConditionMutationTest {
    private enum Change {
        LEFT_OUT {
            @Override
            boolean read(boolean holds) {
                return true;
            }
        },
        TURNED_ROUND {
            @Override
            boolean read(boolean holds) {
                return !holds;
            }
        };

        abstract boolean read(boolean holds);
    }

    private record Mutation(String expression, Conjunct conjunct, Change change) {
        boolean changes(String sent, Conjunct read) {
            return sent.equals(expression) && read.equals(conjunct);
        }

        @Override
        public String toString() {
            return "\"" + conjunct.text() + "\" "
                    + change.name().toLowerCase(Locale.ROOT).replace('_', ' ') + " in \"" + expression + "\"";
        }
    }

    /** How a string that the compiler concatenates is stored: each part that is put in later is this character. */
    private static final char PUT_IN_LATER = '\1';

    private static final List<Class<?>> CONTRACTS = List.of(
            SimulatedTableTest.Step_store.class, SimulatedTableTest.Workers.class, SimulatedTableTest.Pauses.class);

    /** Each expression that reaches the table, with the contracts whose tests send it. */
    private static final SortedMap<String, List<Class<?>>> SENT = new TreeMap<>();

    @BeforeAll
    static void see_what_is_sent() {
        for (Class<?> contract : CONTRACTS) {
            Set<String> sent = ConcurrentHashMap.newKeySet();
            TestExecutionSummary asTheyAre = tests(contract, (expression, conjunct, holds) -> {
                sent.add(expression);
                return holds;
            });
            assertThat(asTheyAre.getTestsFailedCount()).isZero();
            assertThat(asTheyAre.getTestsSucceededCount())
                    .isGreaterThan(contract == SimulatedTableTest.Pauses.class ? 5 : 10);
            sent.forEach(expression ->
                    SENT.computeIfAbsent(expression, first -> new ArrayList<>()).add(contract));
        }
    }

    private static TestExecutionSummary tests(Class<?> contract, SimulatedTable.Reading reading) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClass(contract))
                .configurationParameter("junit.jupiter.execution.parallel.enabled", "false") // the table is in a scope
                .build();
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        Launcher launcher = LauncherFactory.create();
        ScopedValue.where(SimulatedTableTest.UNDER_TEST, SimulatedTableTest.table(reading))
                .run(() -> launcher.execute(request, listener));
        return listener.getSummary();
    }

    private static boolean isNoticed(Mutation mutation) {
        return SENT.getOrDefault(mutation.expression(), List.of()).stream()
                .anyMatch(contract -> tests(
                                        contract,
                                        (expression, conjunct, holds) -> mutation.changes(expression, conjunct)
                                                ? mutation.change().read(holds)
                                                : holds)
                                .getTestsFailedCount()
                        > 0);
    }

    private static List<Mutation> mutations() {
        List<Mutation> mutations = new ArrayList<>();
        for (String expression : SENT.keySet()) {
            for (Conjunct conjunct : Conjunct.of(expression)) {
                for (Change change : Change.values()) {
                    mutations.add(new Mutation(expression, conjunct, change));
                }
            }
        }
        return mutations;
    }

    @Test
    void no_conjunct_can_be_left_out_or_turned_round_unnoticed() {
        List<Mutation> survivors = new ArrayList<>();
        for (Mutation mutation : mutations()) {
            if (!isNoticed(mutation)) {
                survivors.add(mutation);
            }
        }
        System.out.printf(
                "%d changes to the conjuncts of %d conditions, %d unnoticed%n",
                mutations().size(), SENT.size(), survivors.size());
        assertThat(survivors).isEmpty();
    }

    @Test
    void no_condition_that_stands_in_the_adapter_stays_unsent() throws IOException, URISyntaxException {
        Set<String> sent = SENT.keySet().stream()
                .flatMap(expression -> Conjunct.of(expression).stream())
                .map(Conjunct::text)
                .collect(Collectors.toSet());
        Set<String> written = conjunctsInTheAdapter();
        assertThat(written).hasSizeGreaterThan(10);
        assertThat(written)
                .allSatisfy(conjunct -> assertThat(sent)
                        .anyMatch(text -> Arrays.stream(conjunct.split(String.valueOf(PUT_IN_LATER), -1))
                                .map(Pattern::quote)
                                .collect(Collectors.collectingAndThen(
                                        Collectors.joining(".+"), pattern -> text.matches(pattern)))));
    }

    /** As its class files have them, with a gap where a name is put in later. */
    private static Set<String> conjunctsInTheAdapter() throws IOException, URISyntaxException {
        Path classes = Path.of(Objects.requireNonNull(DynamoDbStepStore.class.getResource("DynamoDbStepStore.class"))
                        .toURI())
                .getParent();
        Set<String> conjuncts = new TreeSet<>();
        try (Stream<Path> files = Files.list(classes)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".class")).toList()) {
                StreamSupport.stream(ClassFile.of().parse(file).constantPool().spliterator(), false)
                        .flatMap(entry ->
                                entry instanceof StringEntry string ? Stream.of(string.stringValue()) : Stream.of())
                        .flatMap(Conjunct::parts)
                        .filter(part ->
                                Conjunct.parse(part.replace(PUT_IN_LATER, 'x')).isPresent())
                        .forEach(conjuncts::add);
            }
        }
        return conjuncts;
    }
}
