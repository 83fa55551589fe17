package dev.stepstile.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.usecase.Timing;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
    private static final Map<String, String> NEEDED = Map.of(
            "STEPSTILE_TABLE", "t",
            "STEPSTILE_QUEUE_URL", "https://queue",
            "STEPSTILE_DLQ_URL", "https://dead",
            "STEPSTILE_BUCKET", "b");

    private static Map<String, String> with(String name, String value) {
        Map<String, String> environment = new HashMap<>(NEEDED);
        environment.put(name, value);
        return environment;
    }

    @Test
    void what_is_not_said_is_as_the_design_has_it() {
        assertThat(Settings.read(NEEDED))
                .isEqualTo(new Settings(
                        new ResourceNames("t", "https://queue", "https://dead", "b"),
                        Timing.of(
                                Duration.ofSeconds(15),
                                Duration.ofSeconds(5),
                                Duration.ofSeconds(60),
                                Duration.ofSeconds(30)),
                        8,
                        30));
    }

    @Test
    void seconds_may_have_a_fraction() {
        assertThat(Settings.read(with("STEPSTILE_LEASE_SECONDS", " 1.5 "))
                        .timing()
                        .lease())
                .isEqualTo(Duration.ofMillis(1500));
        assertThat(Settings.read(with("STEPSTILE_MARGIN_SECONDS", "0")).timing().margin())
                .isEqualTo(Duration.ZERO);
    }

    @Test
    void all_that_is_missing_is_named_at_once() {
        assertThatThrownBy(() -> Settings.read(Map.of("STEPSTILE_TABLE", " ")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(
                        "STEPSTILE_TABLE is missing",
                        "STEPSTILE_QUEUE_URL is missing",
                        "STEPSTILE_DLQ_URL is missing",
                        "STEPSTILE_BUCKET is missing");
    }

    @ParameterizedTest
    @CsvSource({
        "STEPSTILE_LEASE_SECONDS,0",
        "STEPSTILE_LEASE_SECONDS,a minute",
        "STEPSTILE_LEASE_SECONDS,86401",
        "STEPSTILE_LEASE_SECONDS,1e999999999",
        "STEPSTILE_MARGIN_SECONDS,-1",
        "STEPSTILE_SWEEP_SECONDS,0",
        "STEPSTILE_DISPATCH_TIMEOUT_SECONDS,0",
        "STEPSTILE_SHARDS,0",
        "STEPSTILE_SHARDS,65",
        "STEPSTILE_SHARDS,8.5",
        "STEPSTILE_RETENTION_DAYS,14",
        "STEPSTILE_RETENTION_DAYS,for ever"
    })
    void what_will_not_do_is_named_with_what_was_expected(String name, String value) {
        assertThatThrownBy(() -> Settings.read(with(name, value)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(name + " is '" + value + "'", "was expected");
    }

    @Test
    void every_variable_that_is_named_is_read() {
        Map<String, String> nonsense = new HashMap<>(NEEDED);
        Settings.NAMES.stream()
                .filter(name -> !NEEDED.containsKey(name))
                .forEach(name -> nonsense.put(name, "nonsense"));
        assertThatThrownBy(() -> Settings.read(nonsense))
                .hasMessageContainingAll(Settings.NAMES.stream()
                        .filter(name -> !NEEDED.containsKey(name))
                        .toArray(String[]::new));
        assertThat(Settings.NAMES).containsAll(NEEDED.keySet());
    }
}
