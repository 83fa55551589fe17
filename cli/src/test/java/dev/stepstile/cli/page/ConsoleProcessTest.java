package dev.stepstile.cli.page;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.cli.local.CommandLineProcess;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./stepstile console} and the console of {@code ./stepstile local}, as processes. */
@Tag("integration")
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class ConsoleProcessTest {
    /** Neither this machine's own credentials nor a search for those of an instance. */
    private static final List<String> WITHOUT_CREDENTIALS = List.of(
            "-Daws.disableEc2Metadata=true",
            "-Daws.sharedCredentialsFile=/nowhere/credentials",
            "-Daws.configFile=/nowhere/config",
            "-Daws.profile=nobody");

    @TempDir
    Path home;

    private final HttpClient http = HttpClient.newHttpClient();

    private HttpResponse<String> get(String url, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void the_link_that_is_printed_has_the_token_which_each_call_needs() throws Exception {
        try (CommandLineProcess stack = CommandLineProcess.start(home, "local", "--port", "0")) {
            String api = stack.await("Stepstile is up at").replaceFirst("(?s).*(http://[0-9.:]+).*", "$1");
            String ownPage = stack.await("console").replaceFirst(".*(http://\\S+/)$", "$1");
            assertThat(get(ownPage).body()).contains("<title>Stepstile</title>");

            try (CommandLineProcess console =
                    CommandLineProcess.start(home.resolve("2"), "console", "--endpoint", api, "--port", "0")) {
                String[] link = console.await("#token=").strip().split("#token=", 2);
                assertThat(get(link[0]).body())
                        .contains("<title>Stepstile</title>")
                        .doesNotContain(link[1]);
                assertThat(get(link[0] + "v1/runs/nothing").body()).contains("token-needed");
                assertThat(get(link[0] + "v1/runs/nothing", "x-stepstile-token", link[1])
                                .body())
                        .contains("run-not-found");
                console.process().toHandle().destroy(); // not of the process, which would close what it prints
                console.ended(0);
            }
        }
    }

    @Test
    void without_credentials_a_call_is_answered_with_what_to_do() throws Exception {
        try (CommandLineProcess console = CommandLineProcess.start(
                home,
                WITHOUT_CREDENTIALS,
                "console",
                "--endpoint",
                "https://abc123.execute-api.eu-west-1.amazonaws.com",
                "--port",
                "0")) {
            String[] link = console.await("#token=").strip().split("#token=", 2);
            HttpResponse<String> answer = get(link[0] + "v1/runs/r", "x-stepstile-token", link[1]);
            assertThat(answer.statusCode()).isEqualTo(502);
            assertThat(answer.body()).contains("no AWS credentials").contains("AWS_PROFILE");
        }
    }
}
