package dev.stepstile.functions;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import dev.stepstile.functions.seeded.one.PutsLogContext;
import dev.stepstile.functions.seeded.one.ReachesOver;
import dev.stepstile.functions.seeded.one.UsesIdempotency;
import dev.stepstile.functions.seeded.one.UsesTheDatabase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;

/** Who may use what. Each rule is also seen failing, on a class that breaks it. */
class ArchitectureTest {
    private static final JavaClasses PRODUCTION = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.stepstile.functions", "dev.stepstile.lambda", "dev.stepstile.aws");

    private static final JavaClasses SEEDED = new ClassFileImporter()
            .importPackages(ReachesOver.class.getPackageName(), "dev.stepstile.functions.seeded.two");

    private static final ArchRule ONE_CLASS_KNOWS_IDEMPOTENCY = noClasses()
            .that()
            .haveNameNotMatching(".*\\.FencedIdempotency(\\$.*)?")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("software.amazon.lambda.powertools.idempotency..");

    private static final ArchRule LOG_CONTEXT_IS_PASSED = noClasses()
            .that()
            .haveNameNotMatching(".*\\.(LogContext|VirtualTasks|JsonLines)(\\$.*)?")
            .should()
            .dependOnClassesThat()
            .areAssignableTo(MDC.class);

    private static final ArchRule FUNCTIONS_ARE_STRANGERS =
            slices().matching("dev.stepstile.functions.(**)").should().notDependOnEachOther();

    private static final ArchRule NO_DATABASE_ON_LAMBDA = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.stepstile.embedded..", "dev.stepstile.local..", "org.sqlite..", "java.sql..");

    private static final ArchRule NO_SDK_BUT_IN_THE_ADAPTERS = classes()
            .that()
            .resideInAnyPackage("dev.stepstile.functions..", "dev.stepstile.lambda..")
            .should()
            .onlyDependOnClassesThat()
            .resideOutsideOfPackage("software.amazon.awssdk..");

    @Test
    void only_one_class_knows_powertools_idempotency() {
        ONE_CLASS_KNOWS_IDEMPOTENCY.check(PRODUCTION);
        assertThat(broken(ONE_CLASS_KNOWS_IDEMPOTENCY)).contains(UsesIdempotency.class.getSimpleName());
    }

    @Test
    void only_the_log_context_the_task_runner_and_the_log_lines_touch_the_thread_local_of_the_log() {
        LOG_CONTEXT_IS_PASSED.check(new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("dev.stepstile"));
        assertThat(broken(LOG_CONTEXT_IS_PASSED)).contains(PutsLogContext.class.getSimpleName());
    }

    @Test
    void functions_do_not_know_each_other() {
        FUNCTIONS_ARE_STRANGERS.check(PRODUCTION);
        assertThat(broken(FUNCTIONS_ARE_STRANGERS)).contains(ReachesOver.class.getSimpleName());
    }

    @Test
    void no_function_knows_the_embedded_database() {
        NO_DATABASE_ON_LAMBDA.check(PRODUCTION);
        assertThat(broken(NO_DATABASE_ON_LAMBDA)).contains(UsesTheDatabase.class.getSimpleName());
    }

    @Test
    void only_adapters_know_the_sdk() {
        NO_SDK_BUT_IN_THE_ADAPTERS.check(PRODUCTION);
        assertThat(broken(NO_SDK_BUT_IN_THE_ADAPTERS)).contains(UsesIdempotency.class.getSimpleName());
    }

    @Test
    void a_handler_is_less_than_thirty_lines() {
        SortedMap<String, Long> lines = new TreeMap<>();
        for (String handler : List.of("dispatch", "step", "sweeper", "runs")) {
            String name = handler.substring(0, 1).toUpperCase(Locale.ROOT) + handler.substring(1) + "Function";
            Path file =
                    Path.of(handler, "src", "main", "java", "dev", "stepstile", "functions", handler, name + ".java");
            lines.put(name, codeLines(file));
        }
        assertThat(lines)
                .hasSize(4)
                .allSatisfy((name, count) -> assertThat(count).isBetween(5L, 29L));
    }

    /** Lines of code: neither blank, nor a comment, nor what every Java file begins with. */
    private static long codeLines(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.map(String::strip)
                    .filter(line -> !line.isEmpty()
                            && !line.startsWith("package ")
                            && !line.startsWith("import ")
                            && !line.matches("(/\\*\\*|\\*|//).*"))
                    .count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String broken(ArchRule rule) {
        return rule.evaluate(SEEDED).getFailureReport().toString();
    }
}
