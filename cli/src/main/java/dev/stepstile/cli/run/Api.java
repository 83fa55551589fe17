package dev.stepstile.cli.run;

import dev.stepstile.client.ClientOptions;
import dev.stepstile.client.SigV4Signer;
import dev.stepstile.client.StepstileClient;
import java.net.URI;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that say which Stepstile is called. */
final class Api {
    private static final String LOCAL = "http://127.0.0.1:8787";

    @Option(
            names = "--endpoint",
            paramLabel = "URL",
            description =
                    "The API: what ./stepstile local prints, or the output ApiUrl of a deployed stack, to which calls"
                            + " are signed with AWS's default credentials. Default:%n$STEPSTILE_ENDPOINT, else%n"
                            + LOCAL + ".")
    private @Nullable String endpoint;

    @Option(
            names = "--region",
            paramLabel = "REGION",
            description =
                    "Sign calls for this region of AWS. Default: the one in the endpoint's host name, if it is one of"
                            + " API Gateway or Lambda.")
    private @Nullable String region;

    @Option(
            names = "--patience",
            paramLabel = "SECONDS",
            description = "How long a call is tried that gets no answer. Default: 60.")
    private int patienceSeconds = (int) ClientOptions.PATIENCE.toSeconds();

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    /** @throws ParameterException with a sentence for people if the endpoint is none */
    StepstileClient client() {
        try {
            return open();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(Objects.requireNonNull(command).commandLine(), String.valueOf(e.getMessage()));
        }
    }

    private StepstileClient open() {
        URI uri = uri();
        ClientOptions options = ClientOptions.of(uri).withPatience(Duration.ofSeconds(patienceSeconds));
        return new StepstileClient(region == null ? options : options.withSigner(SigV4Signer.standard(region)));
    }

    URI uri() {
        if (endpoint != null) {
            return URI.create(endpoint);
        }
        String configured = System.getenv("STEPSTILE_ENDPOINT");
        return URI.create(configured == null || configured.isBlank() ? LOCAL : configured);
    }
}
