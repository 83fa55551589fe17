package dev.stepstile.embedded;

import dev.stepstile.contracts.StateFolderDamage;
import dev.stepstile.step.StepRecord;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import org.junit.jupiter.api.io.TempDir;

/** The embedded ports keep to the ports' contracts. */
class EmbeddedContractsTest extends EmbeddedPortsContracts {
    @TempDir
    Path folder;

    @Override
    EmbeddedPorts open(Duration visibility, InstantSource clock) {
        return EmbeddedPorts.open(folder.resolve("state"), visibility, clock);
    }

    @Override
    void damage(EmbeddedPorts opened, StepRecord record) {
        StateFolderDamage.record(folder.resolve("state"), record.id());
    }
}
