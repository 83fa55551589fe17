package dev.stepstile.local.console;

import dev.stepstile.http.Http;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The files of the web console, by the path that a browser asks for. They are read once, from a list: no path that is sent
 * reaches a file system. Shown by a browser, they load nothing from elsewhere, call their own origin alone, and run no
 * script that is not a file of the list ({@code docs/adr/020-the-console-is-a-page-of-its-own-origin.md}).
 */
public final class Console {
    /** Where the page is. */
    public static final String PAGE = "/";

    private static final String FOLDER = "/console/";

    /** All but the page itself. */
    static final List<String> FILES = List.of(
            "actions.js",
            "api.js",
            "audit.js",
            "charts.js",
            "dialog.js",
            "dom.js",
            "filter.js",
            "format.js",
            "icon.svg",
            "letters-view.js",
            "live-counts.js",
            "live-log.js",
            "live-run.js",
            "log-lines.js",
            "main.js",
            "pause-notice.js",
            "poll.js",
            "run-audit.js",
            "run-failures.js",
            "run-view.js",
            "running-view.js",
            "runs-view.js",
            "step-view.js",
            "style.css",
            "table.js",
            "theme.js");

    private static final String POLICY = String.join(
            "; ",
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'");

    private static final SortedMap<String, String> HEADERS = Collections.unmodifiableSortedMap(new TreeMap<>(Map.of(
            "cache-control", "no-store",
            "content-security-policy", POLICY,
            "cross-origin-opener-policy", "same-origin",
            "cross-origin-resource-policy", "same-origin",
            "referrer-policy", "no-referrer",
            "x-content-type-options", "nosniff",
            "x-frame-options", "DENY")));

    private final Map<String, Http.Answer> answers = new TreeMap<>();

    /**
     * @param api what the page shows as the API that it calls, as {@code http://127.0.0.1:8787}
     * @param token that the page sends with its calls; empty if it is in the link by which the page was opened
     */
    public Console(String api, String token) {
        answers.put(PAGE, answer("index.html", filled(read("index.html"), api, token)));
        FILES.forEach(file -> answers.put(FOLDER + file, answer(file, read(file))));
    }

    /** The file at a path as it was sent; empty if it is none of the console's. */
    public Optional<Http.Answer> file(String path) {
        return Optional.ofNullable(answers.get(path));
    }

    private static String filled(String page, String api, String token) {
        return page.replace("{{api}}", escaped(api)).replace("{{token}}", escaped(token));
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
    }

    private static Http.Answer answer(String file, String content) {
        return new Http.Answer(200, type(file), content, HEADERS);
    }

    private static String type(String file) {
        return switch (file.substring(file.lastIndexOf('.'))) {
            case ".html" -> "text/html; charset=utf-8";
            case ".js" -> "text/javascript; charset=utf-8";
            case ".css" -> "text/css; charset=utf-8";
            case ".svg" -> "image/svg+xml";
            default -> throw new IllegalStateException("no type is known for " + file);
        };
    }

    private static String read(String file) {
        try (InputStream in = Console.class.getResourceAsStream(FOLDER + file)) {
            if (in == null) {
                throw new IllegalStateException("the console has no " + file);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
