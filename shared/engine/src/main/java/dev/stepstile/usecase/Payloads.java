package dev.stepstile.usecase;

import dev.stepstile.port.PayloadStore;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Payload;
import dev.stepstile.step.StepId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import java.util.zip.Deflater;

/**
 * Puts JSON where it belongs by its size, and gets it back. What is put is durable before the payload that names it is
 * returned. Shared payloads are kept in memory, up to {@link #CACHE_BYTES}, as they never change.
 */
public final class Payloads {
    private static final long CACHE_BYTES = 64L * 1024 * 1024;

    /** Not {@code .} and {@code ..}, which some resolve as folders; no {@code !}, so that none looks like a digest. */
    private static final Pattern PLAIN = Pattern.compile("(?!\\.{1,2}$)[A-Za-z0-9._:~@+=\\[\\]?,| -]+");

    private final PayloadStore items;
    private final PayloadStore objects;
    private final ReentrantLock cacheLock = new ReentrantLock();
    private final Map<String, String> cache = new LinkedHashMap<>(16, 0.75f, true);
    private long cached;

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
        return PLAIN.matcher(stepKey).matches() ? stepKey : "!" + sha256(stepKey.getBytes(StandardCharsets.UTF_8));
    }

    /** Input or manifest, keyed by content. */
    public Payload putShared(String json) {
        return put("shared/" + sha256(json.getBytes(StandardCharsets.UTF_8)), json);
    }

    /** What so many messages share, keyed by content; inline only if they stay small with it. */
    Payload putShared(String json, int messages) {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        return mayTravel(bytes.length, messages) ? putShared(json) : store("shared/" + sha256(bytes), bytes);
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
        String sha256 = sha256(bytes);
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
            Optional<String> known = cached(key);
            if (known.isPresent()) {
                return known.get();
            }
        }
        byte[] bytes = store.get(key).orElseThrow(() -> new Missing("payload " + key + " is gone"));
        if (!sha256(bytes).equals(sha256)) {
            throw new Missing("payload " + key + " is not what was stored: its digest differs");
        }
        String json = new String(bytes, StandardCharsets.UTF_8);
        if (shared) {
            cache(key, json);
        }
        return json;
    }

    private Optional<String> cached(String key) {
        cacheLock.lock();
        try {
            return Optional.ofNullable(cache.get(key));
        } finally {
            cacheLock.unlock();
        }
    }

    private void cache(String key, String json) {
        cacheLock.lock();
        try {
            if (json.length() > CACHE_BYTES || cache.put(key, json) != null) {
                return;
            }
            cached += json.length();
            var eldest = cache.entrySet().iterator();
            while (cached > CACHE_BYTES && eldest.hasNext()) {
                cached -= eldest.next().getValue().length();
                eldest.remove();
            }
        } finally {
            cacheLock.unlock();
        }
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

    public static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** A payload is gone: nothing brings it back, so trying again is pointless. */
    public static final class Missing extends Exception {
        Missing(String message) {
            super(message);
        }
    }
}
