package dev.stepstile.cli.ops;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.stepstile.cli.console.Launcher;
import dev.stepstile.cli.ops.Finding.Level;
import dev.stepstile.client.RefusedException;
import dev.stepstile.client.UnauthorisedException;
import dev.stepstile.client.UnreachableException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;

/** {@code stepstile doctor}: what is wrong, and what to do. */
@Command(
        name = "doctor",
        description = "Looks at everything that is usually wrong, and says what to do: the API, credentials, the clock,"
                + " of a deployed stack also its queues, indexes and alarms, and work that is stuck. Changes nothing.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  ./stepstile doctor",
            "  ./stepstile doctor --stack stepstile --profile production",
            "",
            "Exit status: 0 nothing is wrong, 1 something is, 4 the API is not reached.",
            "Others: docs/cli.md"
        })
public final class DoctorCommand extends ApiCommand {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** No run has it; that it is not found shows that the API, its function and its table answer. */
    private static final String NO_RUN = "stepstile.doctor";

    /** A lease's margin: clocks of workers may differ by so much. */
    private static final Duration CLOCKS_DIFFER = Duration.ofSeconds(5);

    private static final int LABEL = 20;
    private static final String INDENT = " ".repeat(7);

    private int wrong;

    @Override
    int ask(Calls calls) {
        output().isJson();
        api().stack().ifPresent(stack -> new StackDoctor(stack, api().access(), this::found).examine());
        boolean reached = endpoint(calls);
        calls.client().clockAhead().ifPresent(this::clock);
        if (!reached) {
            return Exit.NOT_REACHED;
        }
        if (api().stack().isEmpty()) {
            ScheduledAudits.counted(api().uri())
                    .flatMap(ScheduledAudits::finding)
                    .ifPresent(this::found);
        }
        new StuckWork(calls, this::found, this::suggested).examine();
        if (wrong == 0 && !output().isJson()) {
            screen().say("Nothing is wrong.");
        }
        return wrong == 0 ? Exit.DONE : Exit.NO;
    }

    private boolean endpoint(Calls calls) {
        try {
            calls.get(path(NO_RUN), Map.of());
        } catch (RefusedException e) {
            if (!e.type().equals("run-not-found")) {
                found(Finding.wrong(
                        "API",
                        String.valueOf(e.getMessage()),
                        "Name the address that 'stepstile local' prints, or the stack's output ApiUrl."));
                return false;
            }
        } catch (UnauthorisedException e) {
            found(Finding.wrong(
                    "credentials",
                    String.valueOf(e.getMessage()),
                    "Log in (aws sso login), or name a --profile whose role may call execute-api:Invoke."));
            return false;
        } catch (UnreachableException e) {
            found(Finding.wrong("API", String.valueOf(e.getMessage()), unreached()));
            return false;
        }
        found(Finding.ok("API", api().uri() + " answers this caller"));
        return true;
    }

    private String unreached() {
        return Optional.ofNullable(api().uri().getHost())
                        .filter(host -> host.equals("127.0.0.1") || host.equals("localhost"))
                        .isPresent()
                ? "Start the stack of this machine: " + Launcher.ofThisProcess().command() + " local"
                : "Check the network and the address; on AWS, read the log of the runs function.";
    }

    private void clock(Duration ahead) {
        Duration differs = ahead.abs();
        String text = "differs from the API's by " + differs.toSeconds() + " s";
        found(
                differs.compareTo(CLOCKS_DIFFER) <= 0
                        ? Finding.ok("clock", text)
                        : Finding.wrong(
                                "clock",
                                text,
                                "Set this machine's clock (NTP): AWS refuses calls that are signed five minutes off,"
                                        + " and printed ages are wrong."));
    }

    private void found(Finding finding) {
        if (finding.level() == Level.WRONG) {
            wrong++;
        }
        if (output().isJson()) {
            try {
                screen().line(JSON.writeValueAsString(finding));
            } catch (JsonProcessingException e) {
                throw new IllegalStateException("a record of texts always prints", e);
            }
            return;
        }
        print(finding);
    }

    private void print(Finding finding) {
        String mark = switch (finding.level()) {
            case OK -> screen().good("ok     ");
            case UNKNOWN -> screen().faint("?      ");
            case WRONG -> screen().bad("WRONG  ");
        };
        String text = Text.clean(finding.found());
        boolean oneLine =
                finding.level() == Level.OK && INDENT.length() + LABEL + Text.width(text) <= screen().columns();
        screen().line(mark + (oneLine ? Text.padded(finding.check(), LABEL) + text : finding.check()));
        if (!oneLine) {
            screen().say(INDENT + text);
        }
        finding.todo().lines().forEach(line -> {
            if (line.contains(": " + Launcher.ofThisProcess().command() + " ")) {
                screen().line(INDENT + line); // to be copied
            } else {
                screen().say(INDENT + line);
            }
        });
    }
}
