package dev.stepstile.emulators;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** ElasticMQ: an SQS of its own. */
public final class ElasticMq {
    static final String NAME = "elasticmq";

    private ElasticMq() {}

    /**
     * @param logs where {@code elasticmq.log} is written
     * @param data where queues and messages are kept from one start to the next; null to keep them in memory
     */
    public static EmulatorProcess start(Path logs, @Nullable Path data) {
        return start(HiddenLoopback.address(), logs, data);
    }

    /**
     * @param address on which it listens
     * @param logs where {@code elasticmq.log} is written
     * @param data where queues and messages are kept from one start to the next; null to keep them in memory
     */
    public static EmulatorProcess start(InetAddress address, Path logs, @Nullable Path data) {
        String host = address.getHostAddress();
        List<String> program = new ArrayList<>(
                List.of("-Drest-sqs.bind-hostname=" + host, "-Drest-sqs.bind-port=0", "-Dgenerate-node-address=true"));
        if (data != null) {
            program.add("-Dmessages-storage.enabled=true");
            // H2 writes within half a second unless it is set to write at once.
            program.add("-Dmessages-storage.uri=jdbc:h2:" + data.resolve("elasticmq") + ";WRITE_DELAY=0");
        }
        program.add(ExitWithParent.class.getName());
        program.add("org.elasticmq.server.Main");
        return EmulatorProcess.start(
                NAME, address, logs, program, "Started SQS rest server, bind address " + host + ":");
    }
}
