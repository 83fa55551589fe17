package dev.stepstile.emulators;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.security.SecureRandom;

/**
 * The loopback address on which this process's emulators listen, unless they are told another one. Emulators check no credentials, so anyone who reaches one
 * can write what a worker then runs; a page in a browser of this machine reaches every address that it can name. On Linux
 * all of 127.0.0.0/8 is loopback, and the address is one of its 16 million, by chance: together with the port, a page
 * would have to try some 10^11 places. Where only 127.0.0.1 is loopback (macOS), it is that one.
 */
public final class HiddenLoopback {
    private static final InetAddress ADDRESS = choose(new SecureRandom());

    private HiddenLoopback() {}

    /** The same one for the whole life of this process. */
    public static InetAddress address() {
        return ADDRESS;
    }

    private static InetAddress choose(SecureRandom random) {
        InetAddress usual = InetAddress.ofLiteral("127.0.0.1");
        try {
            byte[] bytes = {
                127, (byte) random.nextInt(256), (byte) random.nextInt(256), (byte) (1 + random.nextInt(254))
            };
            InetAddress chosen = InetAddress.getByAddress(bytes);
            try (ServerSocket probe = new ServerSocket(0, 1, chosen)) {
                return probe.getInetAddress();
            } catch (IOException notLoopbackHere) {
                return usual;
            }
        } catch (UnknownHostException fourBytesAreAnAddress) {
            throw new IllegalStateException(fourBytesAreAnAddress);
        }
    }
}
