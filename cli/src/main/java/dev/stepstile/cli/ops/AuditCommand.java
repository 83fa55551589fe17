package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.client.RefusedException;
import dev.stepstile.client.UnreachableException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code stepstile audit}: what is stored of runs, held against itself. */
@Command(
        name = "audit",
        description =
                "Checks what is stored of a run, or of all runs, against itself while work goes on: records, feed,"
                        + " manifests, counts, marks of dead letters and payloads. Changes nothing. What work under way can look"
                        + " like is reported only if it is still the same 30 s later.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  ./stepstile audit nightly",
            "  ./stepstile audit --all --rate 200 --json",
            "",
            "Exit status: 0 nothing is wrong, 1 violations, 3 no such run,",
            "4 the API is not reached, or what is stored of a run.",
            "Kinds of violations: docs/protocol.md#audit"
        })
public final class AuditCommand extends ApiCommand {
    @Parameters(arity = "0..1", paramLabel = "RUN", description = "The id of the run.")
    private @Nullable String run;

    @Option(names = "--all", description = "All runs instead of one, the newest first.")
    private boolean all;

    @Option(
            names = "--rate",
            paramLabel = "N",
            description = "Reads a second at most. A step takes two at most. Default: ${DEFAULT-VALUE}.")
    private int rate = 1_000;

    private long violations;
    private long unread;

    @Override
    int ask(Calls calls) {
        boolean json = output().isJson();
        if (all == (run != null)) {
            throw wrong("Name a run, or say --all.");
        }
        if (rate < 1) {
            throw wrong("--rate is at least 1.");
        }
        RunAudit audit = new RunAudit(calls, rate, RunAudit.Waiting.REAL, this::found, (each, e) -> {
            if (!all) {
                throw e;
            }
            passOver(calls, each, e);
        });
        if (run != null) {
            audit.begin(run, path(run));
        } else {
            calls.pages("/v1/runs", Map.of(), "runs", new Calls.Page(0, 100), runs -> {
                runs.forEach(each -> beginIfThere(audit, each.path("runId").asText()));
                return true;
            });
        }
        if (audit.suspects() > 0 && !json) {
            errors().say("Some of it may be work under way; it is looked at again in " + audit.secondsToWait() + " s.");
        }
        audit.finish();
        if (!json) {
            screen().say(summary(audit));
            if (violations > 0) {
                screen().say("What to do about each kind: docs/operations.md#audit-of-all-runs");
            }
        }
        return violations > 0 ? Exit.NO : unread > 0 ? Exit.NOT_REACHED : Exit.DONE;
    }

    /** Goes on without a run whose data cannot be had, unless no call at all is answered. */
    private void passOver(Calls calls, String each, UnreachableException e) {
        calls.get("/v1/runs", Map.of("limit", "1"));
        unread++;
        errors().say("Run " + Text.clean(each) + " is not audited, and the audit goes on: " + e.getMessage());
    }

    /** One that was deleted by age meanwhile has nothing to be audited. */
    private void beginIfThere(RunAudit audit, String each) {
        try {
            audit.begin(each, path(each));
        } catch (RefusedException e) {
            if (!e.type().equals("run-not-found")) {
                throw e;
            }
        }
    }

    private void found(String of, JsonNode violation) {
        violations++;
        if (output().isJson()) {
            ObjectNode line = violation.deepCopy();
            screen().line(line.put("runId", of).toString());
            return;
        }
        String kind = violation.path("kind").asText();
        String what = violation.has("key")
                ? "  step " + violation.path("key").asText()
                : violation.has("dispatchId")
                        ? "  dispatch " + violation.path("dispatchId").asText()
                        : "";
        int room = screen().columns() - Text.width(kind) - 2;
        screen().line(screen().bad(kind) + "  " + Text.cutMiddle(Text.clean(of + what), room));
        screen().say("  " + Text.clean(violation.path("evidence").asText()));
    }

    private String summary(RunAudit audit) {
        RunAudit.Totals totals = audit.totals();
        return Text.count(totals.steps(), "step") + " of " + Text.count(totals.runs(), "run") + ", "
                + Text.count(totals.reads(), "read") + ": "
                + (violations == 0
                        ? "nothing is wrong" + (unread == 0 ? "." : " there.")
                        : Text.count(violations, "violation") + ".")
                + (totals.unread() == 0 ? "" : " " + Text.count(totals.unread(), "payload") + " not looked at.")
                + (unread == 0 ? "" : " " + Text.count(unread, "run") + " not audited.");
    }
}
