package dev.stepstile.cli.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.cli.run.InThisJvm;
import dev.stepstile.testing.ScriptedApi;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How many calls the commands make that follow a run, and how soon they ask for what has come. As docs/cli.md says. */
class FollowersTest {
    private static final Duration FOLLOWED = Duration.ofSeconds(6);
    private static final Duration EACH = Duration.ofMillis(100);
    private static final Duration WITHIN = Duration.ofSeconds(2);

    /** The first call, the one that finds that the run has ended, and the first looks back, of which a minute has fewer. */
    private static final int ONCE = 10;

    /** A run of which a step ends, and a step prints, each {@link #EACH}, if any does; and which ends after a while. */
    private static final class Growing {
        private final Instant began = Instant.now();
        private final boolean busy;
        private final Set<Integer> shown = ConcurrentHashMap.newKeySet();
        private final List<Duration> waited = new ArrayList<>();

        private Growing(boolean busy) {
            this.busy = busy;
        }

        private ScriptedApi.Answer answer(ScriptedApi.Call call) {
            Duration age = Duration.between(began, Instant.now());
            boolean open = age.compareTo(FOLLOWED) < 0;
            if (call.target().contains("/feed")) {
                return feed(call.target().replaceFirst(".*cursor=", ""), age);
            }
            return ScriptedApi.Answer.json(
                    call.target().contains("/step?")
                            ? "{\"key\":\"a\",\"attempt\":1,\"state\":\"%s\",\"logPageCount\":%d,\"logPages\":[]}"
                                    .formatted(open ? "RUNNING" : "SUCCEEDED", busy ? there(age) / 50 : 0)
                            : "{\"runId\":\"r\",\"openDispatchCount\":%d}".formatted(open ? 1 : 0));
        }

        private int there(Duration age) {
            return (int) (Math.min(age.toMillis(), FOLLOWED.toMillis()) / EACH.toMillis());
        }

        private synchronized ScriptedApi.Answer feed(String cursor, Duration age) {
            int there = busy ? there(age) : 0;
            List<String> entries = new ArrayList<>();
            for (int n = cursor.matches("[0-9]+") ? Integer.parseInt(cursor) : 0; n < there; n++) {
                entries.add("{\"key\":\"k%d\",\"attempt\":1,\"at\":\"%s\",\"state\":\"SUCCEEDED\",\"logPageCount\":0}"
                        .formatted(n, began.plus(EACH.multipliedBy(n))));
                if (shown.add(n)) {
                    waited.add(age.minus(EACH.multipliedBy(n + 1)));
                }
            }
            return ScriptedApi.Answer.json("{\"entries\":[%s],\"cursor\":\"%d\",\"caughtUp\":true}"
                    .formatted(String.join(",", entries), there));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "feed r --follow, false, 160",
        "feed r --follow, true, 270",
        "logs r --follow, false, 160",
        "logs r --follow, true, 270",
        "logs r a --follow, false, 60",
        "logs r a --follow, true, 75"
    })
    void makes_as_many_calls_a_minute_as_is_said(String command, boolean busy, int mostAMinute) throws Exception {
        Growing run = new Growing(busy);
        try (ScriptedApi api = new ScriptedApi(run::answer)) {
            InThisJvm ended =
                    InThisJvm.run(Stream.concat(Stream.of(command.split(" ")), Stream.of("--endpoint", api.endpoint()))
                            .toArray());

            Duration took = Duration.between(run.began, Instant.now());
            assertThat(ended.status()).as(ended.err()).isZero();
            assertThat((double) api.calls().size())
                    .as("calls in " + took)
                    .isLessThanOrEqualTo(ONCE + mostAMinute * took.toMillis() / 60_000.0);
        }
    }

    @Test
    void asks_for_what_has_come_within_two_seconds() throws Exception {
        Growing run = new Growing(true);
        try (ScriptedApi api = new ScriptedApi(run::answer)) {
            InThisJvm ended = InThisJvm.run("feed", "r", "--follow", "--endpoint", api.endpoint());

            assertThat(ended.out().lines()).hasSize((int) FOLLOWED.dividedBy(EACH));
            List<Duration> waited = run.waited.stream().sorted().toList();
            assertThat(waited.get(waited.size() * 9 / 10)).isLessThan(WITHIN);
        }
    }
}
