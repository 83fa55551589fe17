package dev.stepstile.client;

import java.net.URI;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the host names of AWS say. Needs nothing of the AWS SDK, unlike {@link SigV4Signer}. */
final class AwsHosts {
    private static final Pattern API_GATEWAY =
            Pattern.compile(".*\\.execute-api\\.([a-z0-9-]+)\\.amazonaws\\.com(\\.cn)?");
    private static final Pattern FUNCTION_URL = Pattern.compile(".*\\.lambda-url\\.([a-z0-9-]+)\\.on\\.aws");

    private AwsHosts() {}

    /** The region of an API of API Gateway or a function URL; empty if the host is neither. */
    static Optional<String> region(URI endpoint) {
        Matcher gateway = API_GATEWAY.matcher(host(endpoint));
        Matcher function = FUNCTION_URL.matcher(host(endpoint));
        return gateway.matches()
                ? Optional.of(gateway.group(1))
                : function.matches() ? Optional.of(function.group(1)) : Optional.empty();
    }

    static boolean isFunctionUrl(URI endpoint) {
        return FUNCTION_URL.matcher(host(endpoint)).matches();
    }

    private static String host(URI endpoint) {
        return endpoint.getHost() == null ? "" : endpoint.getHost();
    }
}
