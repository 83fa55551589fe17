package dev.stepstile.webhook;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SortedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/**
 * One POST by HTTP/1.1 to an address that its caller has resolved and checked; TLS verifies the name. Only the status of
 * the answer is read. The JDK's HTTP client would resolve the name again, and so connect to another address.
 */
final class PinnedPost {
    /** Of an answer, until its status: several interim answers may come before it. */
    private static final int ANSWER_BYTES = 16 * 1024;

    private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1\\.[01] ([1-5][0-9][0-9])( .*)?");

    private final SSLSocketFactory tls;
    private final int timeoutMillis;

    /** @param timeoutMillis of connecting, and of each read; whoever needs an end for the whole closes the socket */
    PinnedPost(SSLSocketFactory tls, int timeoutMillis) {
        this.tls = tls;
        this.timeoutMillis = timeoutMillis;
    }

    /**
     * Sends the request through the socket, which the caller closes.
     *
     * @param socket not connected
     * @return the status of the answer, 200 to 599
     */
    int send(Socket socket, InetAddress address, WebhookRules.Url url, SortedMap<String, String> headers, byte[] body)
            throws IOException {
        socket.connect(new InetSocketAddress(address, url.port()), timeoutMillis);
        socket.setSoTimeout(timeoutMillis);
        Socket through = url.plain() ? socket : secured(socket, url);
        OutputStream out = through.getOutputStream();
        out.write(head(url, headers, body.length).getBytes(StandardCharsets.US_ASCII));
        out.write(body);
        out.flush();
        return status(through.getInputStream());
    }

    private SSLSocket secured(Socket socket, WebhookRules.Url url) throws IOException {
        String name =
                url.host().startsWith("[") ? url.host().substring(1, url.host().length() - 1) : url.host();
        SSLSocket secured = (SSLSocket) tls.createSocket(socket, name, url.port(), true);
        SSLParameters parameters = secured.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        secured.setSSLParameters(parameters);
        secured.startHandshake();
        return secured;
    }

    private static String head(WebhookRules.Url url, SortedMap<String, String> headers, int bytes) {
        StringBuilder head = new StringBuilder("POST " + url.target() + " HTTP/1.1\r\n");
        head.append("Host: ").append(url.authority()).append("\r\n");
        for (Map.Entry<String, String> header : headers.entrySet()) {
            head.append(header.getKey()).append(": ").append(header.getValue()).append("\r\n");
        }
        return head.append("Content-Length: ")
                .append(bytes)
                .append("\r\nConnection: close\r\n\r\n")
                .toString();
    }

    private static int status(InputStream in) throws IOException {
        Lines lines = new Lines(in);
        int status;
        do {
            Matcher line = STATUS_LINE.matcher(lines.next());
            if (!line.matches()) {
                throw new IOException("the answer is not HTTP");
            }
            status = Integer.parseInt(line.group(1));
            while (status < 200 && !lines.next().isEmpty()) {
                // the headers of an interim answer
            }
        } while (status < 200);
        return status;
    }

    /** The lines of an answer, as far as they are read. */
    private static final class Lines {
        private final InputStream in;
        private int left = ANSWER_BYTES;

        Lines(InputStream in) {
            this.in = in;
        }

        String next() throws IOException {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            for (int read = in.read(); read != '\n'; read = in.read()) {
                if (read < 0) {
                    throw new IOException("the connection was closed without an answer");
                }
                if (--left == 0) {
                    throw new IOException("the answer begins with more than " + ANSWER_BYTES + " bytes");
                }
                line.write(read);
            }
            return line.toString(StandardCharsets.ISO_8859_1).stripTrailing();
        }
    }
}
