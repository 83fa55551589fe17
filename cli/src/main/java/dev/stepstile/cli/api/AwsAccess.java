package dev.stepstile.cli.api;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;

/**
 * Whose credentials are used on AWS, and where: as AWS's own command line finds them.
 *
 * @param profile of AWS's configuration; null for the usual chain of environment, default profile, container, instance
 * @param region null for that of the environment or the profile
 */
public record AwsAccess(@Nullable String profile, @Nullable String region) {

    /** A named profile goes before variables of the environment, as in AWS's own command line. */
    public AwsCredentialsProvider credentials() {
        return profile == null
                ? DefaultCredentialsProvider.builder().build()
                : ProfileCredentialsProvider.create(profile);
    }

    /**
     * The region that is named, else this one, else the environment's or the profile's.
     *
     * @throws StackException if there is none
     */
    public String regionOr(Optional<String> other) {
        return Optional.ofNullable(region).or(() -> other).orElseGet(this::configured);
    }

    private String configured() {
        try {
            return DefaultAwsRegionProviderChain.builder()
                    .profileName(profile)
                    .build()
                    .getRegion()
                    .id();
        } catch (SdkClientException e) {
            throw StackException.notReached(
                    "No region of AWS is configured: give --region, or set AWS_REGION, or a region in the profile.");
        }
    }

    /** A client of one of AWS's services. */
    public <B extends AwsClientBuilder<B, C>, C> C client(B builder) {
        return builder.region(Region.of(regionOr(Optional.empty())))
                .credentialsProvider(credentials())
                .build();
    }
}
