package dev.stepstile.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.port.PortException;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.SdkHttpResponse;

/** A payload that is missing ends a step; one that may not be read does not. */
@Tag("integration")
class S3PayloadStoreTest {
    private final S3PayloadStore payloads = new S3PayloadStore(() -> Emulated.S3_CLIENT, Emulated.BUCKET);

    @BeforeAll
    static void makeBucket() {
        Emulated.resources(Duration.ofSeconds(2));
    }

    /** As S3 answers one who has no right. */
    private static final ExecutionInterceptor DENIED = new ExecutionInterceptor() {
        @Override
        public SdkHttpResponse modifyHttpResponse(Context.ModifyHttpResponse context, ExecutionAttributes attributes) {
            return context.httpResponse().toBuilder().statusCode(403).build();
        }

        @Override
        public Optional<InputStream> modifyHttpResponseContent(
                Context.ModifyHttpResponse context, ExecutionAttributes attributes) {
            return context.responseBody()
                    .map(body -> new ByteArrayInputStream(
                            "<Error><Code>AccessDenied</Code></Error>".getBytes(StandardCharsets.UTF_8)));
        }
    };

    @Test
    void a_payload_that_is_missing_is_said_to_be_missing() {
        assertThat(payloads.get("results/none")).isEmpty();
        assertThat(payloads.exists("results/none")).isFalse();
    }

    @Test
    void a_payload_that_may_not_be_read_is_a_port_failure() {
        S3PayloadStore denied = new S3PayloadStore(() -> Emulated.s3(DENIED), Emulated.BUCKET);
        assertThatThrownBy(() -> denied.get("results/none"))
                .isInstanceOf(PortException.class)
                .hasMessageContaining("GetObject results/none")
                .hasMessageContaining("HTTP 403");
        assertThatThrownBy(() -> denied.exists("results/none"))
                .isInstanceOf(PortException.class)
                .hasMessageContaining("HTTP 403");
    }

    @Test
    void a_bucket_that_is_missing_is_a_port_failure_and_not_a_missing_payload() {
        S3PayloadStore nowhere = new S3PayloadStore(() -> Emulated.S3_CLIENT, "no-such-bucket");
        assertThatThrownBy(() -> nowhere.get("results/none"))
                .isInstanceOf(PortException.class)
                .hasMessageContaining("NoSuchBucket");
        assertThatThrownBy(() -> nowhere.put("results/none", new byte[1])).isInstanceOf(PortException.class);
    }
}
