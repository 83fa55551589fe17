package dev.stepstile.local.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The files of the console, as they are handed out. */
class ConsoleTest {
    private static final Pattern IMPORT = Pattern.compile("from \"\\./([a-z-]+\\.js)\"");

    private final Console console = new Console("", "a-token");

    private static Path folder() throws URISyntaxException {
        URL page = Objects.requireNonNull(Console.class.getResource("/console/index.html"));
        return Objects.requireNonNull(Path.of(page.toURI()).getParent());
    }

    private String content(String file) {
        return console.file("/console/" + file).orElseThrow().body();
    }

    @Test
    void are_those_of_the_folder() throws IOException, URISyntaxException {
        try (Stream<Path> files = Files.list(folder())) {
            Set<String> names = files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> !name.equals("index.html"))
                    .collect(Collectors.toCollection(TreeSet::new));
            assertThat(Console.FILES).containsExactlyElementsOf(names);
        }
    }

    @Test
    void are_each_needed() {
        Set<String> used = new TreeSet<>(Set.of("main.js", "style.css", "icon.svg"));
        for (String file : Console.FILES) {
            IMPORT.matcher(content(file)).results().forEach(found -> used.add(found.group(1)));
        }
        assertThat(Console.FILES).containsExactlyElementsOf(used);
    }

    /** The policy would refuse it, but it would not work either. */
    @Test
    void load_nothing_from_elsewhere_and_have_no_script_or_style_within_the_page() {
        String page = console.file(Console.PAGE).orElseThrow().body();
        assertThat(page).doesNotContainPattern("<script(?![^>]* src=)|<style|style=|\\son[a-z]+=|https?://");
        for (String file : Console.FILES) {
            assertThat(content(file)
                            .replace("http://www.w3.org/2000/svg", "")
                            .replace("https://stepstile.dev/problems/", ""))
                    .as(file)
                    .doesNotContain("http://", "https://", "//cdn", "@import");
        }
    }

    /** What the API says is text; nothing parses it as HTML. */
    @Test
    void make_no_html_of_text() {
        for (String file : Console.FILES) {
            assertThat(content(file))
                    .as(file)
                    .doesNotContainPattern(
                            "innerHTML|outerHTML|insertAdjacentHTML|document\\.write|DOMParser|\\beval\\(|new Function|srcdoc|javascript:");
        }
    }

    @Test
    void have_the_token_where_the_page_reads_it() {
        assertThat(console.file(Console.PAGE).orElseThrow().body())
                .contains("<meta name=\"stepstile-token\" content=\"a-token\">")
                .doesNotContain("{{");
    }

    @Test
    void of_no_other_path_are_there() {
        assertThat(console.file("/console/nothing.js")).isEmpty();
        assertThat(console.file("/console/../console/main.js")).isEmpty();
    }
}
