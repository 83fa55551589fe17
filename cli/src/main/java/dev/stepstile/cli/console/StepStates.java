package dev.stepstile.cli.console;

import dev.stepstile.client.StepStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import picocli.CommandLine.TypeConversionException;

/** The states of steps as an option takes them; what a client may read and nobody can ask for is none. */
public final class StepStates extends ArrayList<String> {
    private static final List<StepStatus> ALL = Stream.of(StepStatus.values())
            .filter(state -> state != StepStatus.UNRECOGNISED)
            .toList();

    /** As candidates of a completion. */
    public StepStates() {
        super(ALL.stream().map(StepStatus::name).toList());
    }

    /** @throws TypeConversionException if it names none; upper and lower case are the same */
    public static StepStatus read(String text) {
        return ALL.stream()
                .filter(state -> state.name().equals(text.toUpperCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new TypeConversionException(
                        "'" + text + "' is none of " + String.join(", ", new StepStates())));
    }
}
