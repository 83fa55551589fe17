package dev.stepstile.client;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.identity.spi.AwsSessionCredentialsIdentity;
import software.amazon.awssdk.identity.spi.IdentityProvider;
import software.amazon.awssdk.identity.spi.ResolveIdentityRequest;

/**
 * The credentials that a program finds where it runs: those of the AWS SDK's chain (environment, profile, container,
 * instance) if {@code software.amazon.awssdk:auth} is on the class path, else those of the environment variables.
 */
final class AwsCredentials {
    private AwsCredentials() {}

    static IdentityProvider<? extends AwsCredentialsIdentity> standard() {
        try {
            return SdkChain.provider();
        } catch (NoClassDefFoundError _) {
            return new Variables(System.getenv());
        }
    }

    /** Of its own, so that it is loaded only here. */
    private static final class SdkChain {
        static IdentityProvider<? extends AwsCredentialsIdentity> provider() {
            return DefaultCredentialsProvider.builder().build();
        }
    }

    /** The variables that each AWS tool reads. */
    record Variables(Map<String, String> environment) implements IdentityProvider<AwsCredentialsIdentity> {
        @Override
        public Class<AwsCredentialsIdentity> identityType() {
            return AwsCredentialsIdentity.class;
        }

        @Override
        public CompletableFuture<AwsCredentialsIdentity> resolveIdentity(ResolveIdentityRequest request) {
            String id = variable("AWS_ACCESS_KEY_ID");
            String secret = variable("AWS_SECRET_ACCESS_KEY");
            String token = variable("AWS_SESSION_TOKEN");
            if (id == null || secret == null) {
                return CompletableFuture.failedFuture(new IllegalStateException(
                        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, and software.amazon.awssdk:auth, "
                                + "which finds other credentials, is not on the class path"));
            }
            return CompletableFuture.completedFuture(
                    token == null
                            ? AwsCredentialsIdentity.create(id, secret)
                            : AwsSessionCredentialsIdentity.create(id, secret, token));
        }

        private @Nullable String variable(String name) {
            String value = environment.get(name);
            return value == null || value.isBlank() ? null : value.strip();
        }
    }
}
