package dev.stepstile.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.cli.Main;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The main job, as {@code ./stepstile demo} runs it. It compares its result itself, and exits 0 only if it is right. */
@Tag("integration")
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class DemoTest {
    private static int demo(String... options) {
        String[] arguments = new String[options.length + 1];
        arguments[0] = "demo";
        System.arraycopy(options, 0, arguments, 1, options.length);
        return Main.execute(arguments);
    }

    @Test
    void is_right_on_the_embedded_stack() {
        assertThat(demo()).isZero();
    }

    @Test
    void is_right_when_workers_die_messages_come_twice_and_two_days_are_poisonous() {
        assertThat(demo("--inject", "crash=0.05,duplicate=0.1,poison=2")).isZero();
    }

    @Test
    void is_right_through_the_aws_adapters() {
        assertThat(demo("--aws")).isZero();
    }

    @Test
    @Tag("full")
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void is_right_through_the_aws_adapters_with_worker_processes_that_are_killed() {
        assertThat(demo("--aws", "--isolated", "--inject", "crash=0.05,duplicate=0.1,poison=2"))
                .isZero();
    }

    @Test
    void refuses_isolated_workers_without_a_wire() {
        assertThat(demo("--isolated")).isNotZero();
    }
}
