package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.step.Limits;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Sha256;
import dev.stepstile.step.StepId;
import dev.stepstile.usecase.Payloads;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where JSON is put by its size, and what is got back. */
class PayloadsTest {
    private static final StepId ID = new StepId("r1", "a.b[c]?d~2");

    @TempDir
    Path folder;

    private Stack stack;
    private Payloads payloads;

    @BeforeEach
    void open() {
        stack = new Stack(folder);
        var ports = stack.faults.over(stack.ports);
        payloads = new Payloads(ports.items(), ports.objects());
    }

    @AfterEach
    void close() {
        stack.close();
    }

    /** A JSON string of so many bytes that does not compress. */
    private static String noise(int bytes) {
        Random random = new Random(bytes);
        StringBuilder text = new StringBuilder("\"");
        while (text.length() < bytes - 1) {
            text.append((char) ('#' + random.nextInt(56)));
        }
        return text.append('"').toString();
    }

    private void roundTrip(String json, Class<?> kind) throws Payloads.Missing {
        Payload result = payloads.putResult(ID, 3, json);
        Payload shared = payloads.putShared(json);
        assertThat(result).as("%d bytes", json.length()).isInstanceOf(kind);
        assertThat(shared).isInstanceOf(kind);
        assertThat(payloads.get(result)).isEqualTo(json);
        assertThat(payloads.get(shared)).isEqualTo(json);
    }

    @Test
    void small_JSON_stays_inline_and_costs_no_call() throws Payloads.Missing {
        roundTrip("null", Payload.Inline.class);
        roundTrip(noise(Limits.INLINE_BYTES), Payload.Inline.class);
        assertThat(stack.faults.calls()).isEmpty();
    }

    @Test
    void JSON_that_compresses_well_stays_inline_up_to_4_KB() throws Payloads.Missing {
        roundTrip("\"" + "0".repeat(Limits.INLINE_RAW_BYTES - 2) + "\"", Payload.Inline.class);
        roundTrip("\"" + "0".repeat(Limits.INLINE_RAW_BYTES - 1) + "\"", Payload.Item.class);
    }

    @Test
    void larger_JSON_is_an_item_and_then_an_object_and_bytes_decide() throws Payloads.Missing {
        roundTrip(noise(Limits.INLINE_BYTES + 300), Payload.Item.class);
        roundTrip(noise(Limits.ITEM_BYTES), Payload.Item.class);
        roundTrip(noise(Limits.ITEM_BYTES + 1), Payload.Stored.class);
        roundTrip("\"" + "漢".repeat(Limits.ITEM_BYTES / 3) + "\"", Payload.Stored.class);
        roundTrip(noise(1_000_000), Payload.Stored.class);
    }

    @Test
    void a_result_is_keyed_by_its_attempt_and_what_is_shared_by_its_content() {
        String json = noise(2_000);
        assertThat(payloads.putResult(ID, 3, json))
                .isInstanceOfSatisfying(
                        Payload.Item.class, item -> assertThat(item.key()).isEqualTo("results/r1/a.b[c]?d~2/3"));
        assertThat(payloads.putShared(json)).isInstanceOfSatisfying(Payload.Item.class, item -> {
            assertThat(item.key()).isEqualTo("shared/" + item.sha256());
            assertThat(item.size()).isEqualTo(2_000);
        });
        assertThat(payloads.putShared(json)).isEqualTo(payloads.putShared(json));
    }

    @Test
    void what_is_gone_or_is_not_what_was_put_is_missing() {
        Payload gone = new Payload.Item("results/r1/x/1", 5, "00");
        assertThatThrownBy(() -> payloads.get(gone))
                .isInstanceOf(Payloads.Missing.class)
                .hasMessageContaining("results/r1/x/1 is gone");
        byte[] other = "\"other\"".getBytes(StandardCharsets.UTF_8);
        for (String key : new String[] {"results/r1/y/1", "shared/abc"}) {
            stack.ports.objects().put(key, other);
            Payload stored = new Payload.Stored(key, other.length, Sha256.hex("\"mine\""));
            assertThatThrownBy(() -> payloads.get(stored))
                    .isInstanceOf(Payloads.Missing.class)
                    .hasMessageContaining("digest differs");
        }
    }

    @Test
    void what_is_shared_is_read_once_and_a_result_each_time() throws Payloads.Missing {
        String json = noise(20_000);
        Payload shared = payloads.putShared(json);
        Payload result = payloads.putResult(ID, 1, json);
        for (int i = 0; i < 5; i++) {
            payloads.get(shared);
            payloads.get(result);
        }
        assertThat(stack.faults.calls("objects.get")).isEqualTo(6);
    }
}
