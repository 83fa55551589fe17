package dev.stepstile.cli.plan;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;

/** The plans in the documents of a checkout: each between a comment with its command and one that ends it. */
public final class PlanDocuments {
    /** The documents, from the top of a checkout. */
    static final List<String> DOCUMENTS = List.of("README.md", "docs/cost.md");

    private static final Pattern BLOCK =
            Pattern.compile("(?s)(<!-- \\./stepstile plan ([^>]*?) -->\n\n```\n)(.*?)(\n```\n\n<!-- end -->)");

    private PlanDocuments() {}

    /** A plan in a document. */
    record Block(String arguments, String text) {}

    static List<Block> read(Path document) throws IOException {
        return BLOCK.matcher(Files.readString(document))
                .results()
                .map(found -> new Block(found.group(2), found.group(3)))
                .toList();
    }

    /** What the command prints. */
    static String printed(String arguments) {
        PlanCommand command = new PlanCommand();
        new CommandLine(command).setCaseInsensitiveEnumValuesAllowed(true).parseArgs(arguments.split(" ", -1));
        return String.join("\n", command.printed());
    }

    /** Writes each plan anew. */
    public static void write(Path checkout) throws IOException {
        Map<String, String> plans = new HashMap<>();
        for (String document : DOCUMENTS) {
            Path file = checkout.resolve(document);
            Files.writeString(
                    file,
                    written(
                            Files.readString(file),
                            arguments -> plans.computeIfAbsent(arguments, PlanDocuments::printed)));
        }
    }

    private static String written(String text, Function<String, String> plan) {
        return BLOCK.matcher(text)
                .replaceAll(found ->
                        Matcher.quoteReplacement(found.group(1) + plan.apply(found.group(2)) + found.group(4)));
    }
}
