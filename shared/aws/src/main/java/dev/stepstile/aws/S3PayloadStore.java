package dev.stepstile.aws;

import dev.stepstile.port.PayloadStore;
import java.util.Optional;
import java.util.function.Supplier;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.core.sync.ResponseTransformer;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * Payloads in a bucket; its lifecycle rule deletes them by age. Without the right to list the bucket, S3 answers 403
 * for a key that holds nothing, which would count as a failed call.
 */
public final class S3PayloadStore implements PayloadStore {
    private static final int NOT_FOUND = 404;

    private final Supplier<S3Client> s3;
    private final String bucket;

    /** @param s3 asked at the first call: few steps have payloads this large, and building a client takes its time */
    public S3PayloadStore(Supplier<S3Client> s3, String bucket) {
        this.s3 = s3;
        this.bucket = bucket;
    }

    @Override
    public void put(String key, byte[] content) {
        AwsCalls.call(
                "PutObject " + key,
                () -> s3.get()
                        .putObject(
                                request -> request.bucket(bucket).key(key).contentType("application/json"),
                                RequestBody.fromBytes(content)));
    }

    @Override
    public Optional<byte[]> get(String key) {
        return AwsCalls.call("GetObject " + key, () -> {
            try {
                return Optional.of(s3.get()
                        .getObject(request -> request.bucket(bucket).key(key), ResponseTransformer.toBytes())
                        .asByteArray());
            } catch (NoSuchKeyException e) {
                return Optional.empty();
            }
        });
    }

    @Override
    public boolean exists(String key) {
        return AwsCalls.call("HeadObject " + key, () -> {
            try {
                s3.get().headObject(request -> request.bucket(bucket).key(key));
                return true;
            } catch (S3Exception e) {
                if (e.statusCode() == NOT_FOUND) {
                    return false;
                }
                throw e;
            }
        });
    }
}
