package dev.stepstile.functions;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.usecase.SweepReport;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The sweeper function, given the schedule's event. */
class SweeperFunctionTest {
    @TempDir
    Path folder;

    @Test
    void a_sweep_sends_lost_messages_again_and_says_so() {
        try (Deployed deployed = new Deployed(folder)) {
            deployed.dispatch("dispatch-http");
            deployed.ports()
                    .queue()
                    .delete(deployed.ports().queue().receive(10, Duration.ZERO).stream()
                            .map(delivery -> delivery.receipt())
                            .toList());
            deployed.after(Duration.ofMinutes(10));
            SweepReport report = deployed.sweep();
            assertThat(report.dispatches()).isEqualTo(1);
            assertThat(report.steps().resent()).isEqualTo(3);
            JsonNode answer = Json.parse(Events.answered(report, SweepReport.class));
            assertThat(answer.path("steps").path("resent").asInt()).isEqualTo(3);
            assertThat(answer).hasSize(SweepReport.class.getRecordComponents().length);
            assertThat(answer.path("steps")).hasSize(SweepReport.Steps.class.getRecordComponents().length);
        }
    }
}
