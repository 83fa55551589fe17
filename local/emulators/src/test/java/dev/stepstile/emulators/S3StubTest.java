package dev.stepstile.emulators;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class S3StubTest {
    @TempDir
    Path folder;

    private final HttpClient client = HttpClient.newHttpClient();
    private S3Stub stub;

    @BeforeEach
    void start() throws Exception {
        stub = S3Stub.start(folder);
        assertThat(call("PUT", "/bucket", "").statusCode()).isEqualTo(200);
    }

    @AfterEach
    void stop() {
        stub.close();
        client.close();
    }

    private HttpResponse<String> call(String method, String path, String body, String... headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(stub.endpoint() + path))
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), BodyHandlers.ofString());
    }

    @Test
    void an_object_that_was_put_is_there_after_a_restart() throws Exception {
        call("PUT", "/bucket/results/r/k%5B1%5D/1", "content");
        stub.close();
        stub = S3Stub.start(folder);
        assertThat(call("GET", "/bucket/results/r/k%5B1%5D/1", "").body()).isEqualTo("content");
        assertThat(call("HEAD", "/bucket/results/r/k%5B1%5D/1", "").statusCode())
                .isEqualTo(200);
    }

    @Test
    void an_empty_object_is_an_object() throws Exception {
        call("PUT", "/bucket/empty", "");
        HttpResponse<String> answer = call("GET", "/bucket/empty", "");
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEmpty();
    }

    @Test
    void what_is_missing_is_answered_as_s3_does() throws Exception {
        HttpResponse<String> answer = call("GET", "/bucket/none", "");
        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(answer.body()).contains("<Code>NoSuchKey</Code>");
        assertThat(call("HEAD", "/bucket/none", "").statusCode()).isEqualTo(404);
        assertThat(call("GET", "/other/none", "").body()).contains("<Code>NoSuchBucket</Code>");
    }

    @Test
    void a_bucket_is_made_once() throws Exception {
        HttpResponse<String> answer = call("PUT", "/bucket", "");
        assertThat(answer.statusCode()).isEqualTo(409);
        assertThat(answer.body()).contains("<Code>BucketAlreadyOwnedByYou</Code>");
    }

    @Test
    void chunks_with_signatures_and_a_trailer_are_put_together() throws Exception {
        call(
                "PUT",
                "/bucket/chunked",
                "5;chunk-signature=ab\r\nhello\r\n7\r\n, world\r\n0\r\nx-amz-checksum-crc32:abc\r\n\r\n",
                "Content-Encoding",
                "aws-chunked");
        assertThat(call("GET", "/bucket/chunked", "").body()).isEqualTo("hello, world");
    }

    @Test
    void no_key_leaves_the_bucket() throws Exception {
        call("PUT", "/bucket/%2E%2E%2F%2E%2E%2Fescaped", "content");
        assertThat(folder.resolveSibling("escaped")).doesNotExist();
        assertThat(call("GET", "/bucket/%2E%2E%2F%2E%2E%2Fescaped", "").body()).isEqualTo("content");
    }

    @Test
    void anything_else_is_said_to_be_missing_from_the_stub() throws Exception {
        assertThat(call("DELETE", "/bucket/a", "").statusCode()).isEqualTo(501);
        assertThat(call("GET", "/bucket?list-type=2", "").statusCode()).isEqualTo(501);
    }
}
