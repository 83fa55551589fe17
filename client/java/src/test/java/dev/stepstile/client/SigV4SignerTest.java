package dev.stepstile.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.testing.ScriptedApi;
import dev.stepstile.testing.ScriptedApi.Answer;
import dev.stepstile.testing.ScriptedApi.Call;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.identity.spi.IdentityProvider;
import software.amazon.awssdk.identity.spi.ResolveIdentityRequest;

class SigV4SignerTest {
    private static final IdentityProvider<AwsCredentialsIdentity> CREDENTIALS = new IdentityProvider<>() {
        @Override
        public Class<AwsCredentialsIdentity> identityType() {
            return AwsCredentialsIdentity.class;
        }

        @Override
        public CompletableFuture<AwsCredentialsIdentity> resolveIdentity(ResolveIdentityRequest request) {
            return CompletableFuture.completedFuture(AwsCredentialsIdentity.create("AKIDEXAMPLE", "secret"));
        }
    };

    private static byte[] hmac(byte[] key, String text) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    }

    /** AWS's side of SigV4, from its documentation: the signature of this very call. */
    private static String signature(Call call, Map<String, String> head, String secret)
            throws GeneralSecurityException {
        String[] target = call.target().split("\\?", 2);
        List<String> canonical = new ArrayList<>();
        canonical.add(call.method());
        canonical.add(target[0].replace("%", "%25")); // encoded once more, for every service but S3
        String[] query = target.length == 2 ? target[1].split("&", -1) : new String[0];
        Arrays.sort(query);
        canonical.add(String.join("&", query));
        String signed = Objects.requireNonNull(head.get("SignedHeaders"));
        for (String name : signed.split(";", -1)) {
            canonical.add(name + ":" + call.headers().get(name));
        }
        canonical.add("");
        canonical.add(signed);
        canonical.add(RequestWriter.sha256(call.body().getBytes(StandardCharsets.UTF_8)));
        String scope = Objects.requireNonNull(head.get("Credential")).split("/", 2)[1];
        String text = String.join(
                "\n",
                "AWS4-HMAC-SHA256",
                String.valueOf(call.headers().get("x-amz-date")),
                scope,
                RequestWriter.sha256(String.join("\n", canonical).getBytes(StandardCharsets.UTF_8)));
        byte[] key = ("AWS4" + secret).getBytes(StandardCharsets.UTF_8);
        for (String part : scope.split("/", -1)) {
            key = hmac(key, part);
        }
        return HexFormat.of().formatHex(hmac(key, text));
    }

    private static Map<String, String> head(String authorization) {
        Map<String, String> head = new HashMap<>();
        for (String part : authorization.split(" ", 2)[1].split(",", -1)) {
            String[] nameAndValue = part.strip().split("=", 2);
            head.put(nameAndValue[0], nameAndValue[1]);
        }
        return head;
    }

    @Test
    void calls_carry_a_signature_that_aws_accepts() throws Exception {
        try (ScriptedApi api = new ScriptedApi(_ -> Answer.of(200, "{\"entries\":[],\"caughtUp\":true}"));
                StepstileClient client = new StepstileClient(
                        ClientOptions.of(api.endpoint()).withSigner(new SigV4Signer("eu-west-1", CREDENTIALS)))) {
            client.feed("a~run+:1", "c=&+/");
            client.lookup("r", List.of("load[eu] ü"));
            client.lookup("r~1", List.of("x"));
            assertThat(api.calls()).hasSize(3).allSatisfy(call -> {
                Map<String, String> head = head(String.valueOf(call.headers().get("Authorization")));
                assertThat(head.get("Credential")).endsWith("/eu-west-1/execute-api/aws4_request");
                assertThat(head.get("Signature")).isEqualTo(signature(call, head, "secret"));
            });
        }
    }

    @Test
    void a_function_url_is_signed_for_lambda() {
        URI uri = URI.create("https://xyz.lambda-url.us-east-2.on.aws/v1/runs/r");
        Map<String, String> headers =
                new SigV4Signer("us-east-2", CREDENTIALS).sign(new Signer.Request("GET", uri, Map.of(), ""));
        assertThat(headers.get("authorization")).contains("/us-east-2/lambda/aws4_request");
    }

    @Test
    void the_region_is_found_in_the_host_name() {
        assertThat(SigV4Signer.regionOf(URI.create("https://abc123.execute-api.eu-west-1.amazonaws.com")))
                .hasValue("eu-west-1");
        assertThat(SigV4Signer.regionOf(URI.create("https://abc123.execute-api.cn-north-1.amazonaws.com.cn/prod")))
                .hasValue("cn-north-1");
        assertThat(SigV4Signer.regionOf(URI.create("https://xyz.lambda-url.us-east-2.on.aws")))
                .hasValue("us-east-2");
        assertThat(SigV4Signer.regionOf(URI.create("http://127.0.0.1:8787"))).isEmpty();
        assertThat(SigV4Signer.regionOf(URI.create("https://execute-api.eu-west-1.amazonaws.com.example.org")))
                .isEmpty();
    }
}
