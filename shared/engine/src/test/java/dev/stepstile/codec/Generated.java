package dev.stepstile.codec;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.stepstile.step.Attempts;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.FailedAttempt;
import dev.stepstile.step.Origin;
import dev.stepstile.step.Payload;
import dev.stepstile.step.RefreshProgress;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.RetryRule;
import dev.stepstile.step.StepBits;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepOverrides;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSettings;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.step.StepTags;
import dev.stepstile.step.TraceParent;
import dev.stepstile.step.Window;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Values at random, of every shape. */
final class Generated {
    private static final int[] KEY_CHARACTERS =
            "abcXYZ019._:~@+=[]?,| -/%&\"\\é漢🚀".codePoints().toArray();
    private static final String[] TEXTS = {"", "a", "ü", "漢字", "🚀", "\"quoted\"", "\\", "\n\t\u0000\u001f", "\u2028"};

    private final RandomGenerator random;

    Generated(RandomGenerator random) {
        this.random = random;
    }

    String key() {
        StringBuilder key = new StringBuilder("k");
        for (int n = random.nextInt(20); n > 0; n--) {
            key.appendCodePoint(KEY_CHARACTERS[random.nextInt(KEY_CHARACTERS.length)]);
        }
        return key.toString().strip();
    }

    private String id() {
        return key().replaceAll("[^A-Za-z0-9]", "_");
    }

    String text() {
        StringBuilder text = new StringBuilder();
        for (int n = random.nextInt(6); n > 0; n--) {
            text.append(TEXTS[random.nextInt(TEXTS.length)]);
        }
        return text.toString();
    }

    Instant instant() {
        return Instant.ofEpochMilli(random.nextLong(0, 4_000_000_000_000L));
    }

    private @Nullable Instant instantOrNull() {
        return random.nextBoolean() ? instant() : null;
    }

    private Duration duration() {
        return Duration.ofMillis(random.nextLong(0, 50_000_000_000L));
    }

    /** JSON as {@link Json#print} would print it. */
    String json(int depth) {
        return switch (random.nextInt(depth > 0 ? 8 : 6)) {
            case 0 -> "null";
            case 1 -> String.valueOf(random.nextBoolean());
            case 2 -> String.valueOf(random.nextLong());
            case 3 -> random.nextLong(1_000_000) + "." + random.nextInt(100_000);
            case 4 -> random.nextLong() + "" + random.nextLong(Long.MAX_VALUE);
            case 5 -> Json.print(TextNode.valueOf(text()));
            case 6 -> {
                List<String> items = new ArrayList<>();
                for (int n = random.nextInt(4); n > 0; n--) {
                    items.add(json(depth - 1));
                }
                yield "[" + String.join(",", items) + "]";
            }
            default -> {
                List<String> members = new ArrayList<>();
                for (int n = random.nextInt(4); n > 0; n--) {
                    members.add("\"m" + n + "\":" + json(depth - 1));
                }
                yield "{" + String.join(",", members) + "}";
            }
        };
    }

    Payload payload() {
        String sha256 = "0123456789abcdef".repeat(4);
        return switch (random.nextInt(4)) {
            case 0 -> new Payload.Item("results/" + key(), random.nextLong(16_384), sha256);
            case 1 -> new Payload.Stored("shared/" + sha256, random.nextLong(Long.MAX_VALUE), sha256);
            default -> new Payload.Inline(json(3));
        };
    }

    private List<String> names() {
        return Stream.generate(this::id).limit(random.nextInt(3)).toList();
    }

    private @Nullable TraceParent trace() {
        return random.nextBoolean()
                ? null
                : new TraceParent(
                        "%016x%016x".formatted(random.nextLong(), random.nextLong() | 1),
                        "%016x".formatted(random.nextLong() | 1),
                        random.nextInt(4));
    }

    StepSettings settings() {
        return new StepSettings(
                new Origin(id(), random.nextInt(10_000), trace()),
                "handler." + id(),
                new RetryPolicy(
                        random.nextInt(1, 101),
                        duration(),
                        duration(),
                        random.nextBoolean() ? RetryRule.ANY : new RetryRule(names(), names())),
                duration(),
                null,
                random.nextBoolean() ? Window.ANY : new Window(instantOrNull(), instantOrNull()));
    }

    private StepError error() {
        StepError.Kind[] kinds = StepError.Kind.values();
        return new StepError(kinds[random.nextInt(kinds.length)], text());
    }

    StepState state() {
        return switch (random.nextInt(6)) {
            case 0 -> new StepState.Running(instant(), random.nextBoolean());
            case 1 -> new StepState.Retrying(instant());
            case 2 -> new StepState.Succeeded(payload(), instant());
            case 3 -> new StepState.Failed(error(), instant());
            case 4 -> new StepState.Dead(error(), instant(), instantOrNull());
            default -> new StepState.Cancelled(instant());
        };
    }

