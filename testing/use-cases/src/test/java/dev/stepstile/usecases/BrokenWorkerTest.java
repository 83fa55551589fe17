package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.StepResult;
import dev.stepstile.step.StepState.Name;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What ends an attempt beside its handler: an Error of a port, of a thread, of a timer, of a count. */
class BrokenWorkerTest {
    @TempDir
    Path folder;

    /** An Error at each port call in turn, instead of it and after it. */
    @Test
    void whose_port_throws_an_Error_anywhere_renews_nothing_and_its_steps_run_again() throws InterruptedException {
        assertThat(eachCall(stack -> stack.faults, false)).isBetween(5, 40);
        eachCall(stack -> stack.faults, true);
    }

    /** An Error where a thread or a timer is started or something is counted: as where the machine has no more of them. */
    @Test
    void that_gets_no_thread_no_timer_or_no_count_renews_nothing_and_its_steps_run_again() throws InterruptedException {
        assertThat(eachCall(stack -> stack.inside, false)).isBetween(8, 60);
    }

    private int eachCall(Function<Stack, Faults> where, boolean after) throws InterruptedException {
        int call = 0;
        boolean reached = true;
        while (reached) {
            try (Stack stack = new Stack(folder.resolve(after + "-" + call))) {
                reached = brokenAt(stack, where.apply(stack), call, after);
            }
            call++;
        }
        return call - 1;
    }

    /** Whether there was such a call. */
    private boolean brokenAt(Stack stack, Faults faults, int call, boolean after) throws InterruptedException {
        String at = "an Error " + (after ? "after" : "at") + " call " + call;
        stack.work.on("terminal", (input, context) -> {
            if (context.attempt() == 1) {
                throw new IllegalStateException("its first attempt fails");
            }
            return StepResult.of("y".repeat(2_000));
        });
        stack.handOver("plain", "mate", "terminal");
        var batch = stack.receive(10);
        faults.breakOff(call, after);
        stack.deliver(batch);
        boolean reached = faults.over();
        faults.restart();
        assertThat(stack.time.timers()).as("%s: what still renews a lease", at).isZero();
        for (String key : new String[] {"plain", "mate", "terminal"}) {
            assertThat(stack.state(key)).as("%s: %s", at, key).isNotEqualTo(Name.RUNNING);
        }
        for (int i = 0; i < 3; i++) {
            stack.time.advance(Duration.ofSeconds(60));
            stack.deliver();
        }
        for (String key : new String[] {"plain", "mate", "terminal"}) {
            assertThat(stack.state(key)).as("%s: %s", at, key).isEqualTo(Name.SUCCEEDED);
        }
        return reached;
    }
}
