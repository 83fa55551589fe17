package dev.stepstile.aws;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.contracts.Samples;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** Items as the version before wrote them: each running step had a lease of its own, and a sweep read each open step. */
class OldItemsTest {
    private static AttributeValue number(long value) {
        return AttributeValue.fromN(Long.toString(value));
    }

    @Test
    void of_a_running_step_have_their_lease_where_the_deadline_is_now_and_name_no_worker() {
        Instant lease = Samples.NOW.plusSeconds(60);
        StepRecord written = Samples.with(Samples.running(Samples.runId(), "a"), new StepState.Running(lease, true));
        Map<String, AttributeValue> old =
                new LinkedHashMap<>(RecordItem.write(written).values());
        old.put("o", AttributeValue.fromS("0b7c2f6e-4a35-4f0c-9a3e-2f8f6d1c9e11"));
        old.put("p", AttributeValue.fromN("0.5"));
        old.put("pn", AttributeValue.fromS("half of it"));
        StepRecord read = RecordItem.read(old);
        assertThat(read.state()).isEqualTo(new StepState.Running(lease, true));
        assertThat(read.worker()).isNull();
        assertThat(read.attempt()).isEqualTo(written.attempt());
    }

    @Test
    void of_a_dispatch_have_all_its_open_steps_read_by_the_next_sweep() {
        Dispatch written = Samples.dispatch(Samples.runId(), "d1", Samples.NOW);
        Map<String, AttributeValue> old =
                new LinkedHashMap<>(DispatchItem.write(written).values());
        List.of("rt", "aa", "cr", "er")
                .forEach(name -> assertThat(old.remove(name)).isNotNull());
        old.put("sw", number(Samples.NOW.toEpochMilli()));
        Dispatch read = DispatchItem.read(old);
        assertThat(read.progress().reading()).isEqualTo(Dispatch.Reading.UNREAD);
        assertThat(read.progress().finished()).isEqualTo(written.progress().finished());
        assertThat(read.version()).isEqualTo(written.version());
    }
}
