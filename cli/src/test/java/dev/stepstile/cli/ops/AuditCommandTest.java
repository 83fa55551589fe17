package dev.stepstile.cli.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.cli.run.InThisJvm;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.client.UnreachableException;
import dev.stepstile.codec.Json;
import dev.stepstile.testing.ScriptedApi;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** The command {@code audit}, against an API that answers as it is told. */
class AuditCommandTest {
    private static final Instant NOW = Instant.parse("2026-11-24T08:00:00Z");
    private static final String CLEAN = "{\"violations\":[],\"checkedCount\":2,\"readCount\":4}";
    private static final String WRONG =
            "{\"violations\":[{\"kind\":\"RECORD_MISSING\",\"key\":\"a\\u001b[2J\",\"dispatchId\":\"d\","
                    + "\"evidence\":\"Its dispatch is closed, and it has no record.\"}],\"checkedCount\":2,\"readCount\":4}";

    private static InThisJvm audit(Function<ScriptedApi.Call, ScriptedApi.Answer> answers, String... words)
            throws IOException {
        try (ScriptedApi api = new ScriptedApi(answers)) {
            List<Object> all = new ArrayList<>(List.of("audit", "--endpoint", api.endpoint()));
            all.addAll(List.of(words));
            return InThisJvm.run(all.toArray());
        }
    }

    @Test
    void nothing_wrong_is_status_0_and_says_what_was_checked() throws IOException {
        InThisJvm ended = audit(call -> ScriptedApi.Answer.json(CLEAN), "nightly");
        assertThat(ended.status()).isEqualTo(Exit.DONE);
        assertThat(ended.out().strip()).isEqualTo("2 steps of 1 run, 4 reads: nothing is wrong.");
    }

    @Test
    void a_violation_is_status_1_and_is_printed_with_its_evidence_and_no_control_character() throws IOException {
        InThisJvm ended = audit(call -> ScriptedApi.Answer.json(WRONG), "nightly");
        assertThat(ended.status()).isEqualTo(Exit.NO);
        assertThat(ended.out())
                .contains("RECORD_MISSING  nightly  step a")
                .contains("  Its dispatch is closed, and it has no record.")
                .contains("2 steps of 1 run, 4 reads: 1 violation.", "docs/operations.md#audit-of-all-runs")
                .doesNotContain("\u001b");
    }

    @Test
    void as_JSON_each_violation_is_a_line_with_its_run() throws IOException {
        InThisJvm ended = audit(call -> ScriptedApi.Answer.json(WRONG), "nightly", "--json");
        assertThat(ended.status()).isEqualTo(Exit.NO);
        List<JsonNode> lines = ended.out().lines().map(Json::parse).toList();
        assertThat(lines).hasSize(1);
        assertThat(lines.getFirst().path("runId").asText()).isEqualTo("nightly");
        assertThat(lines.getFirst().path("kind").asText()).isEqualTo("RECORD_MISSING");
    }

    @Test
    void all_audits_each_run_and_leaves_out_one_that_is_gone() throws IOException {
        InThisJvm ended = audit(
                call -> call.target().startsWith("/v1/runs?")
                        ? ScriptedApi.Answer.json(
                                "{\"runs\":[{\"runId\":\"a\"},{\"runId\":\"gone\"},{\"runId\":\"b\"}]}")
                        : call.target().startsWith("/v1/runs/gone/")
                                ? ScriptedApi.Answer.of(
                                        404,
                                        "application/problem+json",
                                        "{\"type\":\"https://stepstile.dev/problems/run-not-found\",\"status\":404,"
                                                + "\"detail\":\"No run is named gone.\"}")
                                : ScriptedApi.Answer.json(CLEAN),
                "--all");
        assertThat(ended.err()).isEmpty();
        assertThat(ended.out().strip()).isEqualTo("4 steps of 2 runs, 8 reads: nothing is wrong.");
    }

    private static ScriptedApi.Answer twoRunsOfWhichTheFirstFails(ScriptedApi.Call call) {
        return call.target().startsWith("/v1/runs?")
                ? ScriptedApi.Answer.json("{\"runs\":[{\"runId\":\"broken\"},{\"runId\":\"b\"}]}")
                : call.target().startsWith("/v1/runs/broken/")
                        ? ScriptedApi.Answer.of(503, "application/problem+json", "{\"status\":503}")
                        : ScriptedApi.Answer.json(CLEAN);
    }

