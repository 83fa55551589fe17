package dev.stepstile.examples.flights;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import java.io.IOException;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * {@code flights.report}: takes the results of {@code flights.day} as the shared input {@value #DAYS} (a JSON array, in
 * any order), gives a {@link FlightsReport}. Days may be missing; the report says so.
 */
public final class FlightsReportHandler implements StepHandler {
    /** The name of the shared input. */
    public static final String DAYS = "days";

    @Override
    public String name() {
        return "flights.report";
    }

    @Override
    public StepResult run(StepInput input, StepContext context) throws IOException {
        Year year = year(input.sharedAs(DAYS, DayTable[].class));
        context.progress(0.5, year.days().size() + " days merged");
        List<String> missing =
                year.missingDays().stream().map(LocalDate::toString).toList();
        if (!missing.isEmpty()) {
            context.log("%d of the year's days are missing, first %s".formatted(missing.size(), missing.getFirst()));
        }
        return StepResult.of(new FlightsReport(
                year.days().size(),
                missing,
                year.all().flights(),
                year.all().cancelled(),
                new ReportPage(year, context.runId()).html(),
                FlightsCsv.totals(year),
                FlightsCsv.days(year)));
    }

    private static Year year(DayTable[] tables) {
        if (tables.length == 0) {
            throw new TerminalFailure("The shared input \"" + DAYS + "\" is empty: there is no day to report on");
        }
        if (Arrays.stream(tables).anyMatch(Objects::isNull)) {
            throw new TerminalFailure(
                    "The shared input \"" + DAYS + "\" holds a null: leave out days without a result");
        }
        try {
            return Year.of(Arrays.stream(tables).map(DayTable::toDayResult).toList());
        } catch (IllegalArgumentException | DateTimeParseException e) {
            throw new TerminalFailure("The shared input \"" + DAYS + "\" cannot be merged: " + e.getMessage(), e);
        }
    }
}
