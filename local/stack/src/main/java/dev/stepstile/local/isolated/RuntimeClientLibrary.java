package dev.stepstile.local.isolated;

import com.amazonaws.services.lambda.runtime.api.client.AWSLambda;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;

/**
 * The native code of AWS's runtime interface client, unpacked for all workers of a stack. Left to itself, each process
 * unpacks it to one and the same file in {@code /tmp}, and those that start together overwrite it under each other.
 */
public final class RuntimeClientLibrary {
    /** The client loads the file that this system property names. */
    public static final String PROPERTY =
            "com.amazonaws.services.lambda.runtime.api.client.runtimeapi.NativeClient.JNI";

    private RuntimeClientLibrary() {}

    /** Where it is. */
    public static Path unpack(Path folder) {
        String name = name(System.getProperty("os.name"), System.getProperty("os.arch"));
        try (InputStream packed = AWSLambda.class.getResourceAsStream("/jni/" + name)) {
            if (packed == null) {
                throw new IllegalStateException(
                        "Isolated workers need AWS's runtime interface client, which has no native code for "
                                + System.getProperty("os.name") + " on " + System.getProperty("os.arch")
                                + ", only for Linux on amd64 and aarch64; leave out --isolated.");
            }
            Path library = folder.toAbsolutePath().resolve(name);
            Path fresh = Files.createTempFile(Files.createDirectories(library.getParent()), name, "");
            Files.copy(packed, fresh, StandardCopyOption.REPLACE_EXISTING);
            return Files.move(fresh, library, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException("The runtime interface client cannot be unpacked to " + folder, e);
        }
    }

    private static String name(String system, String processor) {
        String arch = processor.equals("amd64") ? "x86_64" : processor;
        boolean musl = Files.exists(Path.of("/lib/ld-musl-" + arch + ".so.1"));
        return "libaws-lambda-jni." + system.toLowerCase(Locale.ROOT) + (musl ? "_musl-" : "-")
                + (arch.equals("aarch64") ? "aarch_64" : arch) + ".so";
    }
}
