package dev.stepstile.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.step.StepState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every page can be found, and every link between pages leads somewhere. */
class DocumentationTest {
    private static final Path INDEX = Checkout.file("docs/README.md");
    private static final Path DECISIONS = Checkout.file("docs/adr/README.md");
    private static final Pattern LINK = Pattern.compile("]\\(([^)#\\s]+)(#[^)\\s]*)?\\)");
    private static final Pattern CODE = Pattern.compile("```.*?```|`[^`\n]*`", Pattern.DOTALL);
    private static final Pattern CLASS_NAME =
            Pattern.compile("`([A-Z][a-z]\\w*)[.`]|\\b([A-Z][a-z]+(?:[A-Z][a-z]+)+)\\b");
    private static final Pattern DECISION =
            Pattern.compile("# (\\d{3}): (.+)\n\n- Status: (.+)\n- Date: (.+)\n\n\\*\\*Decided\\.\\*\\* ");

    private static final Pattern STATES =
            Pattern.compile("^A step is QUEUED.*?\n\n", Pattern.DOTALL | Pattern.MULTILINE);
    private static final Pattern STATE = Pattern.compile("\\b[A-Z]{4,}\\b");

    /** The pages below the root. */
    private static List<Path> pages() {
        return Checkout.files("glob:**/*.md");
    }

    private static List<Path> decisions() {
        return Checkout.files("glob:docs/adr/[0-9]*.md");
    }

    private static Set<Path> linked(Path page) {
        String prose = CODE.matcher(Checkout.text(page)).replaceAll("");
        return LINK.matcher(prose)
                .results()
                .map(MatchResult::group)
                .map(link -> link.replaceFirst("^]\\(", "").replaceFirst("[#)].*$", ""))
                .filter(target -> !target.contains("://"))
                .map(target -> page.resolveSibling(target).normalize())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void every_page_is_in_the_index() {
        List<Path> pages = pages().stream()
                .filter(page -> !page.equals(INDEX) && !decisions().contains(page))
                .toList();
        assertThat(pages).hasSizeGreaterThan(8);
        assertThat(linked(INDEX)).containsAll(pages);
    }

    @Test
    void every_link_leads_to_a_file() {
        Stream<Path> atTheTop = Stream.of("README.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md")
                .map(Checkout::file);
        List<Path> pages = Stream.concat(pages().stream(), atTheTop).toList();
        assertThat(pages)
                .allSatisfy(page -> assertThat(linked(page))
                        .allSatisfy(target -> assertThat(target).matches(Files::exists)));
        assertThat(pages.stream().mapToInt(page -> linked(page).size()).sum()).isGreaterThan(50);
    }

    @Test
    void every_class_that_the_architecture_page_names_exists() {
        Set<String> sources = Checkout.files("glob:**/*.java").stream()
                .map(source -> source.getFileName().toString().replace(".java", ""))
                .collect(Collectors.toSet());
        Set<String> named = CLASS_NAME
                .matcher(Checkout.text(Checkout.file("docs/architecture.md")))
                .results()
                .map(name -> name.group(1) == null ? name.group(2) : name.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(named).hasSizeGreaterThan(20);
        assertThat(sources).containsAll(named);
    }

    @Test
    void the_readme_names_every_state_of_a_step() {
        Matcher paragraph = STATES.matcher(Checkout.text(Checkout.file("README.md")));
        assertThat(paragraph.find()).isTrue();
        assertThat(STATE.matcher(paragraph.group()).results().map(MatchResult::group))
                .containsExactlyInAnyOrderElementsOf(Stream.of(StepState.Name.values())
                        .filter(state -> state != StepState.Name.UNKNOWN) // what readers see of a damaged record
                        .map(Enum::name)
                        .toList());
    }

    @Test
    void every_decision_has_a_status_and_a_date_which_the_index_repeats() {
        List<String> rows = decisions().stream().map(DocumentationTest::row).toList();
        assertThat(rows).hasSizeGreaterThan(10);
        assertThat(Checkout.text(DECISIONS).lines().filter(line -> line.startsWith("| [")))
                .containsExactlyElementsOf(rows);
    }

    /** The index's line for a decision. */
    private static String row(Path decision) {
        Matcher head = DECISION.matcher(Checkout.text(decision));
        assertThat(head.lookingAt())
                .as("%s begins with title, status, date, decision", decision)
                .isTrue();
        String name = decision.getFileName().toString();
        assertThat(name).startsWith(head.group(1) + "-");
        assertThat(head.group(3)).matches("proposed|accepted|superseded by \\[\\d{3}]\\(\\S+\\)");
        assertThat(head.group(4)).matches("\\d{4}-\\d\\d-\\d\\d(, amended \\d{4}-\\d\\d-\\d\\d)?");
        return "| [%s](%s) | %s | %s | %s |"
                .formatted(head.group(1), name, head.group(2), head.group(3), head.group(4));
    }
}
