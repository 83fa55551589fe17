package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.contracts.StateFolderDamage;
import dev.stepstile.port.PortException;
import dev.stepstile.usecase.AuditRounds;
import dev.stepstile.usecase.AuditRounds.Report;
import dev.stepstile.usecase.Dispatcher;
import dev.stepstile.usecase.Dispatcher.NewStep;
import dev.stepstile.usecase.LiveAudit;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.Violation;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The audit of all runs, a part with each call. */
class AuditRoundsTest {
    /** A call that has time for everything that these tests store. */
    private static final Duration LONG = Duration.ofSeconds(28);

    /** A call that has time for a few runs: its last three seconds are kept. */
    private static final Duration SHORT = Duration.ofMillis(3_030);

    private static final int RUNS = 12;

    @TempDir
    Path folder;

    private Stack stack;

    @BeforeEach
    void open() {
        stack = new Stack(folder);
        stack.work.on("dead", (input, context) -> {
            throw new IllegalStateException("always");
        });
    }

    @AfterEach
    void close() {
        stack.close();
    }

    private void dispatch(String run, NewStep... steps) throws InterruptedException {
        stack.dispatcher().dispatch(new Dispatcher.Request(run, "d1", List.of(steps), new TreeMap<>()));
    }

    /** So many runs of three steps, all of which have ended, long enough ago to be settled in the second round. */
    private void endRuns(int count) throws InterruptedException {
        for (int i = 0; i < count; i++) {
            dispatch("run-" + i, Stack.step("a"), Stack.step("b"), Stack.once("dead"));
            stack.time.advance(Duration.ofSeconds(1));
        }
        settle();
    }

    private void settle() throws InterruptedException {
        stack.deliverAll();
        for (int i = 0; i < 3; i++) {
            stack.time.advance(Duration.ofMinutes(1));
            stack.sweep();
        }
        stack.time.advance(Duration.ofMinutes(10));
    }

    /** Who waits for the time of the next read moves the clock. */
    private Report audit(Duration time) throws InterruptedException {
        if (stack.stepstile.auditRounds().audit(stack.time.instant().plus(time))
                instanceof AuditRounds.Answer.Done(Report report)) {
            return report;
        }
        throw new AssertionError("another call is at it");
    }

    /** The reports of the calls until the round is over. */
    private List<Report> round(Duration time) throws InterruptedException {
        List<Report> reports = new ArrayList<>();
        do {
            reports.add(audit(time));
        } while (reports.getLast().after() != null && reports.size() < 100);
        assertThat(reports.getLast().after()).isNull();
        return reports;
    }

    private static int sum(List<Report> reports, ToIntFunction<AuditRounds.Looked> count) {
        return reports.stream().map(Report::looked).mapToInt(count).sum();
    }

