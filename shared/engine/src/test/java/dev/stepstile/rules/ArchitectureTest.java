package dev.stepstile.rules;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaConstructorCall;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import dev.stepstile.codec.RecordCodec;
import dev.stepstile.rules.seeded.ApiWithBaggage;
import dev.stepstile.step.StepLife;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * What keeps the protocol ready to be simulated, and its parts apart. Each rule is also seen to fail, on classes of
 * {@code dev.stepstile.rules.seeded} that break it.
 */
class ArchitectureTest {
    private static final JavaClasses OURS = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(
                    "dev.stepstile.api",
                    "dev.stepstile.step",
                    "dev.stepstile.port",
                    "dev.stepstile.usecase",
                    "dev.stepstile.codec",
                    "dev.stepstile.runtime",
                    "dev.stepstile.handlers");
    private static final JavaClasses SEEDED = new ClassFileImporter().importPackages("dev.stepstile.rules.seeded");

    private static final DescribedPredicate<JavaClass> PROTOCOL = resideInAnyPackage(
                    "dev.stepstile.step..",
                    "dev.stepstile.port..",
                    "dev.stepstile.usecase..",
                    "dev.stepstile.codec..",
                    "dev.stepstile.rules.seeded..")
            .as("protocol classes");

    private static void holds(ArchRule rule) {
        rule.check(OURS);
    }

    /** Fails, and for each of these reasons. */
    private static void failsOn(ArchRule rule, String... reasons) {
        assertThatThrownBy(() -> rule.check(SEEDED))
                .isInstanceOf(AssertionError.class)
                .hasMessageContainingAll(reasons);
    }

    @Test
    void looks_at_classes_that_are_there() {
        assertThat(OURS.contain("dev.stepstile.step.StepLife")).isTrue();
        assertThat(OURS.contain("dev.stepstile.usecase.Sweep")).isTrue();
        assertThat(OURS.contain("dev.stepstile.api.StepHandler")).isTrue();
        assertThat(OURS.stream().noneMatch(c -> c.getName().endsWith("Test"))).isTrue();
    }

    @Nested
    class Time_randomness_threads_and_waiting {
        /** What leads outside past the World, as {@code owner#member}. */
        private static final List<Pattern> PAST_THE_WORLD = Stream.of(
                        "java\\.time\\..*#now",
                        "java\\.time\\.Clock.*",
                        "java\\.time\\.InstantSource#(?!instant$).*",
                        "java\\.lang\\.System#(currentTimeMillis|nanoTime)",
                        "java\\.lang\\.Math#random",
                        "java\\.lang\\.Thread.*#(?!currentThread$|interrupt$).*",
                        "java\\.lang\\.Object#wait",
                        "java\\.security\\.SecureRandom#.*",
                        "java\\.util\\.(Random|SplittableRandom|concurrent\\.ThreadLocalRandom)#.*",
                        "java\\.util\\.random\\.RandomGenerator#(of|getDefault).*",
                        "java\\.util\\.UUID#randomUUID",
                        "java\\.util\\.Timer.*",
                        "java\\.util\\.concurrent\\.(Executor|ScheduledExecutor|ForkJoin|ThreadPool|StructuredTask).*",
                        "java\\.util\\.concurrent\\.(CountDownLatch|locks\\.Condition)#.*",
                        "java\\.util\\.concurrent\\.CompletableFuture#.*Async",
                        ".*#(parallel|parallelStream)")
                .map(Pattern::compile)
                .toList();

        private final ArchRule come_in_from_outside = noClasses()
                .that(PROTOCOL)
                .should()
                .accessTargetWhere(new DescribedPredicate<JavaAccess<?>>("leads outside past the World") {
                    @Override
                    public boolean test(JavaAccess<?> access) {
                        String member = access.getTargetOwner().getName() + "#"
                                + access.getTarget().getName();
                        return PAST_THE_WORLD.stream()
                                .anyMatch(pattern -> pattern.matcher(member).matches());
                    }
                });

        @Test
        void come_in_from_outside() {
            holds(come_in_from_outside);
        }

        @Test
        void that_do_not_are_seen() {
            failsOn(
                    come_in_from_outside,
                    "Instant.now()",
                    "System.currentTimeMillis()",
                    "System.nanoTime()",
                    "Clock.systemUTC()",
                    "Math.random()",
                    "Random.<init>()",
                    "ThreadLocalRandom.current()",
                    "UUID.randomUUID()",
                    "Thread.sleep(long)",
                    "Thread.<init>(java.lang.Runnable)",
                    "Thread.start()",
                    "Thread.startVirtualThread(java.lang.Runnable)",
                    "CompletableFuture.supplyAsync",
                    "Executors.newCachedThreadPool()",
                    "parallelStream()");
        }
    }

    @Nested
    class Unordered_collections {
        private final ArchRule no_field = fields().that()
                .areDeclaredInClassesThat(PROTOCOL)
                .should()
                .notHaveRawType(HashMap.class)
                .andShould()
                .notHaveRawType(HashSet.class);

        private final ArchRule no_answer = methods()
                .that()
                .areDeclaredInClassesThat(PROTOCOL)
                .should()
                .notHaveRawReturnType(HashMap.class)
                .andShould()
                .notHaveRawReturnType(HashSet.class);

        private final ArchRule not_made = noClasses()
                .that(PROTOCOL.and(not(resideInAPackage("dev.stepstile.codec.."))))
                .should()
                .callConstructorWhere(constructorOf(HashMap.class))
                .orShould()
                .callConstructorWhere(constructorOf(HashSet.class))
                .because(
                        "a decision must not depend on the order of hashes; in wire they only answer whether and which");