    StepRecord record() {
        List<FailedAttempt> history = new ArrayList<>();
        for (int n = random.nextInt(12); n > 0; n--) {
            StepError error = error();
            history.add(new FailedAttempt(random.nextInt(1_000), instant(), instant(), error.kind(), error.message()));
        }
        return new StepRecord(
                new StepId(id(), key()),
                random.nextInt(64),
                random.nextInt(4) == 0
                        ? StepOverrides.NONE.withInput(payload()).on(settings(), Instant.EPOCH)
                        : settings(),
                instant(),
                new Attempts(
                        new Attempts.Newest(random.nextInt(1_000_000), text(), instantOrNull(), random.nextInt(100)),
                        random.nextInt(1_000),
                        history),
                new StepRecord.AnsweredCalls(random.nextLong(1_000_000), random.nextInt(4) == 0 ? text() : null),
                state());
    }

    StepSpec spec() {
        SortedMap<String, Payload> shared = new TreeMap<>();
        SortedMap<String, String> tags = new TreeMap<>();
        for (int n = random.nextInt(4); n > 0; n--) {
            shared.put("s" + n, payload());
            tags.put("t" + n + text(), text());
        }
        String runId = id();
        return new StepSpec(
                new StepId(runId, key()),
                random.nextInt(64),
                settings(),
                payload(),
                shared,
                new StepTags(tags, random.nextInt(4) == 0 ? payload() : null),
                new StepSpec.Queueing(
                        random.nextBoolean() ? runId : id(), instant(), random.nextBoolean() ? null : "a=" + id()));
    }

    Dispatch dispatch() {
        BitSet bits = new BitSet();
        for (int n = random.nextInt(50); n > 0; n--) {
            bits.set(random.nextInt(10_000));
        }
        return new Dispatch(
                new DispatchId(id(), id()),
                new Dispatch.Accepted(
                        text(),
                        random.nextInt(1, 64),
                        random.nextInt(1, 10_001),
                        payload(),
                        instant(),
                        instant(),
                        random.nextInt(10_000)),
                new Dispatch.Sending(instantOrNull(), instant(), random.nextInt(50)),
                new Dispatch.Progress(
                        StepBits.of(bits),
                        counts(),
                        counts(),
                        instantOrNull(),
                        new Dispatch.Reading(
                                instantOrNull(), instantOrNull(), instantOrNull(), random.nextInt(9), instant())),
                new Dispatch.Schedule(instantOrNull(), instant()),
                new Dispatch.Refresh(
                        instant(), random.nextBoolean() ? new RefreshProgress(instant(), StepBits.of(bits)) : null),
                random.nextLong(Long.MAX_VALUE));
    }

    private SortedMap<StepState.Name, Integer> counts() {
        SortedMap<StepState.Name, Integer> counts = new TreeMap<>();
        for (StepState.Name name : StepState.Name.values()) {
            if (random.nextBoolean()) {
                counts.put(name, random.nextInt(10_000));
            }
        }
        return counts;
    }

    /** The text with something cut out, put in, doubled or replaced. */
    String broken(String text) {
        String[] pieces = {
            "",
            "null",
            "true",
            "-1",
            "0",
            "1e999999999",
            "9".repeat(400),
            "\"\"",
            "[]",
            "{}",
            "\\u0000",
            "\uD800",
            "\"",
            "\\",
            ",",
            ":",
            "[".repeat(2_000),
            "99999999999999999999",
            "\"RUNNING\"",
            "\"x\":1,"
        };
        StringBuilder broken = new StringBuilder(text);
        for (int n = random.nextInt(1, 4); n > 0 && !broken.isEmpty(); n--) {
            int at = random.nextInt(broken.length());
            int to = Math.min(broken.length(), at + random.nextInt(30));
            switch (random.nextInt(4)) {
                case 0 -> broken.setLength(at);
                case 1 -> broken.insert(at, broken.substring(at, to));
                default -> broken.replace(at, to, pieces[random.nextInt(pieces.length)]);
            }
        }
        return broken.toString();
    }

    /** A JSON value of another kind in the place of one of its members, chosen at random at any depth. */
    String mistyped(String json) {
        String[] values = {
            "null", "true", "-1", "1.5", "1e99", "9223372036854775808", "\"\"", "\"x\"", "[]", "[1]", "{}"
        };
        List<Integer> colons = new ArrayList<>();
        for (int i = 0; i < json.length() - 1; i++) {
            if (json.charAt(i) == ':' && json.charAt(i - 1) == '"') {
                colons.add(i);
            }
        }
        int colon = colons.get(random.nextInt(colons.size()));
        int end = colon + 1;
        while (end < json.length() && ",}".indexOf(json.charAt(end)) < 0) {
            end++;
        }
        return json.substring(0, colon + 1) + values[random.nextInt(values.length)] + json.substring(end);
    }
}
