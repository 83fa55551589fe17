package dev.stepstile.cli.ops;

import dev.stepstile.cli.console.Launcher;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the audits of all runs came to, by the counts of a stack of one machine since its start ({@code local --audit-every}). Of a
 * deployed stack, alarms say the same.
 *
 * @param failing whether the newest part failed
 */
record ScheduledAudits(long completed, long failed, boolean failing, long violations) {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    /** Empty if there are no such counts: they are those of a stack of one machine. */
    static Optional<ScheduledAudits> counted(URI api) {
        try (HttpClient http = HttpClient.newBuilder().connectTimeout(TIMEOUT).build()) {
            HttpRequest request = HttpRequest.newBuilder(api.resolve("/metrics"))
                    .timeout(TIMEOUT)
                    .build();
            HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
            return answer.statusCode() == 200 ? Optional.of(read(answer.body())) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    /** @param metrics as OpenMetrics or Prometheus' text */
    static ScheduledAudits read(String metrics) {
        return new ScheduledAudits(
                value(metrics, "audits_completed_total"),
                value(metrics, "audits_failed_total"),
                value(metrics, "audit_failing") > 0,
                value(metrics, "audit_violations_total"));
    }

    private static long value(String metrics, String name) {
        Matcher line = Pattern.compile("(?m)^stepstile_" + name + " (\\d{1,18})(?:\\.0)?$")
                .matcher(metrics);
        return line.find() ? Long.parseLong(line.group(1)) : 0;
    }

    /** Empty if no audit was made. */
    Optional<Finding> finding() {
        String parts = Text.count(failed) + " of " + Text.count(completed + failed, "part");
        if (failing) {
            return Optional.of(Finding.wrong(
                    "audit",
                    "the newest part of the audit of all runs failed, and since this stack was started " + parts,
                    "Its log has the cause, in the lines of AuditRounds; the next part goes on where this one ended."));
        }
        if (violations > 0) {
            return Optional.of(Finding.wrong(
                    "audit",
                    "the audit of all runs reported " + Text.count(violations)
                            + " violations since this stack was started",
                    "Its log has a line with the evidence for each. Look again: "
                            + Launcher.ofThisProcess().command() + " audit --all"));
        }
        return completed > 0
                ? Optional.of(Finding.ok(
                        "audit",
                        failed > 0
                                ? parts + " of the audit of all runs failed, and the newest did not"
                                : "no violation in " + Text.count(completed, "part") + " since the start"))
                : Optional.empty();
    }
}
