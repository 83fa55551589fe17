package dev.stepstile.cli.bench;

import dev.stepstile.cli.python.PythonScript;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code bench dagster}. */
@Command(
        name = "dagster",
        description = "Runs the same Dagster jobs in process, multi-process, on Celery and on Stepstile, side by side.")
final class DagsterBench extends PythonScript {
    DagsterBench() {
        super(
                "bench",
                List.of("dagster>=1.12,<2", "dagster-postgres>=0.29", "dagster-celery[redis]>=0.29", "sqlalchemy<2.1"),
                "bench/dagster/bench.py");
    }
}
