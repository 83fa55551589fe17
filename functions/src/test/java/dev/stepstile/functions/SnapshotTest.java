package dev.stepstile.functions;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.stepstile.functions.seeded.one.MintsAtInit;
import dev.stepstile.runtime.JvmRuntime;
import dev.stepstile.runtime.SteadyClock;
import java.security.SecureRandom;
import java.util.Random;
import java.util.Set;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * SnapStart restores one initialised JVM in many environments: nothing unique may be made before the snapshot, and what
 * makes it later must not have its state in there. The JDK's {@link SecureRandom}, and so its random UUIDs, draw from
 * the system, which Lambda makes different for each environment; other random generators continue from their seed.
 */
class SnapshotTest {
    private static final Set<String> MINTS = Set.of(
            "java.time.Instant.now",
            "java.time.InstantSource.instant",
            "java.time.InstantSource.millis",
            "java.time.Clock.instant",
            "java.time.Clock.millis",
            "java.lang.System.currentTimeMillis",
            "java.lang.System.nanoTime",
            "java.util.UUID.randomUUID",
            "java.lang.ProcessHandle.current",
            "java.util.random.RandomGenerator.nextLong",
            "java.util.random.RandomGenerator.nextInt",
            "java.security.SecureRandom.nextBytes",
            "dev.stepstile.usecase.EngineRuntime.now",
            "dev.stepstile.usecase.EngineRuntime.ids");

    private static final Set<String> SEEDED = Stream.of(Random.class, ThreadLocalRandom.class, SplittableRandom.class)
            .map(Class::getName)
            .collect(java.util.stream.Collectors.toSet());

    private static final JavaClasses DEPLOYED = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(
                    "dev.stepstile.functions",
                    "dev.stepstile.lambda",
                    "dev.stepstile.aws",
                    "dev.stepstile.http",
                    "dev.stepstile.process",
                    "dev.stepstile.usecase",
                    "dev.stepstile.codec",
                    "dev.stepstile.step",
                    "dev.stepstile.runtime",
                    "dev.stepstile.handlers");

    /** Called by constructors and static initialisers, which may run before the snapshot. */
    private static SortedSet<String> minted(JavaClasses classes) {
        SortedSet<String> found = new TreeSet<>();
        for (JavaClass type : classes) {
            Stream.concat(type.getConstructors().stream(), type.getStaticInitializer().stream())
                    .flatMap(unit -> unit.getMethodCallsFromSelf().stream())
                    .filter(call -> !call.isDeclaredInLambda())
                    .filter(call -> MINTS.contains(call.getTargetOwner().getName() + "." + call.getName()))
                    .map(JavaAccess::getOriginOwner)
                    .forEach(owner -> found.add(owner.getName()));
        }
        return found;
    }

    private static SortedSet<String> seeded(JavaClasses classes) {
        SortedSet<String> found = new TreeSet<>();
        for (JavaClass type : classes) {
            type.getDirectDependenciesFromSelf().stream()
                    .filter(used -> SEEDED.contains(used.getTargetClass().getName()))
                    .forEach(used -> found.add(used.getOriginClass().getName()));
        }
        return found;
    }

    @Test
    void nothing_unique_is_made_while_a_function_is_initialised() {
        assertThat(DEPLOYED).hasSizeGreaterThan(200);
        assertThat(minted(DEPLOYED))
                .as("a clock is set before each invocation; the others are made within one")
                .containsExactly(
                        "dev.stepstile.process.PlainConversation",
                        SteadyClock.class.getName(),
                        "dev.stepstile.usecase.AuditedSteps",
                        "dev.stepstile.usecase.LiveAudit$FirstLook",
                        "dev.stepstile.usecase.RetentionRefresher$Pass",
                        "dev.stepstile.usecase.StepExecution$Batch");
        assertThat(minted(new ClassFileImporter().importClasses(MintsAtInit.class)))
                .containsExactly(MintsAtInit.class.getName());
    }

    @Test
    void no_random_generator_that_continues_from_a_seed_is_used() {
        assertThat(seeded(DEPLOYED)).isEmpty();
        assertThat(seeded(new ClassFileImporter().importClasses(MintsAtInit.class)))
                .containsExactly(MintsAtInit.class.getName());
        assertThat(JvmRuntime.create().random()).isInstanceOf(SecureRandom.class);
    }
}
