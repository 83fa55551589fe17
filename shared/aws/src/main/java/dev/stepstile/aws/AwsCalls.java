package dev.stepstile.aws;

import dev.stepstile.port.PortException;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;

/** Makes a call to AWS. A failure becomes a {@link PortException} that names the call, and never what it carried. */
final class AwsCalls {
    /** Errors that only a bug of this code causes: retrying is pointless. */
    private static final Set<String> MISTAKES =
            Set.of("ValidationException", "SerializationException", "MissingParameter", "UnknownOperationException");

    private static final int DEEPEST = 5;
    private static final int LONGEST_MESSAGE = 300;

    /**
     * Errors whose message names the permission, credential or resource that is missing. Other messages may quote what the
     * call carried.
     */
    private static final Pattern EXPLAINED = Pattern.compile(
            "AccessDenied|Unauthorized|Token|Credential|Client|Signature|KMS|NotFound|NoSuch|NonExistent|NotExist");

    private AwsCalls() {}

    /**
     * @param what the call and the ids it is about
     * @throws PortException if the call failed, or its outcome is unknown
     */
    static <T> T call(String what, Supplier<T> call) {
        try {
            return call.get();
        } catch (AwsServiceException e) {
            String code = code(e);
            String request = "request " + e.requestId();
            if (MISTAKES.contains(code)) {
                throw new IllegalStateException(
                        what + " is not a request that AWS understands: " + code + " (" + request + ")", e);
            }
            throw new PortException(
                    what + ": " + code + " (HTTP " + e.statusCode() + ", " + request + ")" + explained(e), e);
        } catch (SdkException e) {
            throw new PortException(what + ": " + causes(e), e);
        }
    }

    private static String explained(AwsServiceException e) {
        String message =
                e.awsErrorDetails() == null ? null : e.awsErrorDetails().errorMessage();
        return message == null || !EXPLAINED.matcher(code(e)).find() ? "" : ": " + cut(message);
    }

    /** Why there was no answer at all, down to the first cause: a refused connection, an unknown host, no credentials. */
    private static String causes(SdkException e) {
        StringBuilder text = new StringBuilder();
        Throwable cause = e;
        for (int depth = 0; cause != null && depth < DEEPEST; depth++) {
            text.append(depth == 0 ? "" : ", caused by ")
                    .append(cause.getClass().getSimpleName())
                    .append(cause.getMessage() == null ? "" : ": " + cut(cause.getMessage()));
            cause = cause.getCause();
        }
        return text.toString();
    }

    private static String cut(String message) {
        return message.length() <= LONGEST_MESSAGE ? message : message.substring(0, LONGEST_MESSAGE) + " …";
    }

    static String code(AwsServiceException e) {
        String code = e.awsErrorDetails() == null ? null : e.awsErrorDetails().errorCode();
        return code == null ? e.getClass().getSimpleName() : code;
    }
}
