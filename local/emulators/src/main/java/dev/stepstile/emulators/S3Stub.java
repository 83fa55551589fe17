package dev.stepstile.emulators;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A stub of S3's wire, since no emulator of it can be had as a library: creates buckets, puts, gets and heads whole
 * objects, path style. An object is a file. Signatures, checksums and permissions are not looked at, and
 * anything else is answered by 501.
 */
public final class S3Stub implements AutoCloseable {
    static {
        System.setProperty("sun.net.httpserver.nodelay", "true"); // or each answer waits 40 ms for an acknowledgement
    }

    private final Path folder;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    private S3Stub(InetAddress address, Path folder) throws IOException {
        this.folder = folder;
        Files.createDirectories(folder);
        server = HttpServer.create(new InetSocketAddress(address, 0), 128);
        server.createContext("/", this::handle);
        server.setExecutor(threads);
        server.start();
    }

    /** @param folder where a bucket is a folder, and an object a file */
    public static S3Stub start(Path folder) {
        return start(HiddenLoopback.address(), folder);
    }

    /**
     * @param address on which it listens
     * @param folder where a bucket is a folder, and an object a file
     */
    public static S3Stub start(InetAddress address, Path folder) {
        try {
            return new S3Stub(address, folder);
        } catch (IOException e) {
            throw new UncheckedIOException("The stub of S3 does not start", e);
        }
    }

    /** Where its clients go. */
    public URI endpoint() {
        return EmulatorProcess.endpoint(
                server.getAddress().getAddress(), server.getAddress().getPort());
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String[] path = exchange.getRequestURI().getPath().substring(1).split("/", 2);
            Path bucket = folder.resolve(fileName(path[0]));
            if (path.length == 1 || path[1].isEmpty()) {
                bucket(exchange, bucket);
            } else if (!Files.isDirectory(bucket)) {
                refuse(exchange, 404, "NoSuchBucket");
            } else {
                object(exchange, bucket.resolve(fileName(path[1])));
            }
        }
    }

    private static void bucket(HttpExchange exchange, Path bucket) throws IOException {
        if (!exchange.getRequestMethod().equals("PUT")) {
            refuse(exchange, 501, "NotImplemented");
            return;
        }
        try {
            Files.createDirectory(bucket);
            exchange.sendResponseHeaders(200, -1);
        } catch (FileAlreadyExistsException e) {
            refuse(exchange, 409, "BucketAlreadyOwnedByYou");
        }
    }

    private static void object(HttpExchange exchange, Path object) throws IOException {
        switch (exchange.getRequestMethod()) {
            case "PUT" -> {
                Path whole = Files.createTempFile(object.getParent(), ".", ".part");
                Files.write(whole, content(exchange));
                Files.move(whole, object, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                exchange.sendResponseHeaders(200, -1);
            }
            case "GET" -> {
                byte[] content;
                try {
                    content = Files.readAllBytes(object);
                } catch (NoSuchFileException e) {
                    refuse(exchange, 404, "NoSuchKey");
                    return;
                }
                // To the server, a length of 0 means that it is not known yet, and -1 that there is no content.
                exchange.sendResponseHeaders(200, content.length == 0 ? -1 : content.length);
                if (content.length > 0) {
                    exchange.getResponseBody().write(content);
                }
            }
            case "HEAD" -> exchange.sendResponseHeaders(Files.exists(object) ? 200 : 404, -1);
            default -> refuse(exchange, 501, "NotImplemented");
        }
    }

    private static byte[] content(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        String encoding = exchange.getRequestHeaders().getFirst("Content-Encoding");
        return encoding != null && encoding.contains("aws-chunked") ? unchunked(body) : body;
    }

    /**
     * What the SDK sends so that a signature or a checksum can follow the content: chunks, each after a line with its
     * hexadecimal size and, perhaps, {@code ;chunk-signature=}; one of size 0 ends them.
     */
    private static byte[] unchunked(byte[] body) throws IOException {
        InputStream in = new ByteArrayInputStream(body);
        ByteArrayOutputStream content = new ByteArrayOutputStream(body.length);
        for (int size = chunkSize(in); size > 0; size = chunkSize(in)) {
            content.write(in.readNBytes(size));
            in.skipNBytes(2);
        }
        return content.toByteArray();
    }

    private static int chunkSize(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int read = in.read(); read != '\n'; read = in.read()) {
            if (read < 0) {
                throw new IOException("the content ends within a chunk");
            }
            line.append((char) read);
        }
        return Integer.parseInt(line.toString().strip().split(";", 2)[0], 16);
    }

    private static void refuse(HttpExchange exchange, int status, String code) throws IOException {
        byte[] body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message></Error>"
                .formatted(code, code)
                .getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/xml");
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
    }

    /** A key may be longer than a file's name, and mean another folder. */
    private static String fileName(String key) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
