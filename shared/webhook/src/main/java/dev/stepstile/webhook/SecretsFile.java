package dev.stepstile.webhook;

import dev.stepstile.codec.Json;
import dev.stepstile.port.PortException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.SortedSet;
import java.util.TreeSet;

/** The secrets of a stack on one machine, in a file that {@link WebhookSecrets#parse} reads; read again at each try. */
public record SecretsFile(Path file) implements WebhookSecrets.Source {
    private static final int KEY_BYTES = 32;

    @Override
    public WebhookSecrets read() {
        try {
            return WebhookSecrets.parse(Files.readString(file));
        } catch (IOException e) {
            throw new PortException("the file " + file + " cannot be read: " + e, e);
        }
    }

    /**
     * Checks that a file has each secret that the rules name.
     *
     * @throws IllegalArgumentException with a sentence that says what is wrong with it
     */
    public static void check(Path file, WebhookRules rules) {
        SortedSet<String> missing = new TreeSet<>();
        rules.hosts().forEach(host -> missing.add(host.secret()));
        try {
            missing.removeAll(new SecretsFile(file).read().names());
        } catch (PortException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException(
                    "The file " + file + " has no secret named " + String.join(", ", missing) + ".");
        }
    }

    /** Writes a file with one new secret, for its owner alone, unless there is one. */
    public static void createIfAbsent(Path file, String name) {
        byte[] key = new byte[KEY_BYTES];
        new SecureRandom().nextBytes(key);
        String json = Json.print(Json.object().put(name, WebhookSecrets.text(key))) + "\n";
        try {
            if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
                Files.createFile(
                        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            } else {
                Files.createFile(file);
            }
            Files.write(file, json.getBytes(StandardCharsets.UTF_8));
        } catch (FileAlreadyExistsException kept) {
            // the secret of an earlier start, which receivers know
        } catch (IOException e) {
            throw new PortException("the file " + file + " cannot be written: " + e, e);
        }
    }
}
