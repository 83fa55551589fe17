package dev.stepstile.emulators;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** DynamoDB Local: one database for all regions and credentials. */
public final class DynamoDbLocal {
    static final String NAME = "dynamodb-local";

    private DynamoDbLocal() {}

    /**
     * @param logs where {@code dynamodb-local.log} is written
     * @param data where tables are kept from one start to the next; null to keep them in memory
     */
    public static EmulatorProcess start(Path logs, @Nullable Path data) {
        return start(HiddenLoopback.address(), logs, data);
    }

    /**
     * @param address on which it listens
     * @param logs where {@code dynamodb-local.log} is written
     * @param data where tables are kept from one start to the next; null to keep them in memory
     */
    public static EmulatorProcess start(InetAddress address, Path logs, @Nullable Path data) {
        List<String> storage;
        if (data == null) {
            storage = List.of("-inMemory");
        } else {
            try {
                Files.createDirectories(data);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            storage = List.of("-dbPath", data.toString());
        }
        List<String> program = new ArrayList<>(List.of(
                ExitWithParent.class.getName(),
                BoundDynamoDb.class.getName(),
                address.getHostAddress(),
                "-sharedDb",
                "-disableTelemetry"));
        program.addAll(storage);
        return EmulatorProcess.start(NAME, address, logs, program, BoundDynamoDb.LISTENS_ON);
    }
}
