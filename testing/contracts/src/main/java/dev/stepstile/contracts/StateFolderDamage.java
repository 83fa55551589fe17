package dev.stepstile.contracts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.step.StepId;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/** What a disk may do to the state folder of an embedded stack: changes made past the store. */
public final class StateFolderDamage {
    private StateFolderDamage() {}

    /** Flips a digit of a step's record; it still is good JSON. */
    public static void record(Path stateFolder, StepId id) {
        change(
                stateFolder,
                "UPDATE record SET body = replace(body, '\"createdAt\":1', '\"createdAt\":3')"
                        + " WHERE run_id = ? AND step_key = ?",
                id.runId(),
                id.stepKey());
    }

    /** Puts the digit back, as a backup would. */
    public static void repair(Path stateFolder, StepId id) {
        change(
                stateFolder,
                "UPDATE record SET body = replace(body, '\"createdAt\":3', '\"createdAt\":1')"
                        + " WHERE run_id = ? AND step_key = ?",
                id.runId(),
                id.stepKey());
    }

    /** Flips a digit of a dispatch. */
    public static void dispatch(Path stateFolder, String runId, String dispatchId) {
        change(
                stateFolder,
                "UPDATE dispatch SET body = replace(body, '\"createdAt\":1', '\"createdAt\":3')"
                        + " WHERE run_id = ? AND dispatch_id = ?",
                runId,
                dispatchId);
    }

    /** Flips a digit of a worker's item. */
    public static void worker(Path stateFolder, String id) {
        change(
                stateFolder,
                "UPDATE worker SET body = replace(body, '\"leaseUntil\":1', '\"leaseUntil\":3') WHERE id = ? AND id = ?",
                id,
                id);
    }

    private static void change(Path stateFolder, String sql, String runId, String key) {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + stateFolder.resolve("stepstile.db"));
                PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, runId);
            statement.setString(2, key);
            assertThat(statement.executeUpdate()).isEqualTo(1);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }
}
