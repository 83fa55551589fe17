package dev.stepstile.cli.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** What people read on their terminal. */
class TerminalTest {
    private static String said(String text, Charset charset, int width) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        new Terminal(new PrintStream(bytes, true, charset), charset, width).say(text);
        return bytes.toString(charset);
    }

    @Test
    void wraps_between_words_and_keeps_the_indent() {
        assertThat(said("  one two three four", StandardCharsets.UTF_8, 12)).isEqualTo("  one two\n  three four\n");
        assertThat(said("one two", StandardCharsets.UTF_8, 7)).isEqualTo("one two\n");
    }

    @Test
    void leaves_a_word_whole_that_is_longer_than_a_line() {
        assertThat(said("see /a/very/long/path/to/it now", StandardCharsets.UTF_8, 10))
                .isEqualTo("see\n/a/very/long/path/to/it\nnow\n");
    }

    @Test
    void wraps_nothing_into_a_pipe() {
        String line = "word ".repeat(100).strip();

        assertThat(said(line, StandardCharsets.UTF_8, 0)).isEqualTo(line + "\n");
    }

    /** Of {@code stepstile steps r | less}, the errors go to a terminal, and the answer does not. */
    @Test
    void is_what_the_launcher_found_of_each_stream() {
        assertThat(Terminal.isTerminal(Terminal.Stream.ERR, "in,err")).isTrue();
        assertThat(Terminal.isTerminal(Terminal.Stream.OUT, "in,err")).isFalse();
        assertThat(Terminal.isTerminal(Terminal.Stream.IN, "out,")).isFalse();
        assertThat(Terminal.isTerminal(Terminal.Stream.IN, "")).isFalse();
    }

    @Test
    void draws_in_ascii_where_the_terminal_has_nothing_else() {
        assertThat(said("██░░ … 3 × ü", StandardCharsets.US_ASCII, 80)).isEqualTo("##-- ... 3 x ?\n");
        assertThat(said("██░░", StandardCharsets.UTF_8, 80)).isEqualTo("██░░\n");
    }
}