    @Test
    void all_goes_on_without_a_run_whose_audit_always_fails_and_says_so() throws IOException {
        InThisJvm ended = audit(AuditCommandTest::twoRunsOfWhichTheFirstFails, "--all", "--patience", "1");
        assertThat(ended.status()).isEqualTo(Exit.NOT_REACHED);
        assertThat(ended.out().strip())
                .isEqualTo("2 steps of 1 run, 4 reads: nothing is wrong there. 1 run not audited.");
        assertThat(ended.err()).contains("Run broken is not audited", "503");
    }

    @Test
    void one_run_whose_audit_always_fails_is_not_audited() throws IOException {
        InThisJvm ended = audit(AuditCommandTest::twoRunsOfWhichTheFirstFails, "broken", "--patience", "1");
        assertThat(ended.status()).isEqualTo(Exit.NOT_REACHED);
        assertThat(ended.out()).isEmpty();
    }

    @Test
    void a_run_or_all_has_to_be_named_and_not_both() throws IOException {
        assertThat(audit(call -> ScriptedApi.Answer.json(CLEAN)).status()).isEqualTo(Exit.USAGE);
        assertThat(audit(call -> ScriptedApi.Answer.json(CLEAN), "nightly", "--all")
                        .status())
                .isEqualTo(Exit.USAGE);
        assertThat(audit(call -> ScriptedApi.Answer.json(CLEAN), "nightly", "--rate", "0")
                        .status())
                .isEqualTo(Exit.USAGE);
    }

    /** Time that passes only while somebody waits. */
    private static final class Watch implements RunAudit.Waiting {
        private Instant now = NOW;
        private Duration waited = Duration.ZERO;

        @Override
        public Instant now() {
            return now;
        }

        @Override
        public void pause(Duration length) {
            now = now.plus(length);
            waited = waited.plus(length);
        }
    }

    private static void unread(String run, UnreachableException e) {
        throw new AssertionError(run, e);
    }

    private static String suspected(Instant notBefore) {
        return "{\"violations\":[],\"checkedCount\":0,\"readCount\":0,\"secondLook\":{\"notBefore\":\"" + notBefore
                + "\",\"cursor\":\"again\"}}";
    }

    @Test
    void what_is_suspected_is_looked_at_again_in_its_time_and_once_more_if_that_was_too_early() throws IOException {
        List<Instant> asked = new ArrayList<>();
        Watch watch = new Watch();
        try (ScriptedApi api = new ScriptedApi(call -> {
                    if (!call.target().contains("cursor=again")) {
                        return ScriptedApi.Answer.json(suspected(NOW.plusSeconds(30)));
                    }
                    asked.add(watch.now());
                    return ScriptedApi.Answer.json(asked.size() == 1 ? suspected(NOW.plusSeconds(30)) : WRONG);
                });
                StepstileClient client = StepstileClient.of(api.endpoint());
                Calls calls = new Calls(client)) {
            List<String> found = new ArrayList<>();
            RunAudit audit = new RunAudit(
                    calls,
                    1_000,
                    watch,
                    (run, violation) ->
                            found.add(run + " " + violation.path("kind").asText()),
                    AuditCommandTest::unread);
            audit.begin("nightly", "/v1/runs/nightly");
            assertThat(found).isEmpty();
            audit.finish();
            assertThat(found).containsExactly("nightly RECORD_MISSING");
            assertThat(asked).containsExactly(NOW.plusSeconds(30), NOW.plusSeconds(32));
        }
    }

    @Test
    void no_more_reads_are_made_in_a_second_than_the_rate_allows() throws IOException {
        Watch watch = new Watch();
        try (ScriptedApi api = new ScriptedApi(call -> ScriptedApi.Answer.json(
                        call.target().contains("cursor=")
                                ? "{\"violations\":[],\"checkedCount\":500,\"readCount\":1000}"
                                : "{\"violations\":[],\"checkedCount\":500,\"readCount\":1000,\"cursor\":\"next\"}"));
                StepstileClient client = StepstileClient.of(api.endpoint());
                Calls calls = new Calls(client)) {
            RunAudit audit = new RunAudit(calls, 100, watch, (run, violation) -> {}, AuditCommandTest::unread);
            audit.begin("nightly", "/v1/runs/nightly");
            assertThat(watch.waited).isEqualTo(Duration.ofSeconds(20));
            assertThat(audit.totals()).isEqualTo(new RunAudit.Totals(1, 1_000, 2_000, 0));
        }
    }
}
