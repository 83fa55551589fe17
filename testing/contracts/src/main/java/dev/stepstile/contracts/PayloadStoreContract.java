package dev.stepstile.contracts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.port.PayloadStore;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What every payload store keeps to. */
public abstract class PayloadStoreContract {
    protected abstract PayloadStore payloads();

    /** The largest content that the store must take. */
    protected int largest() {
        return 10 * 1024 * 1024;
    }

    private static byte[] bytes(int size, long seed) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @Test
    void what_is_put_is_there() {
        String key = "results/" + Samples.runId() + "/a/1";
        assertThat(payloads().exists(key)).isFalse();
        assertThat(payloads().get(key)).isEmpty();
        payloads().put(key, "größe 漢".getBytes(StandardCharsets.UTF_8));
        assertThat(payloads().exists(key)).isTrue();
        assertThat(payloads().get(key))
                .hasValueSatisfying(
                        content -> assertThat(content).isEqualTo("größe 漢".getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void putting_the_same_again_changes_nothing() {
        String key = "shared/" + Samples.runId();
        payloads().put(key, bytes(100, 1));
        payloads().put(key, bytes(100, 1));
        assertThat(payloads().get(key))
                .hasValueSatisfying(content -> assertThat(content).isEqualTo(bytes(100, 1)));
    }

    @Test
    void a_key_may_have_all_that_a_step_key_may_have() {
        String key = "results/" + Samples.runId() + "/a[1].b?_-~:@+=, |c/12";
        String other = key.replace("[1]", "[2]");
        payloads().put(key, bytes(10, 1));
        assertThat(payloads().exists(other)).isFalse();
        assertThat(payloads().get(key))
                .hasValueSatisfying(content -> assertThat(content).isEqualTo(bytes(10, 1)));
    }

    @Test
    void a_key_may_be_as_long_as_a_run_id_and_a_step_key_make_it() {
        String key = "results/" + "r".repeat(100) + Samples.runId() + "/" + "k".repeat(512) + "/100";
        payloads().put(key, bytes(10, 1));
        assertThat(payloads().exists(key)).isTrue();
    }

    @Test
    void the_largest_content_comes_out_as_it_went_in() {
        String key = "shared/" + Samples.runId();
        byte[] content = bytes(largest(), 7);
        payloads().put(key, content);
        assertThat(payloads().get(key))
                .hasValueSatisfying(read -> assertThat(read).isEqualTo(content));
    }

    @Test
    void many_at_once_do_not_mix() {
        String key = "shared/" + Samples.runId();
        StepStoreContract.atOnce(8, i -> {
            payloads().put(key + "-" + i, bytes(5000, i));
            return i;
        });
        for (int i = 0; i < 8; i++) {
            byte[] expected = bytes(5000, i);
            assertThat(payloads().get(key + "-" + i))
                    .hasValueSatisfying(read -> assertThat(read).isEqualTo(expected));
        }
    }
}
