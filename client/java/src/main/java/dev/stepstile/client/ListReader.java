package dev.stepstile.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Reads the lists of the API through all their pages. */
record ListReader(Transport transport) {
    /** The first page is read at once, the others as the stream comes to them. */
    Stream<JsonNode> pages(String path, Map<String, String> query, String member) {
        return Stream.iterate(
                        Optional.of(transport.get(path, query, member)),
                        Optional::isPresent,
                        page -> page.map(answer -> answer.path("cursor").textValue())
                                .map(cursor -> {
                                    Map<String, String> next = new TreeMap<>(query);
                                    next.put("cursor", cursor);
                                    return transport.get(path, next, member);
                                }))
                .map(Optional::orElseThrow);
    }

    /**
     * The entries of all pages.
     *
     * @param member of each answer that holds the entries
     */
    Stream<JsonNode> entries(String path, Map<String, String> query, String member) {
        return pages(path, query, member).flatMap(page -> page.path(member).valueStream());
    }

    /** The groups of failures of all pages: each page counts steps of its own, so that groups of the same id are added up. */
    Failures failures(String path, Map<String, String> query) {
        Map<String, FailureGroup> groups = new TreeMap<>();
        int others = 0;
        for (JsonNode page : (Iterable<JsonNode>) pages(path, query, "failures")::iterator) {
            page.path("failures")
                    .valueStream()
                    .map(AnswerReader::failure)
                    .forEach(group -> groups.merge(group.failure(), group, FailureGroup::plus));
            others += page.path("otherCount").asInt();
        }
        return new Failures(
                groups.values().stream()
                        .sorted(Comparator.comparingInt(FailureGroup::count).reversed())
                        .toList(),
                others);
    }
}
