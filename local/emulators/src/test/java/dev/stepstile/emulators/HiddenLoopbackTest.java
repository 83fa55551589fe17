package dev.stepstile.emulators;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class HiddenLoopbackTest {
    @Test
    void is_loopback_and_the_same_for_the_whole_process() {
        InetAddress address = HiddenLoopback.address();
        assertThat(address.isLoopbackAddress()).isTrue();
        assertThat(HiddenLoopback.address()).isEqualTo(address);
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void is_none_that_has_a_name() {
        assertThat(HiddenLoopback.address().getHostAddress()).startsWith("127.").isNotIn("127.0.0.1", "127.0.1.1");
    }
}
