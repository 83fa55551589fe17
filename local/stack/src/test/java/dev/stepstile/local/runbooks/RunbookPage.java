package dev.stepstile.local.runbooks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** The blocks of commands in docs/runbooks.md, by the heading above them; it keeps account of which were used. */
final class RunbookPage {
    private static final Path PAGE = Path.of("../../docs/runbooks.md");
    private static final Pattern HEADING_OR_BLOCK = Pattern.compile("(?ms)^##+ ([^\n]+)$|^```sh\n(.*?)^```$");
    private static final String NOT_EXECUTED = "Not executed here";

    /**
     * One block of commands.
     *
     * @param place of the block on the page
     * @param executable false if the page says that it is not executed here
     */
    record Block(String heading, int place, String commands, boolean executable) {}

    private final List<Block> blocks = new ArrayList<>();
    private final SequencedSet<Block> used = new LinkedHashSet<>();

    RunbookPage() throws IOException {
        String page = Files.readString(PAGE);
        String heading = "";
        int after = 0;
        for (MatchResult found : HEADING_OR_BLOCK.matcher(page).results().toList()) {
            if (found.group(1) != null) {
                heading = found.group(1);
            } else {
                String paragraph = page.substring(after, found.start()).strip();
                paragraph = paragraph.substring(paragraph.lastIndexOf("\n\n") + 1);
                blocks.add(new Block(
                        heading,
                        blocks.size(),
                        found.group(2),
                        !paragraph.replaceAll("\\s+", " ").contains(NOT_EXECUTED)));
            }
            after = found.end();
        }
    }

    /** The commands of the n-th block under a heading, counted from 0, which counts as used. */
    String commands(String heading, int n) {
        Block block = blocks.stream()
                .filter(each -> each.heading().equals(heading))
                .toList()
                .get(n);
        used.add(block);
        return block.commands();
    }

    List<Block> executable() {
        return blocks.stream().filter(Block::executable).toList();
    }

    List<Block> notExecutable() {
        return blocks.stream().filter(block -> !block.executable()).toList();
    }

    SequencedSet<Block> used() {
        return Collections.unmodifiableSequencedSet(used);
    }
}