    private void sql(String statement) {
        Path database = folder.resolve("state").resolve("stepstile.db");
        try (var connection = DriverManager.getConnection("jdbc:sqlite:" + database);
                var change = connection.createStatement()) {
            assertThat(change.executeUpdate(statement)).isEqualTo(1);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void each_step_is_looked_at_once_a_round_however_short_the_calls_are() throws InterruptedException {
        endRuns(RUNS);
        List<Report> reports = round(SHORT);
        assertThat(reports).hasSizeGreaterThan(2);
        assertThat(sum(reports, AuditRounds.Looked::steps)).isEqualTo(3 * RUNS);
        assertThat(sum(reports, AuditRounds.Looked::runs)).isEqualTo(RUNS);
        assertThat(stack.count(Metric.STEPS_AUDITED)).isEqualTo(3 * RUNS);
        assertThat(stack.count(Metric.RUNS_AUDITED)).isEqualTo(RUNS);
        assertThat(stack.count(Metric.AUDIT_VIOLATIONS)).isZero();
        assertThat(reports).allMatch(report -> report.violations().isEmpty());
    }

    @Test
    void a_call_within_a_large_run_goes_on_within_it() throws InterruptedException {
        dispatch(
                "large",
                IntStream.range(0, 2_100).mapToObj(i -> Stack.step("s" + i)).toArray(NewStep[]::new));
        List<Report> reports = round(SHORT);
        assertThat(reports).hasSizeGreaterThan(1);
        assertThat(reports.getFirst().after()).isEqualTo("large");
        assertThat(sum(reports, AuditRounds.Looked::steps)).isEqualTo(2_100);
    }

    @Test
    void a_call_makes_no_more_reads_a_second_than_it_may() throws InterruptedException {
        endRuns(RUNS);
        Report report = audit(SHORT);
        assertThat(report.looked().reads()).isBetween(30, 45); // a thousand a second, and what one run takes
    }

    @Test
    void what_has_ended_before_the_round_before_is_left_out_and_what_happened_since_is_not()
            throws InterruptedException {
        endRuns(RUNS);
        dispatch("open", Stack.step("waits"));
        assertThat(sum(round(LONG), AuditRounds.Looked::runs)).isEqualTo(RUNS + 1);
        Report second = audit(LONG);
        assertThat(second.looked().settled()).isEqualTo(RUNS);
        assertThat(second.looked().runs()).isEqualTo(1);

        new Api(stack).ok(200, "POST", "/v1/runs/run-3/redrive", "{\"keys\":[\"dead\"]}");
        settle();
        Report third = audit(LONG);
        assertThat(third.looked().settled()).isEqualTo(RUNS - 1);
        assertThat(third.looked().runs())
                .as("the redriven one, and that which was open")
                .isEqualTo(2);
        assertThat(third.looked().steps()).isEqualTo(4);
    }

    @Test
    void what_begins_while_a_round_is_under_way_is_the_next_ones() throws InterruptedException {
        endRuns(RUNS);
        Report first = audit(SHORT);
        dispatch("later", Stack.step("a"));
        List<Report> rest = round(LONG);
        assertThat(first.looked().steps() + sum(rest, AuditRounds.Looked::steps))
                .isEqualTo(3 * RUNS);
        assertThat(audit(LONG).looked().runs()).isEqualTo(1);
    }

    @Test
    void a_violation_that_needs_a_second_look_is_reported_by_a_later_call_and_counted() throws InterruptedException {
        endRuns(2);
        sql("UPDATE record SET feed = NULL WHERE step_key = 'a' AND run_id = 'run-1'");
        Report first = audit(Duration.ofSeconds(10));
        assertThat(first.violations()).isEmpty();
        assertThat(first.suspects()).isEqualTo(1);
        Report early = audit(Duration.ofSeconds(10));
        assertThat(early.violations()).isEmpty();
        assertThat(early.suspects()).isEqualTo(1);
        stack.time.advance(LiveAudit.LOOK_AGAIN_AFTER);
        Report second = audit(LONG);
        assertThat(second.violations())
                .extracting(found -> found.runId() + " " + found.violation().kind() + " "
                        + found.violation().stepKey())
                .containsExactly("run-1 FEED_MISSING a");
        assertThat(second.suspects()).isZero();
        assertThat(stack.count(Metric.AUDIT_VIOLATIONS)).isEqualTo(1);
    }

    @Test
    void a_call_that_dies_leaves_nothing_out_and_is_waited_for_until_its_time_is_over() throws InterruptedException {
        endRuns(RUNS);
        stack.faults.crashAfter("store.records", 3);
        assertThatThrownBy(() -> audit(LONG)).isInstanceOf(Faults.Crash.class);
        stack.faults.restart();
        assertThat(new Api(stack).problem("POST", "/v1/audit", null)).isEqualTo("409 audit-under-way");
        stack.time.advance(LONG);
        assertThat(sum(round(LONG), AuditRounds.Looked::steps)).isEqualTo(3 * RUNS);
    }

    @Test
    void a_table_that_does_not_answer_ends_a_call_and_the_next_one_goes_on() throws InterruptedException {
        endRuns(RUNS);
        stack.faults.fail("store.records", 3);
        assertThatThrownBy(() -> audit(LONG)).isInstanceOf(PortException.class);
        assertThat(stack.count(Metric.RUNS_AUDITED)).isEqualTo(3);
        assertThat(stack.count(Metric.AUDITS_FAILED)).isEqualTo(1);
        assertThat(stack.count(Metric.AUDITS_COMPLETED)).isZero();
        List<Report> rest = round(LONG);
        assertThat(sum(rest, AuditRounds.Looked::steps)).isEqualTo(3 * (RUNS - 3));
        assertThat(stack.count(Metric.AUDITS_FAILED)).isEqualTo(1);
        assertThat(stack.count(Metric.AUDITS_COMPLETED)).isEqualTo(rest.size());
    }

    @Test
    void a_run_whose_look_always_fails_is_passed_over_and_never_taken_as_audited() throws InterruptedException {
        endRuns(RUNS);
        round(LONG);
        dispatch("first", Stack.step("a"));
        stack.time.advance(Duration.ofSeconds(1));
        dispatch("second", Stack.step("a"));
        settle();
        for (int call = 0; call < 2; call++) {
            stack.faults.fail("store.runWithDispatches");
            assertThatThrownBy(() -> audit(LONG)).isInstanceOf(PortException.class);
        }
        stack.faults.fail("store.runWithDispatches");
        Report third = audit(LONG);
        assertThat(third.looked().runs()).as("all but the newest").isEqualTo(1);
        assertThat(third.looked().settled()).isEqualTo(RUNS);
        assertThat(third.after()).isNull();
        assertThat(stack.count(Metric.AUDITS_FAILED)).isEqualTo(3);

        stack.time.advance(Duration.ofMinutes(30));
        Report next = audit(LONG);
        assertThat(next.looked().runs()).as("all, for none may be left out").isEqualTo(RUNS + 2);
        assertThat(audit(LONG).looked().settled()).isEqualTo(RUNS + 2);
    }

    @Test
    void a_second_look_that_always_fails_holds_up_nothing_and_what_it_was_about_is_found_later()
            throws InterruptedException {
        endRuns(2);
        sql("UPDATE record SET feed = NULL WHERE step_key = 'a' AND run_id = 'run-1'");
        assertThat(audit(LONG).suspects()).isEqualTo(1);
        stack.time.advance(LiveAudit.LOOK_AGAIN_AFTER);
        for (int call = 0; call < 2; call++) {
            stack.faults.fail("store.run");
            assertThatThrownBy(() -> audit(LONG)).isInstanceOf(PortException.class);
        }
        stack.faults.fail("store.run");
        Report third = audit(LONG);
        assertThat(third.suspects()).isZero();
        assertThat(third.looked().settled()).isEqualTo(2);
        assertThat(audit(LONG).suspects()).isEqualTo(1);
        stack.time.advance(LiveAudit.LOOK_AGAIN_AFTER);
        assertThat(audit(LONG).violations())
                .extracting(found -> found.violation().kind())
                .containsExactly(Violation.Kind.FEED_MISSING);
    }

    @Test
    void calls_that_fail_at_different_runs_pass_over_none() throws InterruptedException {
        endRuns(RUNS);
        for (int skip = 0; skip < 3; skip++) {
            stack.faults.fail("store.records", 1);
            assertThatThrownBy(() -> audit(LONG)).isInstanceOf(PortException.class);
        }
        round(LONG);
        assertThat(stack.count(Metric.STEPS_AUDITED)).isEqualTo(3 * RUNS);
    }

    /** All rows of the store but the one that says how far the audit came. */
    private List<String> stored() throws SQLException {
        List<String> rows = new ArrayList<>();
        Path database = folder.resolve("state").resolve("stepstile.db");
        try (var connection = DriverManager.getConnection("jdbc:sqlite:" + database);
                var query = connection.createStatement()) {
            List<String> tables = new ArrayList<>();
            try (var names = query.executeQuery("SELECT name FROM sqlite_master WHERE type = 'table'")) {
                while (names.next()) {
                    tables.add(names.getString(1));
                }
            }
            assertThat(tables).contains("run", "dispatch", "record", "page", "message", "item", "worker");
            for (String table : tables) {
                try (var found = query.executeQuery("SELECT * FROM " + table)) {
                    while (found.next()) {
                        StringBuilder row = new StringBuilder(table);
                        for (int i = 1; i <= found.getMetaData().getColumnCount(); i++) {
                            row.append(' ').append(found.getString(i));
                        }
                        rows.add(row.toString());
                    }
                }
            }
        }
        rows.removeIf(row -> row.startsWith("item audit/progress "));
        return rows;
    }

    @Test
    void a_round_writes_nothing_but_how_far_it_came_whatever_it_finds() throws InterruptedException, SQLException {
        endRuns(RUNS);
        dispatch("open", Stack.step("waits"));
        sql("UPDATE record SET feed = NULL WHERE step_key = 'a' AND run_id = 'run-1'");
        sql("DELETE FROM record WHERE step_key = 'b' AND run_id = 'run-2'");
        StateFolderDamage.dispatch(folder.resolve("state"), "run-3", "d1");
        List<String> before = stored();
        assertThat(before).hasSizeGreaterThan(3 * RUNS);
        round(SHORT);
        stack.time.advance(LiveAudit.LOOK_AGAIN_AFTER);
        audit(LONG);
        assertThat(stack.count(Metric.AUDIT_VIOLATIONS)).isGreaterThanOrEqualTo(3);
        assertThat(stored()).isEqualTo(before);
    }

    @Test
    void a_part_that_cannot_tell_how_far_the_audit_came_is_counted_as_failed() throws InterruptedException {
        endRuns(2);
        stack.faults.fail("items.put", 1);
        assertThatThrownBy(() -> audit(LONG)).isInstanceOf(PortException.class);
        assertThat(stack.count(Metric.AUDITS_FAILED)).isEqualTo(1);
    }

    @Test
    void a_part_that_has_no_time_for_anything_is_not_counted_as_made() throws InterruptedException {
        endRuns(2);
        assertThat(audit(Duration.ofSeconds(1)).looked().reads()).isZero();
        assertThat(stack.count(Metric.AUDITS_COMPLETED)).isZero();
        assertThat(stack.count(Metric.AUDITS_FAILED)).isZero();
    }

    @Test
    void a_run_that_cannot_be_read_is_reported_and_the_others_are_looked_at() throws InterruptedException {
        endRuns(3);
        StateFolderDamage.dispatch(folder.resolve("state"), "run-1", "d1");
        Report report = audit(LONG);
        assertThat(report.violations())
                .extracting(found -> found.runId() + " " + found.violation().kind())
                .containsExactly("run-1 DISPATCHES_DAMAGED");
        assertThat(report.looked().steps()).isEqualTo(6);
        assertThat(report.after()).isNull();
    }

    @Test
    void how_far_it_came_in_a_form_that_is_not_known_is_begun_anew() throws InterruptedException {
        endRuns(RUNS);
        round(LONG);
        stack.ports.items().put("audit/progress", "{\"v\":9}".getBytes(StandardCharsets.UTF_8));
        assertThat(audit(LONG).looked().steps()).isEqualTo(3 * RUNS);
    }

    @Test
    void the_call_of_the_API_says_what_was_looked_at_and_what_was_not() throws InterruptedException {
        dispatch("nightly", Stack.step("a"), Stack.step("b"));
        Api api = new Api(stack);
        assertThat(api.problem("GET", "/v1/audit", null)).startsWith("405");
        assertThat(api.problem("POST", "/v1/audit", "{\"run\":\"nightly\"}")).startsWith("400");
        assertThat(api.problem("POST", "/v1/audit", "{")).isEqualTo("400 bad-json");
        JsonNode answer = api.ok(200, "POST", "/v1/audit", "{}");
        assertThat(answer.path("violations").isArray()).isTrue();
        assertThat(answer.path("violationCount").asInt()).isZero();
        assertThat(answer.path("runCount").asInt()).isEqualTo(1);
        assertThat(answer.path("checkedCount").asInt()).isEqualTo(2);
        assertThat(answer.path("readCount").asInt()).isPositive();
        assertThat(answer.path("complete").asBoolean()).isTrue();
    }
}
