package dev.stepstile.local.http;

import dev.stepstile.http.Http;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Locale;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.jspecify.annotations.Nullable;

/**
 * Who may call a server on loopback. A page of another origin may not, by whatever name it calls; the console's own page
 * may, with the token that it was given. A program needs the token only where the server lends it the credentials of
 * whoever started it. Why each check is there: {@code docs/adr/020-the-console-is-a-page-of-its-own-origin.md}.
 */
public final class Callers {
    /** The header in which the page sends its token. */
    public static final String TOKEN = "x-stepstile-token";

    private static final int TOKEN_BYTES = 32;

    private final String token;
    private final boolean programsNeedToken;

    private Callers(boolean programsNeedToken) {
        byte[] random = new byte[TOKEN_BYTES];
        new SecureRandom().nextBytes(random);
        this.token = Base64.getUrlEncoder().withoutPadding().encodeToString(random);
        this.programsNeedToken = programsNeedToken;
    }

    /** Any program of this machine, and the console's page, which has a new token in it. */
    public static Callers programs() {
        return new Callers(false);
    }

    /** Only who has the new token, which is in no page: it is given to the person who started the server. */
    public static Callers holdersOfToken() {
        return new Callers(true);
    }

    /** Of 256 random bits; new for each server. */
    public String token() {
        return token;
    }

    /** What the page itself may say of it: nothing, if only one person is to have it. */
    String tokenInPage() {
        return programsNeedToken ? "" : token;
    }

    /**
     * Checks that a file of the console may be handed out: a link on another page may lead to the console, and nothing
     * else of another page may use it.
     *
     * @throws Http.Problem 403 or 405
     */
    void admitReader(String method, HttpFields headers) {
        checkNames(headers);
        boolean foreign = isForeign(headers.get("Sec-Fetch-Site"));
        boolean followsLink =
                "navigate".equals(headers.get("Sec-Fetch-Mode")) && "document".equals(headers.get("Sec-Fetch-Dest"));
        if (foreign && !followsLink) {
            throw fromPage();
        }
        if (!method.equals("GET")) {
            throw Http.Problem.otherMethod("GET");
        }
    }

    /**
     * Checks that a call of the API may be answered.
     *
     * @throws Http.Problem 403
     */
    void admitCall(String method, HttpFields headers) {
        checkNames(headers);
        String site = headers.get("Sec-Fetch-Site");
        boolean typed = "none".equals(site) && method.equals("GET"); // into the browser's address bar
        if (isForeign(site) || ("none".equals(site) && !typed)) {
            throw fromPage();
        }
        boolean ofPage = headers.contains(HttpHeader.ORIGIN) || "same-origin".equals(site);
        if ((ofPage || programsNeedToken) && !isToken(headers)) {
            throw new Http.Problem(
                    403,
                    "token-needed",
                    programsNeedToken
                            ? "This call needs the token of the link that stepstile console printed: open that link."
                            : "A call of the console needs the token of its page: reload the page, as the stack was"
                                    + " restarted.");
        }
    }

    /** By another name, a page may have bound its own to this machine; another origin is another page's. */
    private static void checkNames(HttpFields headers) {
        String host = headers.get(HttpHeader.HOST);
        String origin = headers.get(HttpHeader.ORIGIN);
        boolean another = headers.contains(HttpHeader.ORIGIN)
                && (count(headers) != 1 || !String.valueOf(origin).equalsIgnoreCase("http://" + host));
        if (another || !isLoopback(host)) {
            throw fromPage();
        }
    }

    private static long count(HttpFields headers) {
        return headers.stream()
                .filter(field -> HttpHeader.ORIGIN.is(field.getName()))
                .map(HttpField::getValue)
                .count();
    }

    /** {@code same-site} is another port of this machine. */
    private static boolean isForeign(@Nullable String site) {
        return site != null && !site.equals("same-origin") && !site.equals("none");
    }

    private boolean isToken(HttpFields headers) {
        String sent = headers.get(TOKEN);
        return sent != null
                && MessageDigest.isEqual(sent.getBytes(StandardCharsets.UTF_8), token.getBytes(StandardCharsets.UTF_8));
    }

    private static Http.Problem fromPage() {
        return new Http.Problem(
                403,
                "not-from-a-page",
                "The local API accepts calls from programs on this machine at 127.0.0.1, and from its own console, not"
                        + " from other web pages.");
    }

    private static boolean isLoopback(@Nullable String host) {
        String name = host == null ? "" : host.replaceFirst(":[0-9]+$", "").toLowerCase(Locale.ROOT);
        return name.equals("127.0.0.1") || name.equals("localhost") || name.equals("[::1]");
    }
}
