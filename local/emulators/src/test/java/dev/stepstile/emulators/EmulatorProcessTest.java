package dev.stepstile.emulators;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("integration")
class EmulatorProcessTest {
    private static List<String> compiler(ProcessHandle process) {
        return Stream.of(process.info().arguments().orElseThrow())
                .filter(option -> option.startsWith("-XX:TieredStopAtLevel="))
                .toList();
    }

    @Test
    void compiles_as_the_process_that_started_it_does(@TempDir Path logs) {
        try (EmulatorProcess emulator = ElasticMq.start(logs, null)) {
            assertThat(compiler(ProcessHandle.of(emulator.pid()).orElseThrow()))
                    .isEqualTo(compiler(ProcessHandle.current()));
        }
    }
}
