package dev.stepstile.cli.api;

import dev.stepstile.cli.console.ShellWord;
import dev.stepstile.client.ClientOptions;
import dev.stepstile.client.SigV4Signer;
import dev.stepstile.client.Signer;
import dev.stepstile.client.StepstileClient;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that say which Stepstile is called, the same of each command that calls one. */
public final class Api {
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
            names = "--stack",
            paramLabel = "NAME",
            description =
                    "The deployed stack of this name, in place of --endpoint: CloudFormation says where its API is.")
    private @Nullable String stack;

    @Option(
            names = "--profile",
            paramLabel = "NAME",
            description = "Of AWS's configuration, for credentials and region. Default: $AWS_PROFILE.")
    private @Nullable String profile;

    @Option(
            names = "--region",
            paramLabel = "REGION",
            description =
                    "Sign calls for this region of AWS. Default: the one in the endpoint's host name, if it is one of"
                            + " API Gateway or Lambda; for --stack, that of the profile or $AWS_REGION.")
    private @Nullable String region;

    @Option(
            names = "--patience",
            paramLabel = "SECONDS",
            description =
                    "How long a call is tried that gets no answer. Default: 60, of commands that neither follow nor"
                            + " wait 10.")
    private @Nullable Integer patienceSeconds;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    private @Nullable DeployedStack deployed;

    /**
     * As patient as a client is.
     *
     * @throws ParameterException with a sentence for people if the endpoint is none
     * @throws StackException if the stack's outputs cannot be read
     */
    public StepstileClient client() {
        return client(ClientOptions.PATIENCE);
    }

    /** @param patience unless the option says another */
    public StepstileClient client(Duration patience) {
        return new StepstileClient(options(patience));
    }

    /**
     * What a client needs to know.
     *
     * @param patience unless the option says another
     */
    public ClientOptions options(Duration patience) {
        try {
            ClientOptions options = ClientOptions.of(uri())
                    .withPatience(patienceSeconds == null ? patience : Duration.ofSeconds(patienceSeconds));
            return signer(options).map(options::withSigner).orElse(options);
        } catch (IllegalArgumentException e) {
            throw wrong(String.valueOf(e.getMessage()));
        }
    }

    /** Of what the options name; else that of the client's own choice. */
    private Optional<Signer> signer(ClientOptions options) {
        AwsAccess access = access();
        Optional<String> signed = stack != null
                ? Optional.of(access.regionOr(SigV4Signer.regionOf(options.endpoint())))
                : Optional.ofNullable(region).or(() -> SigV4Signer.regionOf(options.endpoint()));
        return signed.map(where -> new SigV4Signer(where, access.credentials()));
    }

    /** Where the API is. */
    public URI uri() {
        if (endpoint != null && stack != null) {
            throw wrong("--endpoint and --stack both say where the API is: give one of them.");
        }
        if (stack != null) {
            return stack().orElseThrow().api();
        }
        if (endpoint != null) {
            return parsed(endpoint);
        }
        String configured = System.getenv("STEPSTILE_ENDPOINT");
        return parsed(configured == null || configured.isBlank() ? LOCAL : configured);
    }

    private URI parsed(String text) {
        try {
            return new URI(text);
        } catch (URISyntaxException e) {
            throw wrong(
                    "'" + text + "' is not an endpoint: " + e.getReason() + ". It is a URL, such as " + LOCAL + ".");
        }
    }

    /** The stack that {@code --stack} names, as CloudFormation describes it; read once. */
    public Optional<DeployedStack> stack() {
        if (stack != null && deployed == null) {
            deployed = DeployedStack.read(stack, access());
        }
        return Optional.ofNullable(deployed);
    }

    /** Whose credentials are used, and where. */
    public AwsAccess access() {
        return new AwsAccess(profile, region);
    }

    /** The options that were given, to be repeated in a command that is suggested; empty, or with a blank before each. */
    public String given() {
        return option("--endpoint", endpoint)
                + option("--stack", stack)
                + option("--profile", profile)
                + option("--region", region);
    }

    private static String option(String name, @Nullable String value) {
        return value == null ? "" : " " + name + " " + ShellWord.of(value);
    }

    private ParameterException wrong(String why) {
        return new ParameterException(Objects.requireNonNull(command).commandLine(), why);
    }
}
