package dev.stepstile.client;

import java.io.ByteArrayInputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.http.auth.spi.signer.SignedRequest;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.identity.spi.IdentityProvider;
import software.amazon.awssdk.utils.CompletableFutureUtils;

/**
 * Signs with SigV4, by the AWS SDK: needs {@code software.amazon.awssdk:http-auth-aws} on the class path, and
 * {@code software.amazon.awssdk:auth} for {@code DefaultCredentialsProvider}. The role or user that signs needs
 * {@code execute-api:Invoke} on the API.
 */
public final class SigV4Signer implements Signer {
    private static final Pattern API_GATEWAY =
            Pattern.compile(".*\\.execute-api\\.([a-z0-9-]+)\\.amazonaws\\.com(\\.cn)?");
    private static final Pattern FUNCTION_URL = Pattern.compile(".*\\.lambda-url\\.([a-z0-9-]+)\\.on\\.aws");

    private final AwsV4HttpSigner signer = AwsV4HttpSigner.create();
    private final String region;
    private final IdentityProvider<? extends AwsCredentialsIdentity> credentials;

    /**
     * @param region of the API, as {@code eu-west-1}
     * @param credentials asked for each try of a call; {@code DefaultCredentialsProvider.builder().build()} finds those of
     *     the environment, the profile, the container or the instance
     */
    public SigV4Signer(String region, IdentityProvider<? extends AwsCredentialsIdentity> credentials) {
        this.region = region;
        this.credentials = credentials;
    }

    /** The region that an endpoint's host name says, if it is one of AWS's API Gateway or Lambda. */
    public static Optional<String> regionOf(URI endpoint) {
        String host = endpoint.getHost() == null ? "" : endpoint.getHost();
        Matcher gateway = API_GATEWAY.matcher(host);
        Matcher function = FUNCTION_URL.matcher(host);
        return gateway.matches()
                ? Optional.of(gateway.group(1))
                : function.matches() ? Optional.of(function.group(1)) : Optional.empty();
    }

    @Override
    public Map<String, String> sign(Request request) {
        SdkHttpRequest.Builder unsigned = SdkHttpRequest.builder()
                .method(SdkHttpMethod.fromValue(request.method()))
                .uri(request.uri());
        request.headers().forEach(unsigned::putHeader);
        boolean function =
                FUNCTION_URL.matcher(String.valueOf(request.uri().getHost())).matches();
        AwsCredentialsIdentity identity = CompletableFutureUtils.joinLikeSync(credentials.resolveIdentity());
        SignedRequest signed = signer.sign(signing -> signing.identity(identity)
                .request(unsigned.build())
                .payload(() -> new ByteArrayInputStream(request.body().getBytes(StandardCharsets.UTF_8)))
                .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, function ? "lambda" : "execute-api")
                .putProperty(AwsV4HttpSigner.REGION_NAME, region));
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        signed.request().forEachHeader((name, values) -> headers.put(name, String.join(",", values)));
        return headers;
    }
}
