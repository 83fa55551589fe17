package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import picocli.CommandLine.Mixin;

/** A command that prints a list of the API. */
abstract class ListCommand extends ApiCommand {
    /** Of steps; other lists have their own. */
    static final int LARGEST_PAGE = 1000;

    @Mixin
    private LimitOptions limit = new LimitOptions();

    /**
     * A call that lists.
     *
     * @param path without the query
     * @param member of the answer that holds the entries
     * @param largest page that the call answers
     */
    record ListCall(String path, Map<String, String> query, String member, int largest) {}

    /** Prints what the call lists, and says where more is; nothing found is said too, and is no failure. */
    final int list(Calls calls, ListCall call, List<Column> columns, Function<JsonNode, String> name, String nothing) {
        Listing listing = new Listing(output().format(), columns, name, screen());
        boolean more =
                calls.pages(call.path(), call.query(), call.member(), limit.page(call.largest()), listing::print);
        if (screen().closed()) {
            return Exit.DONE;
        }
        if (listing.printed() == 0 && !more) {
            errors().say(nothing);
        } else if (more) {
            errors().say("These are the first " + Text.count(listing.printed()) + "; --limit or --all prints more.");
        }
        return Exit.DONE;
    }
}
