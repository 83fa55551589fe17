package dev.stepstile.cli.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.testing.ScriptedApi;
import dev.stepstile.testing.ScriptedApi.Answer;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code --stack}, {@code --profile} and {@code --region}, against CloudFormation's Query API and an API that asks for signatures. */
@Tag("integration")
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class DeployedStackTest {
    private static final String STATUS =
            "{\"runId\":\"nightly\",\"createdAt\":\"2026-11-24T08:00:00Z\",\"counts\":{\"SUCCEEDED\":4}}";

    @TempDir
    Path folder;

    private static Answer described(String outputs) {
        return Answer.of(
                200,
                "text/xml",
                "<DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\">"
                        + "<DescribeStacksResult><Stacks><member><StackName>steps</StackName>"
                        + "<CreationTime>2026-11-24T08:00:00Z</CreationTime><StackStatus>UPDATE_COMPLETE</StackStatus>"
                        + "<Outputs>" + outputs + "</Outputs></member></Stacks></DescribeStacksResult>"
                        + "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></DescribeStacksResponse>");
    }

    private static String output(String name, Object value) {
        return "<member><OutputKey>" + name + "</OutputKey><OutputValue>" + value + "</OutputValue></member>";
    }

    private static Answer refused(int status, String code, String message) {
        return Answer.of(
                status,
                "text/xml",
                "<ErrorResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><Error><Type>Sender</Type>"
                        + "<Code>" + code + "</Code><Message>" + message + "</Message></Error>"
                        + "<RequestId>1</RequestId></ErrorResponse>");
    }

    private Map<String, String> environment(ScriptedApi cloudFormation, Map<String, String> more) {
        Map<String, String> environment = new HashMap<>(Map.of(
                "AWS_ENDPOINT_URL_CLOUDFORMATION", cloudFormation.endpoint().toString(),
                "AWS_CONFIG_FILE", folder.resolve("config").toString(),
                "AWS_SHARED_CREDENTIALS_FILE", folder.resolve("credentials").toString(),
                "AWS_EC2_METADATA_DISABLED", "true",
                "AWS_MAX_ATTEMPTS", "1"));
        environment.putAll(more);
        return environment;
    }

    private static Map<String, String> keys() {
        return Map.of(
                "AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT", "AWS_SECRET_ACCESS_KEY", "secret", "AWS_REGION", "eu-west-1");
    }

    private CommandProcess against(
            Function<ScriptedApi.Call, Answer> cloudFormation, Map<String, String> with, String... words)
            throws IOException, InterruptedException {
        try (ScriptedApi stub = new ScriptedApi(cloudFormation)) {
            return CommandProcess.run(environment(stub, with), words);
        }
    }

    @Test
    void the_stacks_output_says_where_the_API_is_and_calls_to_it_are_signed_for_the_profiles_region() throws Exception {
        Files.writeString(folder.resolve("config"), "[profile night]\nregion = ap-south-1\n");
        Files.writeString(
                folder.resolve("credentials"),
                "[night]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = secret\n");
        try (ScriptedApi api = new ScriptedApi(_ -> Answer.json(STATUS));
                ScriptedApi cloudFormation = new ScriptedApi(_ -> described(output("ApiUrl", api.endpoint())))) {
            CommandProcess ended = CommandProcess.run(
                    environment(
                            cloudFormation,
                            Map.of("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT", "AWS_SECRET_ACCESS_KEY", "secret")),
                    "status",
                    "nightly",
                    "--json",
                    "--stack",
                    "steps",
                    "--profile",
                    "night");

            assertThat(ended.status()).as(ended.err()).isZero();
            assertThat(ended.out()).isEqualTo(STATUS + "\n");
            ScriptedApi.Call described = cloudFormation.calls().getFirst();
            assertThat(URLDecoder.decode(described.body(), StandardCharsets.UTF_8))
                    .contains("Action=DescribeStacks", "StackName=steps");
            assertThat(described.headers().get("authorization")).contains("AKIAPROFILE", "/ap-south-1/cloudformation/");
            assertThat(api.calls()).extracting(ScriptedApi.Call::target).containsExactly("/v1/runs/nightly");
            assertThat(api.calls().getFirst().headers().get("authorization"))
                    .contains("AKIAPROFILE", "/ap-south-1/execute-api/");
        }
    }

    @Test
    void the_environments_credentials_and_region_serve_and_an_option_names_another_region() throws Exception {
        try (ScriptedApi api = new ScriptedApi(_ -> Answer.json(STATUS))) {
            against(_ -> described(output("ApiUrl", api.endpoint())), keys(), "status", "r", "--stack", "steps");
            against(
                    _ -> described(output("ApiUrl", api.endpoint())),
                    keys(),
                    "status",
                    "r",
                    "--stack",
                    "steps",
                    "--region",
                    "us-east-2");

            assertThat(api.calls().get(0).headers().get("authorization")).contains("/eu-west-1/execute-api/");
            assertThat(api.calls().get(1).headers().get("authorization")).contains("/us-east-2/execute-api/");
        }
    }

    @Test
    void a_stack_that_is_not_there_or_is_not_Stepstiles_or_may_not_be_read_is_refused() throws Exception {
        CommandProcess absent = against(
                _ -> refused(400, "ValidationError", "Stack with id steps does not exist"),
                keys(),
                "status",
                "r",
                "--stack",
                "steps");
        CommandProcess other =
                against(_ -> described(output("Bucket", "b")), keys(), "status", "r", "--stack", "steps");
        CommandProcess forbidden =
                against(_ -> refused(403, "AccessDenied", "not authorized"), keys(), "status", "r", "--stack", "steps");

        assertThat(absent.err()).contains("There is no stack steps in eu-west-1", "--region");
        assertThat(other.err()).contains("The stack steps has no output ApiUrl", "UPDATE_COMPLETE");
        assertThat(forbidden.err()).contains("cloudformation:DescribeStacks");
        assertThat(Stream.of(absent, other, forbidden).map(CommandProcess::status))
                .containsOnly(Exit.REFUSED);
    }

    @Test
    void without_credentials_or_a_region_or_a_network_nothing_is_reached_and_the_options_are_named() throws Exception {
        CommandProcess noRegion = against(_ -> described(""), Map.of(), "status", "r", "--stack", "steps");
        CommandProcess noCredentials =
                against(_ -> described(""), Map.of(), "status", "r", "--stack", "steps", "--region", "eu-west-1");
        CommandProcess noProfile = against(
                _ -> described(""),
                Map.of(),
                "status",
                "r",
                "--stack",
                "steps",
                "--region",
                "eu-west-1",
                "--profile",
                "none");

        assertThat(noRegion.err()).contains("give --region");
        assertThat(noCredentials.err()).contains("CloudFormation cannot be asked", "--profile");
        assertThat(noProfile.err()).contains("none");
        assertThat(List.of(noRegion, noCredentials, noProfile).stream().map(CommandProcess::status))
                .containsOnly(Exit.NOT_REACHED);
    }

    @Test
    void credentials_that_the_API_refuses_are_named_as_the_cause() throws Exception {
        try (ScriptedApi api =
                new ScriptedApi(_ -> Answer.of(403, "application/json", "{\"message\":\"Forbidden\"}"))) {
            CommandProcess ended = against(
                    _ -> described(output("ApiUrl", api.endpoint())), keys(), "status", "r", "--stack", "steps");

            assertThat(ended.status()).isEqualTo(Exit.NOT_REACHED);
            assertThat(ended.err()).contains("execute-api:Invoke", "doctor --stack steps");
        }
    }

    @Test
    void an_endpoint_and_a_stack_contradict_each_other() throws Exception {
        CommandProcess ended = against(
                _ -> described(""), keys(), "status", "r", "--stack", "steps", "--endpoint", "http://127.0.0.1:1");

        assertThat(ended.status()).isEqualTo(Exit.USAGE);
        assertThat(ended.err()).contains("--endpoint and --stack");
    }
}
