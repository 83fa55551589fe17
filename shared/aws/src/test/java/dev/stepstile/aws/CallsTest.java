package dev.stepstile.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.store.PortException;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.ApiCallTimeoutException;
import software.amazon.awssdk.core.exception.SdkClientException;

class CallsTest {
    private static AwsServiceException refusal(String code, int status) {
        return AwsServiceException.builder()
                .awsErrorDetails(AwsErrorDetails.builder()
                        .errorCode(code)
                        .errorMessage("with the secret value in it")
                        .build())
                .statusCode(status)
                .build();
    }

    @Test
    void an_answer_is_passed_on() {
        assertThat(Calls.call("GetItem", () -> 7)).isEqualTo(7);
    }

    @Test
    void what_aws_refuses_for_now_is_a_port_failure_that_names_the_call_and_the_code_and_not_the_content() {
        assertThatThrownBy(() -> Calls.call("PutItem of step r/a", () -> {
                    throw refusal("ProvisionedThroughputExceededException", 400);
                }))
                .isInstanceOf(PortException.class)
                .hasMessage("PutItem of step r/a: ProvisionedThroughputExceededException (HTTP 400)");
    }

    @Test
    void a_call_that_times_out_or_finds_nobody_is_a_port_failure() {
        assertThatThrownBy(() -> Calls.call("GetItem", () -> {
                    throw ApiCallTimeoutException.create(1000);
                }))
                .isInstanceOf(PortException.class)
                .hasMessage("GetItem: ApiCallTimeoutException");
        assertThatThrownBy(() -> Calls.call("GetItem", () -> {
                    throw SdkClientException.create("connection refused");
                }))
                .isInstanceOf(PortException.class);
    }

    @Test
    void what_no_repetition_can_mend_is_a_mistake_of_the_caller() {
        assertThatThrownBy(() -> Calls.call("PutItem", () -> {
                    throw refusal("ValidationException", 400);
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("PutItem is not a request that AWS understands: ValidationException");
    }

    @Test
    void a_refusal_without_a_code_is_named_by_its_class() {
        assertThat(Calls.code(AwsServiceException.builder().statusCode(500).build()))
                .isEqualTo("AwsServiceException");
    }
}
