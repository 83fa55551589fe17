package dev.stepstile.aws;

import dev.stepstile.store.PortException;
import java.util.Set;
import java.util.function.Supplier;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;

/** Makes a call to AWS, and says in the project's words how it failed: which call, and never what it carried. */
final class Calls {
    /** What only a mistake in this code brings forth: trying again is pointless. */
    private static final Set<String> MISTAKES =
            Set.of("ValidationException", "SerializationException", "MissingParameter", "UnknownOperationException");

    private Calls() {}

    /**
     * @param what the call and the ids it is about
     * @throws PortException if the call failed, or its outcome is unknown
     */
    static <T> T call(String what, Supplier<T> call) {
        try {
            return call.get();
        } catch (AwsServiceException e) {
            String code = code(e);
            if (MISTAKES.contains(code)) {
                throw new IllegalStateException(what + " is not a request that AWS understands: " + code, e);
            }
            throw new PortException(what + ": " + code + " (HTTP " + e.statusCode() + ")", e);
        } catch (SdkException e) {
            throw new PortException(what + ": " + e.getClass().getSimpleName(), e);
        }
    }

    static String code(AwsServiceException e) {
        String code = e.awsErrorDetails() == null ? null : e.awsErrorDetails().errorCode();
        return code == null ? e.getClass().getSimpleName() : code;
    }
}
