package dev.stepstile.client;

import java.io.ByteArrayInputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
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
        return AwsHosts.region(endpoint);
    }

    /**
     * Signs with the credentials that are found where the program runs: those of the AWS SDK's chain (environment, profile,
     * container, instance) if {@code software.amazon.awssdk:auth} is on the class path, else those of the environment.
     *
     * @param region of the API, as {@code eu-west-1}
     */
    public static Signer standard(String region) {
        return new SigV4Signer(region, AwsCredentials.standard());
    }

    @Override
    public Map<String, String> sign(Request request) {
        SdkHttpRequest.Builder unsigned = SdkHttpRequest.builder()
                .method(SdkHttpMethod.fromValue(request.method()))
                .uri(request.uri());
        request.headers().forEach(unsigned::putHeader);
        boolean function = AwsHosts.isFunctionUrl(request.uri());
        AwsCredentialsIdentity identity = identity();
        SignedRequest signed = signer.sign(signing -> signing.identity(identity)
                .request(unsigned.build())
                .payload(() -> new ByteArrayInputStream(request.body().getBytes(StandardCharsets.UTF_8)))
                .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, function ? "lambda" : "execute-api")
                .putProperty(AwsV4HttpSigner.REGION_NAME, region));
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        signed.request().forEachHeader((name, values) -> headers.put(name, String.join(",", values)));
        return headers;
    }

    private AwsCredentialsIdentity identity() {
        try {
            return CompletableFutureUtils.joinLikeSync(credentials.resolveIdentity());
        } catch (RuntimeException e) { // the SDK's own exceptions have no base in the signer's modules
            throw new UnauthorisedException(
                    "There are no AWS credentials to sign with: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
                            + "AWS_SECRET_ACCESS_KEY, or give this process a role that may call execute-api:Invoke ("
                            + e.getMessage() + ").",
                    e);
        }
    }
}
