package dev.stepstile.client;

import java.net.URI;
import java.time.Duration;

/**
 * Which Stepstile a client calls, and how.
 *
 * @param endpoint what {@code ./stepstile local} prints, or the deployed stack's output {@code ApiUrl}
 * @param signer of each call; {@link Signer#NONE} for the stack on one machine
 * @param timeout of one try of a call, from its start to the last byte of its answer
 * @param patience for how long a call is tried before it is given up with an {@link UnreachableException}
 */
public record ClientOptions(URI endpoint, Signer signer, Duration timeout, Duration patience) {
    /** Of one try of a call, unless told otherwise. */
    public static final Duration TIMEOUT = Duration.ofSeconds(30);

    /** For all tries of a call, unless told otherwise. */
    public static final Duration PATIENCE = Duration.ofSeconds(60);

    /** @throws IllegalArgumentException if the endpoint is no address of an API, or a duration is not positive */
    public ClientOptions {
        String scheme = endpoint.getScheme();
        if (!("http".equals(scheme) || "https".equals(scheme))
                || endpoint.getHost() == null
                || endpoint.getRawQuery() != null
                || endpoint.getRawFragment() != null) {
            throw new IllegalArgumentException("'" + endpoint + "' is not an endpoint. It is the address that "
                    + "'stepstile local' prints (http://127.0.0.1:8787), or the output ApiUrl of the deployed stack.");
        }
        if (!timeout.isPositive() || !patience.isPositive()) {
            throw new IllegalArgumentException("timeout and patience must be positive");
        }
    }

    /**
     * With the usual timeout and patience. Calls to a host of AWS (API Gateway, a function URL) are signed for its region with
     * the credentials that {@link SigV4Signer#standard} finds; calls to any other are not signed.
     *
     * @throws IllegalStateException if the host is one of AWS and the AWS SDK's signer is not on the class path
     */
    public static ClientOptions of(URI endpoint) {
        String region = AwsHosts.region(endpoint).orElse(null);
        return new ClientOptions(endpoint, region == null ? Signer.NONE : signer(region), TIMEOUT, PATIENCE);
    }

    /** Of its own, so that the AWS SDK is looked for only here. */
    private static Signer signer(String region) {
        try {
            return SigV4Signer.standard(region);
        } catch (NoClassDefFoundError e) {
            throw new IllegalStateException(
                    "Calls to AWS are signed by the AWS SDK, which is not on the class path: add "
                            + "software.amazon.awssdk:auth to the dependencies, or give the client a signer of your own.",
                    e);
        }
    }

    /** The same with another signer. */
    public ClientOptions withSigner(Signer other) {
        return new ClientOptions(endpoint, other, timeout, patience);
    }

    /** The same with another timeout of each try. */
    public ClientOptions withTimeout(Duration other) {
        return new ClientOptions(endpoint, signer, other, patience);
    }

    /** The same with another patience. */
    public ClientOptions withPatience(Duration other) {
        return new ClientOptions(endpoint, signer, timeout, other);
    }
}
