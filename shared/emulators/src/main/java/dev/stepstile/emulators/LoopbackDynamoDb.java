package dev.stepstile.emulators;

import java.lang.reflect.Field;

/**
 * DynamoDB Local's main, on loopback only: its own listens on every address of the machine. By reflection, as Stepstile
 * is not compiled against it.
 */
public final class LoopbackDynamoDb {
    private static final String PACKAGE = "software.amazon.dynamodb.services.local.";

    private LoopbackDynamoDb() {}

    /** @param arguments those of {@code ServerRunner} */
    public static void main(String[] arguments) throws ReflectiveOperationException {
        Object server = Class.forName(PACKAGE + "main.ServerRunner")
                .getMethod("createServerFromCommandLineArgs", String[].class)
                .invoke(null, (Object) arguments);
        Field jetty = server.getClass().getDeclaredField("server");
        jetty.setAccessible(true);
        Object[] connectors =
                (Object[]) jetty.getType().getMethod("getConnectors").invoke(jetty.get(server));
        for (Object connector : connectors) {
            connector.getClass().getMethod("setHost", String.class).invoke(connector, "127.0.0.1");
        }
        // Unlike start(), sends no telemetry.
        server.getClass().getMethod("safeStart").invoke(server);
    }
}
