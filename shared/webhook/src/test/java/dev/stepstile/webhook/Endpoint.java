package dev.stepstile.webhook;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;

/** A webhook's endpoint on this machine, which answers each request with the same bytes and keeps what it got. */
final class Endpoint implements AutoCloseable {
    private static final String PASSWORD = "changeit";

    private final ServerSocket server;
    private final List<String> requests = new ArrayList<>();
    private volatile String answer = "HTTP/1.1 204 No Content\r\n\r\n";
    private volatile long pauseMillis;
    private volatile boolean silent;
    private int connections;

    private Endpoint(ServerSocket server) {
        this.server = server;
        Thread.ofVirtual().start(this::accept);
    }

    /** By HTTP. */
    static Endpoint plain() throws IOException {
        return new Endpoint(new ServerSocket(0, 10, InetAddress.getLoopbackAddress()));
    }

    /** By HTTPS, with the certificate. */
    static Endpoint secured(Certificate certificate) throws Exception {
        return new Endpoint(certificate
                .context()
                .getServerSocketFactory()
                .createServerSocket(0, 10, InetAddress.getLoopbackAddress()));
    }

    /** A certificate of its own for a name, and whoever trusts it. */
    record Certificate(SSLContext context) {
        static Certificate of(String name, Path folder) throws Exception {
            Path store = folder.resolve(name + ".p12");
            Process keytool = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "keytool")
                                    .toString(),
                            "-genkeypair",
                            "-alias",
                            "endpoint",
                            "-keyalg",
                            "EC",
                            "-dname",
                            "CN=" + name,
                            "-ext",
                            "SAN=dns:" + name,
                            "-storetype",
                            "PKCS12",
                            "-keystore",
                            store.toString(),
                            "-storepass",
                            PASSWORD)
                    .redirectErrorStream(true)
                    .start();
            String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!keytool.waitFor(60, TimeUnit.SECONDS) || keytool.exitValue() != 0) {
                throw new IllegalStateException(said);
            }
            KeyStore keys = KeyStore.getInstance("PKCS12");
            try (InputStream in = Files.newInputStream(store)) {
                keys.load(in, PASSWORD.toCharArray());
            }
            KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            own.init(keys, PASSWORD.toCharArray());
            TrustManagerFactory trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trusted.init(keys);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(own.getKeyManagers(), trusted.getTrustManagers(), null);
            return new Certificate(context);
        }

        SSLSocketFactory trust() {
            return context.getSocketFactory();
        }
    }

    int port() {
        return server.getLocalPort();
    }

    /** Answers so from now on. */
    void answers(String bytes) {
        answer = bytes;
    }

    /** Waits so long before each byte of its answer. */
    void pauses(long millis) {
        pauseMillis = millis;
    }

    /** Accepts connections, and never says anything. */
    void staysSilent() {
        silent = true;
    }

    /** Head and body of each request. */
    synchronized List<String> requests() {
        return List.copyOf(requests);
    }

    synchronized int connections() {
        return connections;
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                synchronized (this) {
                    connections++;
                }
                Thread.ofVirtual().start(() -> serve(socket));
            } catch (IOException e) {
                return; // it is closed
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            if (silent) {
                while (socket.getInputStream().read() >= 0) {
                    // until the other side closes
                }
                return;
            }
            String request = request(socket.getInputStream());
            synchronized (this) {
                requests.add(request);
            }
            for (byte b : answer.getBytes(StandardCharsets.ISO_8859_1)) {
                if (pauseMillis > 0) {
                    TimeUnit.MILLISECONDS.sleep(pauseMillis);
                }
                socket.getOutputStream().write(b);
            }
        } catch (IOException | InterruptedException e) {
            // the other side has seen enough
        }
    }

    private static String request(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
            int read = in.read();
            if (read < 0) {
                throw new IOException("closed within the head");
            }
            head.write(read);
        }
        String text = head.toString(StandardCharsets.ISO_8859_1);
        int length = Integer.parseInt(text.replaceAll("(?s).*Content-Length: ([0-9]+).*", "$1"));
        return text + new String(in.readNBytes(length), StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
