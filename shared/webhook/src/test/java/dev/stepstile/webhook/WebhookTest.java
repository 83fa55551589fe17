package dev.stepstile.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.port.Notifier;
import dev.stepstile.port.Notifier.Outcome;
import dev.stepstile.step.NotifyTarget;
import dev.stepstile.webhook.Endpoint.Certificate;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A webhook is told what it should know, and nobody else is reached. */
class WebhookTest {
    private static final String HOST = "hooks.example.com";
    private static final Instant NOW = Instant.parse("2026-11-24T08:00:00Z");
    private static final byte[] KEY = "0123456789abcdef01234567".getBytes(StandardCharsets.US_ASCII);
    private static final String SECRET = WebhookSecrets.text(KEY);
    private static final Notifier.Notice NOTICE =
            new Notifier.Notice("ssn_1", NOW.minusSeconds(90), "{\"runId\":\"größe\",\"counts\":{\"DEAD\":1}}");

    @TempDir
    static Path folder;

    private static Certificate certificate;

    private final List<Endpoint> endpoints = new ArrayList<>();

    @BeforeAll
    static void makeCertificate() throws Exception {
        certificate = Certificate.of(HOST, folder);
    }

    @AfterEach
    void closeEndpoints() throws Exception {
        for (Endpoint endpoint : endpoints) {
            endpoint.close();
        }
    }

    private Endpoint open(Endpoint endpoint) {
        endpoints.add(endpoint);
        return endpoint;
    }

    private Endpoint secured() throws Exception {
        return open(Endpoint.secured(certificate));
    }

    private static NotifyTarget at(Endpoint endpoint) {
        return new NotifyTarget.Webhook("https://" + HOST + ":" + endpoint.port() + "/in/a?b=c%20d");
    }

    private static WebhookNotifier notifier(
            String hosts, boolean privateAddresses, WebhookNotifier.Resolver resolver, String secrets) {
        return new WebhookNotifier(
                WebhookRules.parse(hosts, privateAddresses, true),
                () -> WebhookSecrets.parse(secrets),
                resolver,
                certificate.trust(),
                () -> NOW,
                Duration.ofMillis(1_500));
    }

    /** Of a stack that allows the endpoint, whose name has a loopback address. */
    private static WebhookNotifier notifier(Endpoint endpoint) {
        return notifier(HOST + ":" + endpoint.port(), true, name -> loopback(), "{\"default\": \"" + SECRET + "\"}");
    }

    private static InetAddress[] loopback() {
        return new InetAddress[] {InetAddress.getLoopbackAddress()};
    }

    private static InetAddress[] addresses(String... literals) {
        return List.of(literals).stream().map(InetAddress::ofLiteral).toArray(InetAddress[]::new);
    }

    private static String header(String request, String name) {
        return request.lines()
                .filter(line -> line.startsWith(name + ": "))
                .findFirst()
                .orElseThrow()
                .substring(name.length() + 2);
    }

    private static String why(Outcome outcome) {
        return outcome instanceof Outcome.Failed(String why) ? why : "not failed but " + outcome;
    }

    @Nested
    class A_request {
        @Test
        void says_what_has_ended_signed_by_the_standard_webhooks_specification() throws Exception {
            Endpoint endpoint = secured();
            assertThat(notifier(endpoint).send(at(endpoint), NOTICE)).isEqualTo(new Outcome.Delivered());
            String request = endpoint.requests().getFirst();
            assertThat(request)
                    .startsWith("POST /in/a?b=c%20d HTTP/1.1\r\nHost: " + HOST + ":" + endpoint.port() + "\r\n");
            assertThat(header(request, "Content-Type")).isEqualTo("application/json");
            assertThat(header(request, "webhook-id")).isEqualTo("ssn_1");
            assertThat(header(request, "webhook-timestamp")).isEqualTo("1795507200");
            String body = request.substring(request.indexOf("\r\n\r\n") + 4);
            JsonNode json = Json.parse(body);
            assertThat(json.path("type").asText()).isEqualTo("dispatch.closed");
            assertThat(json.path("timestamp").asText()).isEqualTo("2026-11-24T07:58:30Z");
            assertThat(json.path("data").path("runId").asText()).isEqualTo("größe");
            assertThat(header(request, "webhook-signature")).isEqualTo("v1," + signature("ssn_1.1795507200." + body));
            assertThat(request).doesNotContain(SECRET, new String(KEY, StandardCharsets.US_ASCII));
        }

