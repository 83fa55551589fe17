package dev.stepstile.local.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.aws.Settings;
import dev.stepstile.emulators.AwsUsage;
import dev.stepstile.emulators.HiddenLoopback;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.port.StepQueue.Outgoing;
import dev.stepstile.step.Run;
import dev.stepstile.usecase.Timing;
import java.net.ConnectException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("integration")
class EmulatedAwsTest {
    private static final Instant NOW = Instant.parse("2026-11-24T08:00:00.123Z");
    private static final Run RUN = new Run("run", NOW, 8, 0);

    @TempDir
    Path folder;

    private EmulatedAws start(boolean kept) {
        Timing timing = Timing.of(
                Duration.ofMillis(3500), Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(30));
        return EmulatedAws.start(
                HiddenLoopback.address(),
                folder,
                folder.resolve("state"),
                kept,
                timing,
                Duration.ofSeconds(30),
                line -> {});
    }

    @Test
    void what_is_to_be_kept_is_there_after_a_restart() {
        byte[] payload = "large".getBytes(StandardCharsets.UTF_8);
        try (EmulatedAws aws = start(true)) {
            aws.ports().store().putRunIfAbsent(RUN);
            aws.ports().queue().send(List.of(new Outgoing("run", "message", Duration.ZERO)));
            aws.ports().deadLetters().moveToDeadLetters("run", "letter");
            aws.ports().objects().put("shared/a", payload);

            AwsUsage.Usage usage = aws.usage().soFar();
            assertThat(usage.allWriteUnits()).isEqualTo(2); // the run, and its place in the list of runs
            assertThat(usage.requests())
                    .containsEntry("Sqs.SendMessageBatch", 1L)
                    .containsEntry("Sqs.SendMessage", 1L)
                    .containsEntry("S3.PutObject", 1L);
        }
        try (EmulatedAws aws = start(true)) {
            assertThat(aws.ports().store().run("run")).contains(RUN);
            assertThat(aws.ports().queue().receive(10, Duration.ofSeconds(2)))
                    .extracting(Delivery::body)
                    .containsExactly("message");
            assertThat(aws.ports().deadLetters().peek(10)).containsExactly("letter");
            assertThat(aws.ports().objects().get("shared/a")).contains(payload);
        }
    }

    @Test
    void no_page_can_reach_an_emulator_by_the_names_of_this_machine() {
        try (EmulatedAws aws = start(false)) {
            for (String name :
                    List.of("STEPSTILE_DYNAMODB_ENDPOINT", "STEPSTILE_SQS_ENDPOINT", "STEPSTILE_S3_ENDPOINT")) {
                URI endpoint = URI.create(aws.variables().get(name));
                assertThat(endpoint.getHost())
                        .isEqualTo(HiddenLoopback.address().getHostAddress());
                for (String host : List.of("127.0.0.1", "localhost", "::1")) {
                    assertThatThrownBy(() -> new Socket(host, endpoint.getPort()).close())
                            .as("%s on %s", name, host)
                            .isInstanceOf(ConnectException.class);
                }
            }
        }
    }

    @Test
    void a_function_in_a_process_of_its_own_is_told_all_that_it_reads() {
        try (EmulatedAws aws = start(false)) {
            List<String> names = new ArrayList<>(Settings.NAMES);
            names.addAll(List.of("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"));
            assertThat(aws.variables()).containsOnlyKeys(names);
            Timing timing = Settings.read(aws.variables()).timing();
            assertThat(timing.lease()).isEqualTo(Duration.ofMillis(3500));
            assertThat(timing.margin()).isEqualTo(Duration.ofSeconds(1));
            assertThat(timing.sweepEvery()).isEqualTo(Duration.ofSeconds(2));
            assertThat(timing.dispatchTimeout()).isEqualTo(Duration.ofSeconds(30));
        }
    }
}
