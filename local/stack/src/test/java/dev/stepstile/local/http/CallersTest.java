package dev.stepstile.local.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import dev.stepstile.http.Http;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Who gets through to the API and to the console: attacks by other pages, and by whoever else is on the machine. */
class CallersTest {
    private static final Pattern TOKEN = Pattern.compile("<meta name=\"stepstile-token\" content=\"([^\"]*)\">");

    private final List<String> invoked = new ArrayList<>();
    private final RequestStreamHandler runs = (in, out, context) -> {
        invoked.add(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        out.write("{\"statusCode\":200,\"body\":\"{}\"}".getBytes(StandardCharsets.UTF_8));
    };
    private final HttpApi local = new HttpApi(0, runs, runs);
    private final Callers holders = Callers.holdersOfToken();
    private final HttpApi forwarding = new HttpApi(
            0,
            (method, path, query, headers, body) -> {
                invoked.add(method + " " + path);
                return new Http.Answer(200, "application/json", "{}");
            },
            holders,
            "https://x\"><script>alert(1)</script>.example");

    @AfterEach
    void close() {
        local.close();
        forwarding.close();
    }

    /** As it stands: a client of HTTP would send neither a foreign Host nor a path with dots. */
    private static String sent(HttpApi api, String method, String path, String... headers) throws IOException {
        try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), api.endpoint().getPort())) {
            String host = String.join("\r\n", headers).contains("Host: ") ? "" : "Host: " + host(api) + "\r\n";
            String request = method + " " + path + " HTTP/1.1\r\n" + host + "Connection: close\r\n"
                    + (headers.length == 0 ? "" : String.join("\r\n", headers) + "\r\n")
                    + (method.equals("POST") ? "Content-Length: 2\r\n\r\n{}" : "\r\n");
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String host(HttpApi api) {
        return "127.0.0.1:" + api.endpoint().getPort();
    }

    private String tokenOfPage() throws IOException {
        Matcher token = TOKEN.matcher(sent(local, "GET", "/"));
        assertThat(token.find()).isTrue();
        assertThat(token.group(1)).matches("[A-Za-z0-9_-]{43}");
        return token.group(1);
    }

    private void refused(String answer, String type) {
        assertThat(answer).startsWith("HTTP/1.1 403 ").contains("/problems/" + type);
        assertThat(invoked).isEmpty();
    }

    private static void answered(String answer) {
        assertThat(answer).startsWith("HTTP/1.1 200 ");
    }

    @Nested
    class The_page_of_the_console {
        @Test
        void reads_and_changes_with_its_token() throws IOException {
            String token = "X-Stepstile-Token: " + tokenOfPage();
            answered(sent(local, "GET", "/v1/runs/r", "Sec-Fetch-Site: same-origin", token));
            answered(sent(local, "POST", "/v1/runs/r/cancel", "Origin: http://" + host(local), token));
            assertThat(invoked).hasSize(2);
        }

        @Test
        void is_refused_without_its_token_or_with_another() throws IOException {
            String origin = "Origin: http://" + host(local);
            refused(sent(local, "POST", "/v1/runs/r/cancel", origin), "token-needed");
            refused(sent(local, "POST", "/v1/runs/r/cancel", origin, "X-Stepstile-Token: "), "token-needed");
            refused(sent(local, "GET", "/v1/runs/r", "Sec-Fetch-Site: same-origin"), "token-needed");
            refused(
                    sent(
                            local,
                            "GET",
                            "/v1/runs/r",
                            "Sec-Fetch-Site: same-origin",
                            "X-Stepstile-Token: " + holders.token()),
                    "token-needed");
        }

        @Test
        void runs_no_script_but_its_own_is_in_no_frame_and_is_kept_nowhere() throws IOException {
            assertThat(sent(local, "GET", "/").toLowerCase(java.util.Locale.ROOT))
                    .contains(
                            "default-src 'none'",
                            "script-src 'self';",
                            "connect-src 'self'",
                            "frame-ancestors 'none'",
                            "form-action 'none'",
                            "base-uri 'none'",
                            "require-trusted-types-for 'script'",
                            "x-content-type-options: nosniff",
                            "cross-origin-resource-policy: same-origin",
                            "cross-origin-opener-policy: same-origin",
                            "referrer-policy: no-referrer",
                            "cache-control: no-store")
                    .doesNotContain("unsafe-", "access-control-allow");
        }

        @Test
        void shows_the_name_of_an_api_as_text() throws IOException {
            assertThat(sent(forwarding, "GET", "/"))
                    .doesNotContain("<script>alert")
                    .contains("&lt;script>alert");
        }
    }

    @Nested
    class Another_page {
        @Test
        void is_refused_even_if_it_knows_the_token() throws IOException {
            String token = "X-Stepstile-Token: " + tokenOfPage();
            for (String origin : List.of(
                    "http://evil.example",
                    "http://localhost:1",
                    "https://" + host(local),
                    "http://" + host(local) + ".evil.example",
                    "http://127.0.0.1",
                    "null",
                    "")) {
                refused(sent(local, "POST", "/v1/runs/r/cancel", "Origin: " + origin, token), "not-from-a-page");
                refused(sent(local, "GET", "/v1/runs/r", "Origin: " + origin, token), "not-from-a-page");
            }
        }

        @Test
        void that_hides_its_origin_behind_a_second_one_is_refused() throws IOException {
            refused(
                    sent(
                            local,
                            "POST",
                            "/v1/runs/r/cancel",
                            "Origin: http://" + host(local),
                            "Origin: http://evil.example",
                            "X-Stepstile-Token: " + tokenOfPage()),
                    "not-from-a-page");
        }

        @Test
        void that_calls_without_an_origin_is_known_by_what_the_browser_says() throws IOException {
            for (String site : List.of("cross-site", "same-site", "anything")) {
                refused(sent(local, "GET", "/v1/runs/r", "Sec-Fetch-Site: " + site), "not-from-a-page");
                refused(sent(local, "GET", "/console/main.js", "Sec-Fetch-Site: " + site), "not-from-a-page");
            }
            refused(
                    sent(
                            local,
                            "GET",
                            "/",
                            "Sec-Fetch-Site: cross-site",
                            "Sec-Fetch-Mode: navigate",
                            "Sec-Fetch-Dest: iframe"),
                    "not-from-a-page");
        }

        @Test
        void may_link_to_the_console_and_to_no_call() throws IOException {
            String[] followed = {"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"};
            answered(sent(local, "GET", "/", followed));
            refused(sent(local, "GET", "/v1/runs/r", followed), "not-from-a-page");
        }

        /** DNS rebinding: its own name leads to this machine, so that the browser takes both for one origin. */
        @Test
        void that_bound_its_name_to_this_machine_gets_neither_token_nor_answer() throws IOException {
            String name = "evil.example:" + local.endpoint().getPort();
            refused(sent(local, "GET", "/", "Host: " + name), "not-from-a-page");
            refused(sent(local, "GET", "/console/main.js", "Host: " + name), "not-from-a-page");
            refused(
                    sent(
                            local,
                            "POST",
                            "/v1/runs/r/cancel",
                            "Host: " + name,
                            "Origin: http://" + name,
                            "X-Stepstile-Token: " + tokenOfPage()),
                    "not-from-a-page");
        }

        @Test
        void cannot_ask_for_leave_to_send_the_header() throws IOException {
            String answer = sent(
                    local,
                    "OPTIONS",
                    "/v1/runs/r/cancel",
                    "Origin: http://evil.example",
                    "Access-Control-Request-Method: POST",
                    "Access-Control-Request-Headers: x-stepstile-token");
            refused(answer, "not-from-a-page");
            assertThat(answer.toLowerCase(java.util.Locale.ROOT)).doesNotContain("access-control-allow");
        }
    }

    @Nested
    class A_program {
        @Test
        void of_this_machine_needs_no_token_for_its_stack() throws IOException {
            answered(sent(local, "GET", "/v1/runs/r"));
            answered(sent(local, "POST", "/v1/runs/r/cancel"));
            assertThat(invoked).hasSize(2);
        }

        @Test
        void needs_the_token_where_calls_are_signed_for_it() throws IOException {
            refused(sent(forwarding, "GET", "/v1/runs/r"), "token-needed");
            refused(sent(forwarding, "POST", "/v1/runs/r/cancel"), "token-needed");
            refused(sent(forwarding, "GET", "/v1/runs/r", "X-Stepstile-Token: " + tokenOfPage()), "token-needed");
            answered(sent(forwarding, "GET", "/v1/runs/r", "X-Stepstile-Token: " + holders.token()));
            assertThat(invoked).containsExactly("GET /v1/runs/r");
        }

        @Test
        void finds_that_token_in_no_file() throws IOException {
            assertThat(sent(forwarding, "GET", "/"))
                    .contains("<meta name=\"stepstile-token\" content=\"\">")
                    .doesNotContain(holders.token());
        }
    }

    @Nested
    class A_file {
        @Test
        void is_one_of_the_list_whatever_the_path() throws IOException {
            for (String path : List.of(
                    "/console/../HttpApi.class",
                    "/console/..%2f..%2flog4j2.xml",
                    "/console/%2e%2e/log4j2.xml",
                    "/console/..;/log4j2.xml",
                    "/console//main.js",
                    "/console/./main.js",
                    "/console/main.js/",
                    "/console/main.js%00",
                    "/console/",
                    "/console/index.html",
                    "//main.js",
                    "/console/\\..\\log4j2.xml",
                    "/console/.%2e/.%2e/META-INF/MANIFEST.MF")) {
                String answer = sent(local, "GET", path);
                // The functions answer what is no file, as any unknown call; the handler of this test says yes to all.
                assertThat(answer).as(path).doesNotContain("Configuration", "import ", "CAFEBABE", "Manifest-Version");
            }
        }

        @Test
        void is_read_and_nothing_else() throws IOException {
            for (String method : List.of("POST", "PUT", "DELETE", "HEAD")) {
                assertThat(sent(local, method, "/")).startsWith("HTTP/1.1 405 ").containsIgnoringCase("allow: GET");
            }
            assertThat(invoked).isEmpty();
        }
    }
}
