package dev.stepstile.cli.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SamEnvironmentTest {
    @TempDir
    Path folder;

    private SamEnvironment at(String host) {
        return SamEnvironment.of(folder.resolve("sam.json"), host);
    }

    @Test
    void a_name_leads_to_what_listens_on_loopback() {
        assertThat(at("host.docker.internal").address().getHostAddress()).isEqualTo("127.0.0.1");
    }

    @Test
    void an_address_of_this_machine_is_listened_on() {
        assertThat(at("127.0.0.2").address().getHostAddress()).isEqualTo("127.0.0.2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.77", "300.1.1.1", "1"})
    void an_address_of_no_interface_is_refused_with_where_to_find_the_right_one(String address) {
        assertThatThrownBy(() -> at(address))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(address + " is no address of this machine", "docker network inspect bridge");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "", "a b", "http://host", "host:1", "::1"})
    void what_is_no_single_host_is_refused(String host) {
        assertThatThrownBy(() -> at(host)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void a_file_in_a_folder_that_is_missing_is_refused_before_anything_starts() {
        assertThatThrownBy(() -> SamEnvironment.of(folder.resolve("missing/sam.json"), "host.docker.internal"))
                .hasMessageContaining("is not a file in a folder that exists");
        assertThatThrownBy(() -> SamEnvironment.of(folder, "host.docker.internal"))
                .hasMessageContaining("is not a file in a folder that exists");
    }

    @Test
    void the_file_has_what_the_template_declares_by_the_host_that_a_container_knows() throws Exception {
        SamEnvironment sam = at("host.docker.internal");
        sam.write(Map.of(
                "STEPSTILE_TABLE", "table",
                "STEPSTILE_QUEUE_URL", "http://127.0.0.1:7/000000000000/queue",
                "STEPSTILE_S3_ENDPOINT", "http://127.0.0.1:9",
                "AWS_REGION", "us-east-1"));
        assertThat(Files.readString(sam.file()))
                .contains(
                        "\"STEPSTILE_TABLE\" : \"table\"",
                        "\"STEPSTILE_QUEUE_URL\" : \"http://host.docker.internal:7/000000000000/queue\"",
                        "\"STEPSTILE_S3_ENDPOINT\" : \"http://host.docker.internal:9\"")
                .doesNotContain("AWS_REGION");
    }
}
