package dev.stepstile.webhook;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.port.Notifier;
import dev.stepstile.port.PortException;
import dev.stepstile.step.NotifyTarget;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/** Tells webhooks, as far as the stack's rules allow; it has no event bus. */
public final class WebhookNotifier implements Notifier {
    /** Of the whole try: resolving the name, connecting, sending, and waiting for the status of the answer. */
    static final Duration TIMEOUT = Duration.ofSeconds(8);

    /** The type of what is told, in its body. */
    public static final String TYPE = "dispatch.closed";

    private static final int GONE = 410;

    private final WebhookRules rules;
    private final WebhookSecrets.Source secrets;
    private final Resolver resolver;
    private final SSLSocketFactory tls;
    private final InstantSource clock;
    private final Duration timeout;

    /** Finds the addresses of a host. */
    interface Resolver {
        InetAddress[] addresses(String host) throws UnknownHostException;
    }

    /** @param secrets read at each try; a source that is slow keeps them for a while */
    public WebhookNotifier(WebhookRules rules, WebhookSecrets.Source secrets, InstantSource clock) {
        this(
                rules,
                secrets,
                InetAddress::getAllByName,
                (SSLSocketFactory) SSLSocketFactory.getDefault(),
                clock,
                TIMEOUT);
    }

    WebhookNotifier(
            WebhookRules rules,
            WebhookSecrets.Source secrets,
            Resolver resolver,
            SSLSocketFactory tls,
            InstantSource clock,
            Duration timeout) {
        this.rules = rules;
        this.secrets = secrets;
        this.resolver = resolver;
        this.tls = tls;
        this.clock = clock;
        this.timeout = timeout;
    }

    @Override
    public @Nullable String refusal(NotifyTarget target) {
        if (!(target instanceof NotifyTarget.Webhook(String url))) {
            return "this stack has no event bus; name a webhook";
        }
        try {
            rules.allowed(url);
            return null;
        } catch (WebhookRules.Refused e) {
            return e.why();
        }
    }

    @Override
    public Outcome send(NotifyTarget target, Notice notice) {
        if (!(target instanceof NotifyTarget.Webhook(String url))) {
            return new Outcome.Failed(String.valueOf(refusal(target)));
        }
        try {
            WebhookRules.Allowed allowed = rules.allowed(url); // again: they may have changed since
            return outcome(post(allowed.url(), request(allowed, notice)));
        } catch (WebhookRules.Refused e) {
            return new Outcome.Failed(e.why());
        } catch (PortException | IllegalArgumentException e) {
            return new Outcome.Failed("the secret that signs could not be read: " + e.getMessage());
        } catch (IOException e) {
            return new Outcome.Failed(String.valueOf(e.getMessage()));
        }
    }

    private record Request(SortedMap<String, String> headers, String body) {}

    private Request request(WebhookRules.Allowed allowed, Notice notice) throws WebhookRules.Refused {
        String secret = allowed.host().secret();
        List<byte[]> keys = secrets.read().keys(secret);
        if (keys.isEmpty()) {
            throw new WebhookRules.Refused("this stack has no webhook secret named '" + secret + "'");
        }
        ObjectNode body = Json.object()
                .put("type", TYPE)
                .put("timestamp", notice.closedAt().toString());
        body.set("data", Json.parse(notice.data()));
        String text = Json.print(body);
        long seconds = clock.instant().getEpochSecond();
        SortedMap<String, String> headers = new TreeMap<>();
        headers.put("Content-Type", "application/json");
        headers.put("User-Agent", "stepstile");
        headers.put("webhook-id", notice.id());
        headers.put("webhook-timestamp", Long.toString(seconds));
        headers.put("webhook-signature", WebhookSignature.of(notice.id(), seconds, text, keys));
        return new Request(headers, text);
    }

    /** Within the timeout, however slowly a resolver or the other side goes on: then the socket is closed. */
    private int post(WebhookRules.Url url, Request request) throws IOException {
        try (Socket socket = new Socket(Proxy.NO_PROXY)) {
            FutureTask<Integer> call = new FutureTask<>(() -> new PinnedPost(tls, (int) timeout.toMillis())
                    .send(
                            socket,
                            checkedAddress(url),
                            url,
                            request.headers(),
                            request.body().getBytes(StandardCharsets.UTF_8)));
            Thread thread = Thread.ofVirtual().name("webhook").start(call);
            try {
                return call.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                thread.interrupt();
                throw new IOException(url.host() + " did not answer within " + timeout.toSeconds() + " s");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("the sweep was stopped");
            } catch (ExecutionException e) {
                throw new IOException(url.host() + " could not be told: " + why(e.getCause()), e);
            }
        }
    }

    private static String why(@Nullable Throwable cause) {
        return cause instanceof IOException && cause.getMessage() != null ? cause.getMessage() : String.valueOf(cause);
    }

    /** The first of its addresses; all of them must be allowed, or one look-up of several would find one that is not. */
    private InetAddress checkedAddress(WebhookRules.Url url) throws IOException {
        InetAddress[] addresses;
        try {
            addresses = resolver.addresses(url.host());
        } catch (UnknownHostException e) {
            throw new IOException("its name does not resolve", e);
        }
        for (InetAddress address : addresses) {
            String refusal = url.plain()
                    ? (address.isLoopbackAddress() ? null : "http:// is for addresses of this machine")
                    : AddressRules.refusal(address, rules.privateAddresses());
            if (refusal != null) {
                throw new IOException(refusal);
            }
        }
        return addresses[0];
    }

    private static Outcome outcome(int status) {
        if (status < 300) {
            return new Outcome.Delivered();
        }
        if (status == GONE) {
            return new Outcome.Gone("the webhook answered 410: it wants no more");
        }
        return new Outcome.Failed(
                "the webhook answered " + status + (status < 400 ? "; redirects are not followed" : ""));
    }
}
