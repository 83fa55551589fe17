package dev.stepstile.webhook;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which URLs a stack may call, and which of its secrets signs for each host. The stack's configuration decides both, so
 * that whoever dispatches can neither reach another host nor have another's secret sign.
 *
 * @param hosts those that are allowed; the first that fits counts
 * @param privateAddresses whether a host may have a private or a loopback address
 */
public record WebhookRules(List<Host> hosts, boolean privateAddresses) {
    /** The name of the secret of a host that names none. */
    public static final String DEFAULT_SECRET = "default";

    /** Allows none. */
    public static final WebhookRules NONE = new WebhookRules(List.of(), false);

    private static final int HTTPS = 443;
    private static final int HTTP = 80;
    private static final Set<String> THIS_MACHINE = Set.of("localhost", "127.0.0.1", "[::1]");

    /** {@code [http://] host or *.domain or * [:port] [=secret]} */
    private static final Pattern ENTRY = Pattern.compile(
            "(http://)?(\\*|(?:\\*\\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\\[[0-9a-f:.]+])(?::([0-9]{1,5}))?(?:=([A-Za-z0-9._-]{1,64}))?");

    public WebhookRules {
        hosts = List.copyOf(hosts);
    }

    /**
     * An allowed host.
     *
     * @param plain whether it is called by HTTP; only a host of this machine is
     * @param name a name, {@code *.} and a domain for each name in it, or {@code *} for any
     * @param secret the name of the secret that signs
     */
    public record Host(boolean plain, String name, int port, String secret) {
        private boolean fits(Url url) {
            boolean named = name.equals("*")
                    || (name.startsWith("*.")
                            ? url.host().endsWith(name.substring(1))
                            : url.host().equals(name));
            return named && plain == url.plain() && port == url.port();
        }
    }

    /**
     * A URL that is well-formed.
     *
     * @param host in lower case
     * @param target path and query, as they are sent
     */
    record Url(boolean plain, String host, int port, String target) {
        private static final Set<String> SCHEMES = Set.of("https", "http");

        /** @throws URISyntaxException if it is not a URL of HTTPS, or of HTTP, as they are sent by this module */
        static Url of(String text) throws URISyntaxException {
            URI uri = new URI(new URI(text).toASCIIString());
            String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
            if (!SCHEMES.contains(scheme) || uri.getHost() == null) {
                throw new URISyntaxException(text, "it must begin with https:// and a host");
            }
            if (uri.getRawUserInfo() != null || uri.getRawFragment() != null) {
                throw new URISyntaxException(text, "it must have no user and no fragment");
            }
            boolean plain = scheme.equals("http");
            int port = uri.getPort() == -1 ? (plain ? HTTP : HTTPS) : uri.getPort();
            if (port < 1 || port > 65_535) {
                throw new URISyntaxException(text, "its port must be 1 to 65535");
            }
            String path = uri.getRawPath();
            String query = uri.getRawQuery();
            return new Url(
                    plain,
                    uri.getHost().toLowerCase(Locale.ROOT),
                    port,
                    (path == null || path.isEmpty() ? "/" : path) + (query == null ? "" : "?" + query));
        }

        /** As the header {@code Host} has it. */
        String authority() {
            return port == (plain ? HTTP : HTTPS) ? host : host + ":" + port;
        }
    }

    /**
     * Rules from their text: entries such as {@code hooks.example.com}, {@code *.example.com:8443} or
     * {@code hooks.example.com=secret}, with commas between them. Without a port, it is 443.
     *
     * @param plainAllowed whether entries may begin with {@code http://}, which are for a host of this machine alone
     * @throws IllegalArgumentException that names the entry that is wrong, and what it should be
     */
    public static WebhookRules parse(@Nullable String text, boolean privateAddresses, boolean plainAllowed) {
        List<Host> hosts = new ArrayList<>();
        for (String entry : text == null ? List.<String>of() : List.of(text.split(",", -1))) {
            if (!entry.isBlank()) {
                hosts.add(host(entry.strip(), plainAllowed));
            }
        }
        return new WebhookRules(hosts, privateAddresses);
    }

    private static Host host(String entry, boolean plainAllowed) {
        Matcher parts = ENTRY.matcher(entry);
        if (!parts.matches()) {
            throw new IllegalArgumentException("'" + entry
                    + "' is not a host: expected is host, host:port or *.domain, in lower case, and '=' with the name of"
                    + " its secret if that is not '" + DEFAULT_SECRET + "'");
        }
        boolean plain = parts.group(1) != null;
        String name = parts.group(2);
        if (plain && !(plainAllowed && THIS_MACHINE.contains(name))) {
            throw new IllegalArgumentException("'" + entry
                    + "': http:// is for localhost, 127.0.0.1 and [::1] on a local stack; others need HTTPS");
        }
        int port = parts.group(3) == null ? (plain ? HTTP : HTTPS) : Integer.parseInt(parts.group(3));
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("'" + entry + "': a port is 1 to 65535");
        }
        return new Host(plain, name, port, parts.group(4) == null ? DEFAULT_SECRET : parts.group(4));
    }

    /** Whether any URL is allowed. */
    public boolean allowsAny() {
        return !hosts.isEmpty();
    }

    /** A URL with the entry that allows it. */
    record Allowed(Url url, Host host) {}

    /** @throws Refused if it is not well-formed, or no entry allows it */
    Allowed allowed(String text) throws Refused {
        Url url;
        try {
            url = Url.of(text);
        } catch (URISyntaxException e) {
            throw new Refused("the URL is not well-formed: " + e.getReason());
        }
        if (hosts.isEmpty()) {
            throw new Refused("this stack allows no webhooks; its operator lists the allowed hosts");
        }
        for (Host host : hosts) {
            if (host.fits(url)) {
                return new Allowed(url, host);
            }
        }
        throw new Refused(
                url.plain()
                        ? "the URL must begin with https://"
                        : "this stack allows no webhook to " + url.host() + " at port " + url.port());
    }

    /** Why a URL is not called. */
    static final class Refused extends Exception {
        private final String why;

        Refused(String why) {
            super(why);
            this.why = why;
        }

        String why() {
            return why;
        }
    }
}