        private static DescribedPredicate<JavaConstructorCall> constructorOf(Class<?> type) {
            return new DescribedPredicate<>("makes a " + type.getSimpleName()) {
                @Override
                public boolean test(JavaConstructorCall call) {
                    return call.getTargetOwner().isEquivalentTo(type);
                }
            };
        }

        @Test
        void are_neither_kept_nor_handed_out_nor_made() {
            holds(no_field);
            holds(no_answer);
            holds(not_made);
        }

        @Test
        void that_are_kept_handed_out_or_made_are_seen() {
            failsOn(no_field, "Unordered.kept");
            failsOn(no_answer, "Unordered.handedOut");
            failsOn(not_made, "HashMap", "HashSet");
        }
    }

    @Nested
    class Packages {
        private final ArchRule step_stands_alone = noClasses()
                .that(resideInAnyPackage("dev.stepstile.step..", "dev.stepstile.rules.seeded.step.."))
                .should()
                .dependOnClassesThat(resideInAPackage("dev.stepstile..")
                        .and(not(resideInAnyPackage("dev.stepstile.step..", "dev.stepstile.rules.seeded.step.."))));

        private final ArchRule ports_know_the_model_alone = noClasses()
                .that(resideInAnyPackage("dev.stepstile.port..", "dev.stepstile.rules.seeded.store.."))
                .should()
                .dependOnClassesThat(resideInAPackage("dev.stepstile..")
                        .and(not(resideInAnyPackage(
                                "dev.stepstile.step..",
                                "dev.stepstile.port..",
                                "dev.stepstile.rules.seeded.store.."))));

        private final ArchRule nothing_but_wiring_knows_the_real_world = noClasses()
                .that(PROTOCOL)
                .should()
                .dependOnClassesThat(resideInAnyPackage("dev.stepstile.runtime..", "dev.stepstile.handlers.."));

        private final ArchRule no_cloud = noClasses()
                .that(PROTOCOL.or(resideInAnyPackage("dev.stepstile.api..", "dev.stepstile.runtime..")))
                .should()
                .dependOnClassesThat(resideInAnyPackage(
                        "software.amazon..", "com.amazonaws..", "java.sql..", "org.sqlite..", "java.net.http.."));

        private final ArchRule json_is_the_codecs_affair = noClasses()
                .that(resideInAnyPackage("dev.stepstile.api..", "dev.stepstile.step..", "dev.stepstile.port..")
                        .or(resideInAPackage("dev.stepstile.rules.seeded..")))
                .should()
                .dependOnClassesThat(resideInAPackage("com.fasterxml.."));

        private final ArchRule api_needs_nothing = noClasses()
                .that(resideInAPackage("dev.stepstile.api..").or(type(ApiWithBaggage.class)))
                .should()
                .dependOnClassesThat(not(resideInAnyPackage(
                        "java.lang..", "java.util", "java.time", "org.jspecify..", "dev.stepstile.api..")));

        @Test
        void depend_on_each_other_one_way() {
            holds(step_stands_alone);
            holds(ports_know_the_model_alone);
            holds(nothing_but_wiring_knows_the_real_world);
            holds(no_cloud);
            holds(json_is_the_codecs_affair);
            holds(api_needs_nothing);
        }

        @Test
        void that_depend_the_other_way_are_seen() {
            failsOn(step_stands_alone, "dev.stepstile.port.PortException");
            failsOn(ports_know_the_model_alone, "dev.stepstile.usecase.Timing");
            failsOn(nothing_but_wiring_knows_the_real_world, "dev.stepstile.runtime.JvmRuntime");
            failsOn(no_cloud, "java.sql.Connection");
            failsOn(json_is_the_codecs_affair, "JsonNode");
            failsOn(api_needs_nothing, "org.slf4j.Logger");
        }
    }

    @Nested
    class A_records_next_state {
        private final ArchRule is_built_by_StepLife_alone = noClasses()
                .that(not(type(StepLife.class)).and(not(type(RecordCodec.class))))
                .should()
                .callConstructorWhere(new DescribedPredicate<>("builds a record or a state of one") {
                    @Override
                    public boolean test(JavaConstructorCall call) {
                        JavaClass made = call.getTargetOwner();
                        boolean byItself = call.getOriginOwner().equals(made); // one constructor that calls another
                        return (made.isEquivalentTo(StepRecord.class) && !byItself)
                                || made.isAssignableTo(StepState.class);
                    }
                })
                .because("one file shows a step's whole life; the codec only reads back what was written");

        @Test
        void is_built_by_StepLife_alone() {
            holds(is_built_by_StepLife_alone);
        }

        @Test
        void that_is_built_elsewhere_is_seen() {
            failsOn(is_built_by_StepLife_alone, "StepState$Cancelled");
        }
    }

    @Nested
    class Public_types {
        private final ArchRule are_final_or_made_to_be_implemented = classes()
                .that(PROTOCOL)
                .and()
                .arePublic()
                .and()
                .areNotInterfaces()
                .and()
                .areNotEnums()
                .and(DescribedPredicate.describe(
                        "are not sealed", type -> !type.reflect().isSealed()))
                .should()
                .haveModifier(JavaModifier.FINAL);

        @Test
        void are_final() {
            holds(are_final_or_made_to_be_implemented);
        }

        @Test
        void that_are_not_are_seen() {
            failsOn(are_final_or_made_to_be_implemented, "Unordered");
        }
    }
}
