package dev.stepstile.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.port.PortException;
import java.net.ConnectException;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.ApiCallTimeoutException;
import software.amazon.awssdk.core.exception.SdkClientException;

class AwsCallsTest {
    private static AwsServiceException refusal(String code, int status) {
        return AwsServiceException.builder()
                .awsErrorDetails(AwsErrorDetails.builder()
                        .errorCode(code)
                        .errorMessage("with the secret value in it")
                        .build())
                .statusCode(status)
                .requestId("the-request")
                .build();
    }

    @Test
    void an_answer_is_passed_on() {
        assertThat(AwsCalls.call("GetItem", () -> 7)).isEqualTo(7);
    }

    @Test
    void what_aws_refuses_for_now_is_a_port_failure_that_names_the_call_and_the_code_and_not_the_content() {
        assertThatThrownBy(() -> AwsCalls.call("PutItem of step r/a", () -> {
                    throw refusal("ProvisionedThroughputExceededException", 400);
                }))
                .isInstanceOf(PortException.class)
                .hasMessage(
                        "PutItem of step r/a: ProvisionedThroughputExceededException (HTTP 400, request the-request)");
    }

    @Test
    void a_missing_right_is_named_with_who_lacks_it_on_what() {
        AwsServiceException denied = AwsServiceException.builder()
                .awsErrorDetails(AwsErrorDetails.builder()
                        .errorCode("AccessDeniedException")
                        .errorMessage("User: step is not authorized to perform: dynamodb:PutItem on resource: Table")
                        .build())
                .statusCode(400)
                .requestId("the-request")
                .build();
        assertThatThrownBy(() -> AwsCalls.call("PutItem", () -> {
                    throw denied;
                }))
                .isInstanceOf(PortException.class)
                .hasMessage("PutItem: AccessDeniedException (HTTP 400, request the-request): "
                        + "User: step is not authorized to perform: dynamodb:PutItem on resource: Table");
    }

    @Test
    void no_answer_at_all_is_explained_down_to_its_first_cause_and_cut() {
        SdkClientException nobody = SdkClientException.create(
                "Unable to execute HTTP request: " + "x".repeat(1000), new ConnectException("Connection refused"));
        assertThatThrownBy(() -> AwsCalls.call("GetItem", () -> {
                    throw nobody;
                }))
                .isInstanceOf(PortException.class)
                .hasMessageStartingWith("GetItem: SdkClientException: Unable to execute HTTP request: xxx")
                .hasMessageEndingWith("x …, caused by ConnectException: Connection refused")
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(500));
    }

    @Test
    void a_call_that_times_out_or_finds_nobody_is_a_port_failure() {
        assertThatThrownBy(() -> AwsCalls.call("GetItem", () -> {
                    throw ApiCallTimeoutException.create(1000);
                }))
                .isInstanceOf(PortException.class)
                .hasMessageStartingWith("GetItem: ApiCallTimeoutException: ");
        assertThatThrownBy(() -> AwsCalls.call("GetItem", () -> {
                    throw SdkClientException.create("connection refused");
                }))
                .isInstanceOf(PortException.class);
    }

    @Test
    void what_no_repetition_can_mend_is_a_mistake_of_the_caller() {
        assertThatThrownBy(() -> AwsCalls.call("PutItem", () -> {
                    throw refusal("ValidationException", 400);
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("PutItem is not a request that AWS understands: ValidationException (request the-request)");
    }

    @Test
    void a_refusal_without_a_code_is_named_by_its_class() {
        assertThat(AwsCalls.code(AwsServiceException.builder().statusCode(500).build()))
                .isEqualTo("AwsServiceException");
    }
}
