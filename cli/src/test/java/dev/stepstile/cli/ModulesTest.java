package dev.stepstile.cli;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import dev.stepstile.api.StepContext;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Which parts may use which: this module has all others on its class path. */
class ModulesTest {
    private static final Path CHECKOUT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern MODULE = Pattern.compile("<module>([^<]+)</module>");
    private static final Pattern NOT_USED =
            Pattern.compile("(?s)<parent>.*?</parent>|<dependencyManagement>.*?</dependencyManagement>");
    private static final Pattern ARTIFACT = Pattern.compile("<artifactId>([^<]+)</artifactId>");
    private static final Pattern DEPENDENCY = Pattern.compile(
            "<dependency><groupId>dev\\.stepstile</groupId><artifactId>([^<]+)</artifactId>(.*?)</dependency>");
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `([^`]+)` \\| [^|]+ \\| ?([^|]*)\\|$");
    private static final ArchRule NO_CIRCLES =
            slices().matching("dev.stepstile.(**)").should().beFreeOfCycles();

    /** The packages of the seeded circle are of tests, which the rule's classes leave out. */
    private static JavaClasses classes(ImportOption option) {
        return new ClassFileImporter().withImportOption(option).importPackages("dev.stepstile");
    }

    @Test
    void packages_do_not_depend_on_each_other_in_a_circle() {
        JavaClasses all = classes(new ImportOption.DoNotIncludeTests());
        assertThat(all.contain("dev.stepstile.step.StepLife")).isTrue();
        assertThat(all.contain("dev.stepstile.local.LocalStack")).isTrue();
        NO_CIRCLES.check(all);
    }

    /** A method with a default that a class forgets answers wrongly, and compiles. */
    @Test
    void a_context_of_a_step_answers_each_of_its_methods_itself() {
        JavaClasses all = classes(new ImportOption.DoNotIncludeTests());
        List<String> methods = Stream.of(StepContext.class.getDeclaredMethods())
                .map(Method::getName)
                .toList();
        Map<String, Set<String>> forgotten = new TreeMap<>();
        int found = 0;
        for (JavaClass context : all) {
            if (context.isAssignableTo(StepContext.class) && !context.isInterface()) {
                found++;
                Set<String> left = new TreeSet<>(methods);
                context.getMethods().forEach(method -> left.remove(method.getName()));
                forgotten.put(context.getName(), left);
            }
        }
        assertThat(found).isEqualTo(3);
        assertThat(forgotten.values()).as("%s", forgotten).allMatch(Set::isEmpty);
    }

    private static String pom(String module) throws IOException {
        return NOT_USED.matcher(Files.readString(CHECKOUT.resolve(module).resolve("pom.xml")))
                .replaceAll("");
    }

    private static String first(Pattern pattern, String text) {
        return pattern.matcher(text).results().findFirst().orElseThrow().group(1);
    }

    /** Of each module, those that its main code uses, by their folders. */
    private static SortedMap<String, SortedSet<String>> inThePoms() throws IOException {
        SortedMap<String, String> folders = new TreeMap<>();
        for (String module :
                MODULE.matcher(pom(".")).results().map(found -> found.group(1)).toList()) {
            folders.put(first(ARTIFACT, pom(module)), module);
        }
        SortedMap<String, SortedSet<String>> uses = new TreeMap<>();
        for (Map.Entry<String, String> module : folders.entrySet()) {
            SortedSet<String> used = new TreeSet<>();
            DEPENDENCY.matcher(pom(module.getValue())).results().forEach(found -> {
                if (!found.group(2).contains("test")) {
                    used.add(folders.get(found.group(1)));
                }
            });
            uses.put(module.getValue(), used);
        }
        return uses;
    }

    @Test
    void modules_use_each_other_as_the_table_in_CONTRIBUTING_says() throws IOException {
        SortedMap<String, SortedSet<String>> documented = new TreeMap<>();
        ROW.matcher(Files.readString(CHECKOUT.resolve("CONTRIBUTING.md")))
                .results()
                .filter(row ->
                        Files.isRegularFile(CHECKOUT.resolve(row.group(1)).resolve("pom.xml")))
                .forEach(row -> {
                    SortedSet<String> used = new TreeSet<>();
                    Pattern.compile("`([^`]+)`").matcher(row.group(2)).results().forEach(m -> used.add(m.group(1)));
                    documented.put(row.group(1), used);
                });
        assertThat(documented).hasSizeGreaterThan(15).isEqualTo(inThePoms());
    }
}
