package dev.stepstile.embedded;

import dev.stepstile.step.StepRecord;
import java.time.Duration;
import java.time.InstantSource;

/** The embedded ports in memory keep to the same contracts. */
class InMemoryContractsTest extends EmbeddedPortsContracts {
    @Override
    EmbeddedPorts open(Duration visibility, InstantSource clock) {
        return EmbeddedPorts.inMemory(visibility, clock);
    }

    @Override
    void damage(EmbeddedPorts opened, StepRecord record) {
        opened.database()
                .write(session -> session.update(
                        "UPDATE record SET body = replace(body, '\"createdAt\":1', '\"createdAt\":3')"
                                + " WHERE run_id = ? AND step_key = ?",
                        record.id().runId(),
                        record.id().stepKey()));
    }
}
