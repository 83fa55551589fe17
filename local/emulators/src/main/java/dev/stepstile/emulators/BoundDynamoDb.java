package dev.stepstile.emulators;

import java.lang.reflect.Field;
import java.util.Arrays;

/**
 * DynamoDB Local's main, on a free port of the address that it is
 * told, which it prints: its own listens on every address of the machine, on
 * a port that must be known before. By reflection, as Stepstile is not compiled against it.
 */
public final class BoundDynamoDb {
    static final String LISTENS_ON = "DynamoDB Local listens on ";

    private static final String PACKAGE = "software.amazon.dynamodb.services.local.";

    private BoundDynamoDb() {}

    /** @param arguments the address, then those of {@code ServerRunner} */
    public static void main(String[] arguments) throws ReflectiveOperationException {
        Object server = Class.forName(PACKAGE + "main.ServerRunner")
                .getMethod("createServerFromCommandLineArgs", String[].class)
                .invoke(null, (Object) Arrays.copyOfRange(arguments, 1, arguments.length));
        Field jetty = server.getClass().getDeclaredField("server");
        jetty.setAccessible(true);
        Object[] connectors =
                (Object[]) jetty.getType().getMethod("getConnectors").invoke(jetty.get(server));
        for (Object connector : connectors) {
            connector.getClass().getMethod("setHost", String.class).invoke(connector, arguments[0]);
            connector.getClass().getMethod("setPort", int.class).invoke(connector, 0);
        }
        // Unlike start(), sends no telemetry.
        server.getClass().getMethod("safeStart").invoke(server);
        Object connector = connectors[0];
        System.out.println(
                LISTENS_ON + connector.getClass().getMethod("getLocalPort").invoke(connector));
    }
}
