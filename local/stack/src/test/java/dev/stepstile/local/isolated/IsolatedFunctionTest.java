package dev.stepstile.local.isolated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import dev.stepstile.local.events.Worker.WorkerLost;
import dev.stepstile.usecase.InMemoryMeter;
import dev.stepstile.usecase.Metric;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A function in a process of its own, over Lambda's Runtime API and AWS's client of it. */
@Tag("integration")
class IsolatedFunctionTest {
    @TempDir
    Path folder;

    private final InMemoryMeter tally = new InMemoryMeter();
    private final CountDownLatch counted = new CountDownLatch(1);
    private WorkerLog log;
    private IsolatedWorker environment;

    @BeforeEach
    void open() {
        log = new WorkerLog(folder.resolve("workers.log"), (count, n) -> {
            tally.add(count, n);
            counted.countDown();
        });
        environment = environment(MisbehavingFunction.class.getName(), Duration.ofSeconds(30));
    }

    private IsolatedWorker environment(String function, Duration timeout) {
        return isolated(function, timeout, folder, log);
    }

    private static IsolatedWorker isolated(String function, Duration timeout, Path folder, WorkerLog log) {
        return new IsolatedWorker(new IsolatedFunction(
                "step",
                function + "::handleRequest",
                timeout,
                Map.of("AWS_REGION", "eu-west-1"),
                RuntimeClientLibrary.unpack(folder),
                log));
    }

    @AfterEach
    void close() {
        environment.close();
        log.close();
    }

    private static SQSEvent messages(String... bodies) {
        List<SQSEvent.SQSMessage> records = new ArrayList<>();
        for (String body : bodies) {
            SQSEvent.SQSMessage message = new SQSEvent.SQSMessage();
            message.setMessageId("id-" + records.size());
            message.setReceiptHandle("receipt-" + records.size());
            message.setBody(body);
            message.setAttributes(Map.of("ApproximateReceiveCount", "3", "SentTimestamp", "1"));
            message.setEventSource("aws:sqs");
            records.add(message);
        }
        SQSEvent event = new SQSEvent();
        event.setRecords(records);
        return event;
    }

    private List<String> stay(SQSBatchResponse answer) {
        return answer.getBatchItemFailures().stream()
                .map(SQSBatchResponse.BatchItemFailure::getItemIdentifier)
                .toList();
    }

    /** A stack with one worker that never ends its batch. */
    static final class Stack {
        public static void main(String[] args) throws Exception {
            Path folder = Path.of(args[0]);
            WorkerLog log =
                    new WorkerLog(folder.resolve("workers.log"), (count, n) -> System.out.println("in the middle"));
            isolated(MisbehavingFunction.class.getName(), Duration.ofMinutes(1), folder, log)
                    .invoke(messages("count", "hang"));
        }
    }

    @Nested
    class A_worker_process {
        @Test
        void answers_which_messages_stay() throws Exception {
            assertThat(stay(environment.invoke(messages("done", "stay", "done", "stay"))))
                    .containsExactly("id-1", "id-3");
            assertThat(stay(environment.invoke(messages("done")))).isEmpty();
        }

        @Test
        void is_told_of_the_message_and_of_its_own_time() throws Exception {
            environment.invoke(messages("say"));
            environment.close();

            assertThat(Files.readString(folder.resolve("workers.log")))
                    .containsPattern("3 receipt-0 (29|30) s for step\n");
        }

        @Test
        void has_its_counts_read_from_what_it_prints() throws Exception {
            environment.invoke(messages("count", "count"));
            environment.invoke(messages("say"));
            environment.close();

            assertThat(tally.of(Metric.STEPS_CLAIMED)).isEqualTo(4);
            assertThat(tally.of(Metric.STALE_REFUSED)).isEqualTo(2);
        }

        @Test
        void goes_on_after_its_function_threw() throws Exception {
            assertThatThrownBy(() -> environment.invoke(messages("throw")))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("as told");
            assertThat(stay(environment.invoke(messages("stay")))).containsExactly("id-0");
            assertThat(processes()).hasSize(1);
        }

        @Test
        void that_died_of_an_error_between_two_batches_is_replaced() throws Exception {
            assertThatThrownBy(() -> environment.invoke(messages("error"))).hasMessageContaining("as told");
            assertThat(stay(environment.invoke(messages("stay")))).containsExactly("id-0");
        }

        @Test
        void that_exits_is_lost() {
            assertThatThrownBy(() -> environment.invoke(messages("exit")))
                    .isInstanceOf(WorkerLost.class)
                    .hasMessageContaining("status 7");
        }

        @Test
        void that_exhausts_its_heap_is_lost() {
            assertThatThrownBy(() -> environment.invoke(messages("heap")))
                    .isInstanceOf(WorkerLost.class)
                    .hasMessageContaining("status 3");
        }

        @Test
        void that_is_killed_in_the_middle_is_lost() throws Exception {
            CompletableFuture<Throwable> thrown = new CompletableFuture<>();
            Thread.startVirtualThread(() -> {
                try {
                    environment.invoke(messages("count", "hang"));
                } catch (Exception e) {
                    thrown.complete(e);
                }
            });
            counted.await();
            processes().forEach(ProcessHandle::destroyForcibly);

            assertThat(thrown.get()).isInstanceOf(WorkerLost.class).hasMessageContaining("status 137");
        }

        @Test
        void that_runs_past_the_functions_timeout_is_killed() throws Exception {
            environment = environment(MisbehavingFunction.class.getName(), Duration.ofSeconds(1));
            environment.invoke(messages("done"));
            List<ProcessHandle> processes = processes();

            assertThatThrownBy(() -> environment.invoke(messages("hang")))
                    .isInstanceOf(WorkerLost.class)
                    .hasMessageContaining("not done after 1 s");
            processes.forEach(process -> process.onExit().join());
            assertThat(processes).hasSize(1);
        }

        @Test
        void whose_function_cannot_be_initialised_says_why() {
            environment = environment("dev.stepstile.functions.step.StepFunction", Duration.ofSeconds(30));

            assertThatThrownBy(() -> environment.invoke(messages("done")))
                    .isInstanceOf(WorkerLost.class)
                    .hasMessageContaining("STEPSTILE_TABLE is missing");
        }

        @Test
        void ends_with_its_stack_even_if_that_is_killed_in_the_middle_of_a_batch() throws Exception {
            Process stack = new ProcessBuilder(
                            ProcessHandle.current().info().command().orElseThrow(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            Stack.class.getName(),
                            folder.resolve("other").toString())
                    .start();
            try {
                assertThat(stack.inputReader().readLine()).isEqualTo("in the middle");
                List<ProcessHandle> workers = stack.children().toList();
                assertThat(workers).hasSize(1);

                stack.destroyForcibly();

                workers.getFirst().onExit().get(20, TimeUnit.SECONDS);
            } finally {
                stack.destroyForcibly();
            }
        }

        private List<ProcessHandle> processes() {
            return ProcessHandle.current().children().toList();
        }
    }
}
