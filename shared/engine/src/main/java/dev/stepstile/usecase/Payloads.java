package dev.stepstile.usecase;

import dev.stepstile.port.PayloadStore;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Sha256;
import dev.stepstile.step.StepId;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.zip.Deflater;

/**
 * Puts JSON where it belongs by its size, and gets it back. What is put is durable before the payload that names it is
 * returned. Shared payloads, which never change, are kept in memory too.
 */
public final class Payloads {
    /** Not {@code .} and {@code ..}, which some resolve as folders; no {@code !}, so that none looks like a digest. */
    private static final Pattern PLAIN = Pattern.compile("(?!\\.{1,2}$)[A-Za-z0-9._:~@+=\\[\\]?,| -]+");

    private final PayloadStore items;
    private final PayloadStore objects;
    private final PayloadCache cache = new PayloadCache();

    /**
     * @param items for up to {@link Limits#ITEM_BYTES}: beside the records
     * @param objects for what is larger
     */
    public Payloads(PayloadStore items, PayloadStore objects) {
        this.items = items;
        this.objects = objects;
    }

    /** An attempt's result, keyed by the attempt: one that is never recorded is an orphan, and harmless. */
    public Payload putResult(StepId id, int attempt, String json) {
        return put("results/" + id.runId() + "/" + named(id.stepKey()) + "/" + attempt, json);
    }

    /** Of the keys that S3, consoles and proxies leave as they are, itself; else its digest. */
    private static String named(String stepKey) {
        return PLAIN.matcher(stepKey).matches() ? stepKey : "!" + Sha256.hex(stepKey);
    }

    /** Input or manifest, keyed by content. */
    public Payload putShared(String json) {
        return put("shared/" + Sha256.hex(json), json);
    }

    /** What so many messages share, keyed by content; inline only if they stay small with it. */
    Payload putShared(String json, int messages) {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        return mayTravel(bytes.length, messages) ? putShared(json) : store("shared/" + Sha256.hex(bytes), bytes);
    }

    /** Whether so many bytes may travel with each of so many messages. */
    static boolean mayTravel(int bytes, int messages) {
        return bytes <= Limits.SHARED_INLINE_BYTES || (long) bytes * messages <= Limits.SHARED_INLINE_BYTES_OF_ALL;
    }

    private Payload put(String key, String json) {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        return fitsInline(bytes) ? new Payload.Inline(json) : store(key, bytes);
    }

    private Payload store(String key, byte[] bytes) {
        String sha256 = Sha256.hex(bytes);
        if (bytes.length <= Limits.ITEM_BYTES) {
            items.put(key, bytes);
            return new Payload.Item(key, bytes.length, sha256);
        }
        objects.put(key, bytes);
        return new Payload.Stored(key, bytes.length, sha256);
    }

    /** Puts again what is there, so that it is kept for as long as if it were new; false if it is gone. */
    boolean refresh(Payload payload) {
        return switch (payload) {
            case Payload.Inline _ -> true;
            case Payload.Item item -> refresh(items, item.key());
            case Payload.Stored stored -> refresh(objects, stored.key());
        };
    }

    private static boolean refresh(PayloadStore store, String key) {
        Optional<byte[]> content = store.get(key);
        content.ifPresent(bytes -> store.put(key, bytes));
        return content.isPresent();
    }

    /** @throws Missing if it is gone, or is not what was put */
    public String get(Payload payload) throws Missing {
        return switch (payload) {
            case Payload.Inline(String json) -> json;
            case Payload.Item(String key, long _, String sha256) -> get(items, key, sha256);
            case Payload.Stored(String key, long _, String sha256) -> get(objects, key, sha256);
        };
    }

    private String get(PayloadStore store, String key, String sha256) throws Missing {
        boolean shared = key.startsWith("shared/");
        if (shared) {
            Optional<String> known = cache.get(key);
            if (known.isPresent()) {
                return known.get();
            }
        }
        byte[] bytes = store.get(key).orElseThrow(() -> new Missing("payload " + key + " is gone"));
        if (!Sha256.hex(bytes).equals(sha256)) {
            throw new Missing("payload " + key + " is not what was stored: its digest differs");
        }
        String json = new String(bytes, StandardCharsets.UTF_8);
        if (shared) {
            cache.put(key, json);
        }
        return json;
    }

    private static boolean fitsInline(byte[] bytes) {
        if (bytes.length <= Limits.INLINE_BYTES) {
            return true;
        }
        if (bytes.length > Limits.INLINE_RAW_BYTES) {
            return false;
        }
        try (Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true)) {
            deflater.setInput(bytes);
            deflater.finish();
            byte[] room = new byte[Limits.INLINE_BYTES + 1];
            return deflater.deflate(room) <= Limits.INLINE_BYTES && deflater.finished();
        }
    }

    /** A payload is gone: nothing brings it back, so trying again is pointless. */
    public static final class Missing extends Exception {
        Missing(String message) {
            super(message);
        }
    }
}
