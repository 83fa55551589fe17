package dev.stepstile.cli.demo;

import dev.stepstile.cli.python.PythonScript;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code demo dagster}. */
@Command(
        name = "dagster",
        description = "Runs a Dagster project over the flights data with stepstile_executor, and checks the result.")
final class DagsterDemo extends PythonScript {
    DagsterDemo() {
        super("demo", List.of("dagster>=1.12,<2", "dagster-webserver"), "examples/dagster_flights/demo.py");
    }
}