        private String signature(String signed) throws Exception {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(KEY, "HmacSHA256"));
            return Base64.getEncoder().encodeToString(mac.doFinal(signed.getBytes(StandardCharsets.UTF_8)));
        }

        /** The example of the specification's reference libraries. */
        @Test
        void has_the_signature_that_others_compute() {
            byte[] key = Base64.getDecoder().decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
            assertThat(WebhookSignature.of(
                            "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}", List.of(key)))
                    .isEqualTo("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        }

        @Test
        void is_signed_by_each_key_while_one_replaces_another() throws Exception {
            Endpoint endpoint = secured();
            String newer = WebhookSecrets.text(new byte[32]);
            WebhookNotifier both = notifier(
                    HOST + ":" + endpoint.port() + "=team",
                    true,
                    name -> loopback(),
                    "{\"team\": \"" + newer + " " + SECRET + "\"}");
            assertThat(both.send(at(endpoint), NOTICE)).isEqualTo(new Outcome.Delivered());
            assertThat(header(endpoint.requests().getFirst(), "webhook-signature")
                            .split(" "))
                    .hasSize(2)
                    .allMatch(signature -> signature.startsWith("v1,"));
        }

        @Test
        void by_http_reaches_this_machine_alone() throws Exception {
            Endpoint endpoint = open(Endpoint.plain());
            String host = "http://localhost:" + endpoint.port();
            NotifyTarget target = new NotifyTarget.Webhook(host + "/");
            String secrets = "{\"default\": \"" + SECRET + "\"}";
            assertThat(notifier(host, false, name -> loopback(), secrets).send(target, NOTICE))
                    .isEqualTo(new Outcome.Delivered());
            assertThat(why(notifier(host, false, name -> addresses("8.8.8.8"), secrets)
                            .send(target, NOTICE)))
                    .contains("addresses of this machine");
        }
    }

    @Nested
    class An_answer {
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "HTTP/1.1 200 OK",
                    "HTTP/1.0 202",
                    "HTTP/1.1 102 Processing\r\nx: y\r\n\r\nHTTP/1.1 103 Early\r\n\r\nHTTP/1.1 299 Odd"
                })
        void of_2xx_accepts_it(String status) throws Exception {
            Endpoint endpoint = secured();
            endpoint.answers(status + "\r\n\r\n");
            assertThat(notifier(endpoint).send(at(endpoint), NOTICE)).isEqualTo(new Outcome.Delivered());
        }

        @Test
        void of_410_wants_no_more() throws Exception {
            Endpoint endpoint = secured();
            endpoint.answers("HTTP/1.1 410 Gone\r\n\r\n");
            assertThat(notifier(endpoint).send(at(endpoint), NOTICE)).isInstanceOf(Outcome.Gone.class);
        }

        @Test
        void of_another_status_is_a_failure_that_names_it_and_nothing_else_of_it() throws Exception {
            Endpoint endpoint = secured();
            endpoint.answers("HTTP/1.1 503 secret-reason\r\n\r\nsecret-body");
            assertThat(why(notifier(endpoint).send(at(endpoint), NOTICE))).isEqualTo("the webhook answered 503");
        }

        @Test
        void that_leads_elsewhere_is_not_followed() throws Exception {
            Endpoint elsewhere = secured();
            Endpoint endpoint = secured();
            endpoint.answers("HTTP/1.1 307 Moved\r\nLocation: https://" + HOST + ":" + elsewhere.port() + "/\r\n\r\n");
            assertThat(why(notifier(endpoint).send(at(endpoint), NOTICE))).contains("307", "not followed");
            assertThat(elsewhere.connections()).isZero();
        }

        @ParameterizedTest
        @CsvSource({"SSH-2.0-x, not HTTP", "HTTP/2 200, not HTTP"})
        void that_is_not_http_is_a_failure(String answer, String why) throws Exception {
            Endpoint endpoint = secured();
            endpoint.answers(answer + "\r\n\r\n");
            assertThat(why(notifier(endpoint).send(at(endpoint), NOTICE))).contains(why);
        }

