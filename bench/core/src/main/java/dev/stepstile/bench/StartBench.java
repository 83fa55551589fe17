package dev.stepstile.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Measures the time from the call of the launcher until the stack that it starts answers. */
final class StartBench {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private StartBench() {}

    static double secondsToAnswer(Path state) throws IOException, InterruptedException {
        String launcher = System.getenv("STEPSTILE_LAUNCHER");
        if (launcher == null) {
            throw new IllegalStateException("Start this benchmark with ./stepstile, whose start it measures.");
        }
        int port = freePort();
        long began = System.nanoTime();
        Process stack = new ProcessBuilder(
                        launcher, "local", "--port", Integer.toString(port), "--state", state.toString())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            awaitAnswer(stack, URI.create("http://127.0.0.1:" + port + "/v1/runs/none"));
            return (System.nanoTime() - began) / 1e9;
        } finally {
            stack.destroy();
            if (!stack.waitFor(20, TimeUnit.SECONDS)) {
                stack.destroyForcibly();
            }
        }
    }

    private static void awaitAnswer(Process stack, URI uri) throws InterruptedException {
        long giveUp = System.nanoTime() + PATIENCE.toNanos();
        try (HttpClient http = HttpClient.newHttpClient()) {
            while (stack.isAlive() && System.nanoTime() < giveUp) {
                try {
                    http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.discarding());
                    return;
                } catch (IOException notYet) {
                    Thread.sleep(5);
                }
            }
        }
        throw new IllegalStateException("./stepstile local did not answer at " + uri + ".");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
