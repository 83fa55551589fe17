package dev.stepstile.cli.local;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The file for the option {@code --env-vars} of {@code sam local}, with which the functions in SAM's containers use this
 * machine's emulators.
 *
 * @param file to write
 * @param host by which a container reaches this machine
 * @param address on which the emulators listen, so that the host leads to them
 */
record SamEnvironment(Path file, String host, InetAddress address) {
    /** What a container of Docker Desktop calls this machine; it leads to what listens on 127.0.0.1. */
    static final String DOCKER_DESKTOP = "host.docker.internal";

    private static final Pattern ADDRESS = Pattern.compile("[0-9.]+");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?");
    private static final String PREFIX = "STEPSTILE_";

    /**
     * @param host a name, or an IPv4 address of this machine
     * @throws IllegalArgumentException with a sentence that says what is wrong, and what to do
     */
    static SamEnvironment of(Path file, String host) {
        Path whole = file.toAbsolutePath().normalize();
        Path folder = whole.getParent();
        if (folder == null || !Files.isDirectory(folder) || Files.isDirectory(whole)) {
            throw new IllegalArgumentException("--sam-env: " + whole + " is not a file in a folder that exists.");
        }
        return new SamEnvironment(whole, host, address(host));
    }

    private static InetAddress address(String host) {
        if (!ADDRESS.matcher(host).matches()) {
            if (!NAME.matcher(host).matches()) {
                throw new IllegalArgumentException(
                        "--sam-host must be a host's name, or an IPv4 address of this machine.");
            }
            return InetAddress.ofLiteral("127.0.0.1");
        }
        try {
            InetAddress address = Inet4Address.ofLiteral(host);
            if (NetworkInterface.getByInetAddress(address) != null || address.isLoopbackAddress()) {
                return address;
            }
        } catch (IllegalArgumentException | SocketException e) {
            // said below, as of any other text that is no address of this machine
        }
        throw new IllegalArgumentException("--sam-host " + host
                + " is no address of this machine. The bridge's address is shown by 'docker network"
                + " inspect bridge' or 'podman network inspect podman'; podman has the bridge only while one of"
                + " its containers runs.");
    }

    /** @param variables of a function on this machine; what the template does not declare is left out */
    void write(Map<String, String> variables) {
        ObjectNode all = JsonNodeFactory.instance.objectNode();
        ObjectNode every = all.putObject("Parameters"); // for every function
        variables.forEach((name, value) -> {
            if (name.startsWith(PREFIX)) {
                every.put(name, name.endsWith("_URL") || name.endsWith("_ENDPOINT") ? fromContainer(value) : value);
            }
        });
        try {
            Files.writeString(file, all.toPrettyString() + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be written", e);
        }
    }

    private String fromContainer(String url) {
        URI here = URI.create(url);
        return here.getScheme() + "://" + host + ":" + here.getPort() + here.getRawPath();
    }

    /** What to call in another terminal, as lines. */
    List<String> usage() {
        boolean x86 = List.of("amd64", "x86_64").contains(System.getProperty("os.arch"));
        return List.of(
                        "  sam build",
                        "  sam local invoke DispatchFunction -e events/dispatch-http.json \\",
                        "    --env-vars " + file + (x86 ? " \\" : ""),
                        x86 ? "    --parameter-overrides Architecture=x86_64" : "")
                .stream()
                .filter(line -> !line.isEmpty())
                .toList();
    }

    /** What the emulators expose, for the person who starts them. */
    String exposure() {
        return "The emulators listen on " + address.getHostAddress() + " and check no credentials: whoever reaches that"
                + " address, a web page in a browser of this machine included, can read and change all that they keep.";
    }
}