        @Test
        void is_read_up_to_a_bound() throws Exception {
            Endpoint endpoint = secured();
            endpoint.answers("HTTP/1.1 100 Continue\r\n" + "x".repeat(20_000));
            assertThat(why(notifier(endpoint).send(at(endpoint), NOTICE))).contains("more than 16384 bytes");
        }

        @Test
        void that_does_not_come_or_comes_too_slowly_is_waited_for_up_to_a_bound() throws Exception {
            Endpoint silent = secured();
            silent.staysSilent();
            Endpoint slow = secured();
            slow.pauses(400); // each byte within the time of a read, all of them not
            for (Endpoint endpoint : List.of(silent, slow)) {
                long began = System.nanoTime();
                assertThat(why(notifier(endpoint).send(at(endpoint), NOTICE))).contains("did not answer within");
                assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(8));
            }
        }
    }

    @Nested
    class An_address {
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "10.1.2.3",
                    "100.64.0.1",
                    "127.0.0.1",
                    "127.8.8.8",
                    "172.16.0.1",
                    "172.31.255.255",
                    "192.168.1.1",
                    "::1",
                    "fc00::1",
                    "fdff::1",
                    "::ffff:10.0.0.1",
                    "::ffff:127.0.0.1"
                })
        void that_is_private_is_refused_unless_the_stack_allows_it(String literal) {
            InetAddress address = InetAddress.ofLiteral(literal);
            assertThat(AddressRules.refusal(address, false)).contains("private or loopback");
            assertThat(AddressRules.refusal(address, true)).isNull();
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "0.0.0.0",
                    "0.1.2.3",
                    "169.254.169.254",
                    "169.254.170.2",
                    "192.0.0.8",
                    "192.0.2.1",
                    "198.18.0.1",
                    "198.19.255.255",
                    "198.51.100.7",
                    "203.0.113.9",
                    "224.0.0.1",
                    "239.1.2.3",
                    "240.0.0.1",
                    "255.255.255.255",
                    "::",
                    "::10.0.0.1",
                    "fe80::1",
                    "febf::1",
                    "fec0::1",
                    "ff02::1",
                    "fd00:ec2::254",
                    "fd20:ce::254",
                    "64:ff9b::a00:1",
                    "64:ff9b:1::1",
                    "100::1",
                    "2001::1",
                    "2001:db8::1",
                    "2002:a00:1::1",
                    "::ffff:169.254.169.254",
                    "::ffff:0:10.0.0.1",
                    "4000::1"
                })
        void that_is_of_no_public_host_is_always_refused(String literal) {
            InetAddress address = InetAddress.ofLiteral(literal);
            assertThat(AddressRules.refusal(address, false)).isNotNull();
            assertThat(AddressRules.refusal(address, true)).isNotNull();
        }

        @ParameterizedTest
        @ValueSource(strings = {"8.8.8.8", "172.32.0.1", "100.128.0.1", "192.167.0.1", "2600:1f18::1", "2a00::1"})
        void that_is_public_is_allowed(String literal) {
            assertThat(AddressRules.refusal(InetAddress.ofLiteral(literal), false))
                    .isNull();
        }

        @Test
        void that_is_refused_is_not_connected_to() throws Exception {
            Endpoint endpoint = secured();
            WebhookNotifier publicOnly = notifier(
                    HOST + ":" + endpoint.port(), false, name -> loopback(), "{\"default\": \"" + SECRET + "\"}");
            assertThat(why(publicOnly.send(at(endpoint), NOTICE))).contains("private or loopback");
            assertThat(endpoint.connections()).isZero();
        }

        @Test
        void that_is_refused_refuses_the_others_of_its_name_too() throws Exception {
            Endpoint endpoint = secured();
            WebhookNotifier either = notifier(
                    HOST + ":" + endpoint.port(),
                    true,
                    name -> addresses("127.0.0.1", "169.254.169.254"),
                    "{\"default\": \"" + SECRET + "\"}");
            assertThat(why(either.send(at(endpoint), NOTICE))).contains("link-local");
            assertThat(endpoint.connections()).isZero();
        }

        /** DNS rebinding: the second look-up would lead elsewhere. */
        @Test
        void is_looked_up_once_and_the_checked_one_is_connected_to() throws Exception {
            Endpoint endpoint = secured();
            AtomicInteger lookups = new AtomicInteger();
            WebhookNotifier rebound = notifier(
                    HOST + ":" + endpoint.port(),
                    true,
                    name -> lookups.incrementAndGet() == 1 ? loopback() : addresses("169.254.169.254"),
                    "{\"default\": \"" + SECRET + "\"}");
            assertThat(rebound.send(at(endpoint), NOTICE)).isEqualTo(new Outcome.Delivered());
            assertThat(lookups).hasValue(1);
            assertThat(why(rebound.send(at(endpoint), NOTICE))).contains("link-local");
        }

        @Test
        void whose_certificate_is_for_another_name_is_not_told() throws Exception {
            Endpoint endpoint = secured();
            WebhookNotifier other = notifier(
                    "other.example.com:" + endpoint.port(),
                    true,
                    name -> loopback(),
                    "{\"default\": \"" + SECRET + "\"}");
            assertThat(why(other.send(
                            new NotifyTarget.Webhook("https://other.example.com:" + endpoint.port() + "/"), NOTICE)))
                    .contains("could not be told");
            assertThat(endpoint.requests()).isEmpty();
        }

        @Test
        void whose_certificate_nobody_vouches_for_is_not_told() throws Exception {
            Endpoint endpoint = secured();
            WebhookNotifier untrusting = new WebhookNotifier(
                    WebhookRules.parse(HOST + ":" + endpoint.port(), true, false),
                    () -> WebhookSecrets.parse("{\"default\": \"" + SECRET + "\"}"),
                    name -> loopback(),
                    (SSLSocketFactory) SSLSocketFactory.getDefault(),
                    () -> NOW,
                    Duration.ofSeconds(3));
            assertThat(why(untrusting.send(at(endpoint), NOTICE))).contains("could not be told");
            assertThat(endpoint.requests()).isEmpty();
        }

        @Test
        void that_is_not_found_is_a_failure() {
            WebhookNotifier lost = notifier(
                    HOST,
                    true,
                    name -> {
                        throw new UnknownHostException(name);
                    },
                    "{\"default\": \"" + SECRET + "\"}");
            assertThat(why(lost.send(new NotifyTarget.Webhook("https://" + HOST), NOTICE)))
                    .contains("does not resolve");
        }
    }

    @Nested
    class A_url {
        private @Nullable String refusal(String url) {
            return notifier(
                            "hooks.example.com, *.partner.example:8443=partner, [2001:db8::1]",
                            false,
                            name -> loopback(),
                            "{}")
                    .refusal(new NotifyTarget.Webhook(url));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "https://hooks.example.com",
                    "https://HOOKS.example.com:443/a?b",
                    "https://a.b.partner.example:8443/",
                    "https://[2001:db8::1]/"
                })
        void of_an_allowed_host_is_accepted(String url) {
            assertThat(refusal(url)).isNull();
        }

        @ParameterizedTest
        @CsvSource({
            "http://hooks.example.com/, https://",
            "ftp://hooks.example.com/, https://",
            "https://hooks.example.com:8443/, no webhook to hooks.example.com at port 8443",
            "https://partner.example:8443/, no webhook",
            "https://evilpartner.example:8443/, no webhook",
            "https://hooks.example.com.evil.example/, no webhook",
            "https://evil.example/hooks.example.com, no webhook",
            "https://hooks.example.com@evil.example/, no user",
            "https://user:pw@hooks.example.com/, no user",
            "https://hooks.example.com/#part, no fragment",
            "https://169.254.169.254/latest, no webhook",
            "https://2130706433/, no webhook",
            "https://0x7f.1/, not well-formed",
            "https:hooks.example.com, not well-formed",
            "//hooks.example.com/, not well-formed",
            "hooks.example.com, not well-formed",
            "https://hooks.example.com:0/, not well-formed",
            "https://hooks.example.com:99999/, not well-formed",
            "'https://hooks.example.com/ HTTP/1.1', not well-formed",
            "'https://hooks.example.com/\r\nx: y', not well-formed"
        })
        void of_another_form_or_host_is_refused(String url, String why) {
            assertThat(refusal(url)).contains(why);
        }

        @Test
        void is_refused_by_a_stack_that_lists_no_host() {
            assertThat(notifier("", false, name -> loopback(), "{}")
                            .refusal(new NotifyTarget.Webhook("https://a.example")))
                    .contains("allows no webhooks");
        }

        @Test
        void that_is_no_longer_allowed_is_not_called() throws Exception {
            Endpoint endpoint = secured();
            WebhookNotifier none = notifier("", true, name -> loopback(), "{}");
            assertThat(why(none.send(at(endpoint), NOTICE))).contains("allows no webhooks");
            assertThat(endpoint.connections()).isZero();
        }

        @Test
        void is_not_an_event() {
            WebhookNotifier webhooks = notifier(HOST, false, name -> loopback(), "{}");
            assertThat(webhooks.refusal(new NotifyTarget.Event())).contains("no event bus");
            assertThat(why(webhooks.send(new NotifyTarget.Event(), NOTICE))).contains("no event bus");
        }
    }

    @Nested
    class A_configuration {
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "https://a.example",
                    "a.example/path",
                    "A.example",
                    "a..*",
                    "*example",
                    "a.example:0",
                    "a.example:99999",
                    "a.example=",
                    "a b",
                    "http://a.example",
                    "http://10.0.0.1"
                })
        void with_a_host_that_is_none_is_refused_by_its_name(String entry) {
            assertThatThrownBy(() -> WebhookRules.parse("ok.example, " + entry, false, true))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'" + entry + "'");
        }

        @Test
        void with_http_is_refused_where_it_is_not_a_local_stacks() {
            assertThatThrownBy(() -> WebhookRules.parse("http://localhost:9000", false, false))
                    .hasMessageContaining("need HTTPS");
        }

        @Test
        void whose_secret_is_missing_is_a_failure_that_names_it() throws Exception {
            Endpoint endpoint = secured();
            WebhookNotifier without = notifier(
                    HOST + ":" + endpoint.port() + "=team",
                    true,
                    name -> loopback(),
                    "{\"default\": \"" + SECRET + "\"}");
            assertThat(why(without.send(at(endpoint), NOTICE))).contains("no webhook secret named 'team'");
            assertThat(endpoint.connections()).isZero();
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "{\"a\": \"whsec_c2hvcnQtc2VjcmV0\"}",
                    "{\"a\": \"c2hvcnQtc2VjcmV0\"}",
                    "{\"a\": \"whsec_c2hvcnQtc2VjcmV0!\"}",
                    "{\"a\": \"\"}",
                    "{\"a\": 7}",
                    "[\"c2hvcnQtc2VjcmV0\"]",
                    "{\"a\": \"c2hvcnQtc2VjcmV0"
                })
        void of_secrets_that_are_none_is_refused_without_quoting_one(String json) {
            assertThatThrownBy(() -> WebhookSecrets.parse(json))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageNotContaining("c2hvcnQtc2VjcmV0");
        }

        /** The Standard Webhooks specification asks for 24 to 64 bytes. */
        @Test
        void has_24_to_64_bytes() {
            for (int bytes : List.of(24, 64)) {
                assertThat(WebhookSecrets.parse(of(bytes)).keys("a")).hasSize(1);
            }
            for (int bytes : List.of(23, 65)) {
                assertThatThrownBy(() -> WebhookSecrets.parse(of(bytes)))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("24 to 64 bytes");
            }
        }

        private static String of(int bytes) {
            return "{\"a\": \"" + WebhookSecrets.text(new byte[bytes]) + "\"}";
        }

        @Test
        void of_a_file_is_made_once_for_its_owner_alone_and_read_at_each_try() throws Exception {
            Path file = folder.resolve("secrets.json");
            SecretsFile.createIfAbsent(file, "default");
            String made = Files.readString(file);
            SecretsFile.createIfAbsent(file, "default");
            assertThat(Files.readString(file)).isEqualTo(made);
            assertThat(Files.getPosixFilePermissions(file)).hasSize(2);
            assertThat(new SecretsFile(file).read().keys("default")).hasSize(1);
            WebhookRules rules = WebhookRules.parse("a.example, b.example=team", false, false);
            assertThatThrownBy(() -> SecretsFile.check(file, rules)).hasMessageContaining("no secret named team");
            assertThatThrownBy(() -> SecretsFile.check(folder.resolve("none.json"), rules))
                    .hasMessageContaining("cannot be read");
            Files.writeString(file, "{\"team\": \"" + SECRET + "\"}");
            assertThat(new SecretsFile(file).read().keys("default")).isEmpty();
        }
    }
}
