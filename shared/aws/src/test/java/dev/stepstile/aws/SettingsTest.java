package dev.stepstile.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.usecase.Timing;
import dev.stepstile.webhook.WebhookRules;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
    private static final Map<String, String> NEEDED = Map.of(
            "STEPSTILE_TABLE", "t",
            "STEPSTILE_QUEUE_URL", "https://queue",
            "STEPSTILE_DLQ_URL", "https://dead",
            "STEPSTILE_BUCKET", "b");

    private static final List<String> ENDPOINTS =
            List.of("STEPSTILE_DYNAMODB_ENDPOINT", "STEPSTILE_SQS_ENDPOINT", "STEPSTILE_S3_ENDPOINT");

    private static Map<String, String> with(String name, String value) {
        Map<String, String> environment = new HashMap<>(NEEDED);
        environment.put(name, value);
        return environment;
    }

    @Test
    void what_is_not_said_is_as_the_design_has_it() {
        assertThat(Settings.read(NEEDED))
                .isEqualTo(new Settings(
                        new ResourceNames("t", "https://queue", "https://dead", "b"),
                        new ServiceEndpoints(null, null, null),
                        Timing.of(
                                Duration.ofSeconds(15),
                                Duration.ofSeconds(5),
                                Duration.ofSeconds(60),
                                Duration.ofSeconds(30)),
                        8,
                        30,
                        new Settings.Notifying(null, WebhookRules.NONE, null)));
    }

    @Test
    void whom_dispatches_may_notify_is_an_event_bus_and_hosts_with_their_secrets() {
        Map<String, String> environment = with("STEPSTILE_EVENT_BUS", "steps");
        environment.put("STEPSTILE_WEBHOOK_HOSTS", "hooks.example.com, *.example.org:8443=partner");
        environment.put("STEPSTILE_WEBHOOK_PRIVATE", "true");
        environment.put("STEPSTILE_WEBHOOK_SECRETS", "arn:secret");
        assertThat(Settings.read(environment).notifying())
                .isEqualTo(new Settings.Notifying(
                        "steps",
                        new WebhookRules(
                                List.of(
                                        new WebhookRules.Host(false, "hooks.example.com", 443, "default"),
                                        new WebhookRules.Host(false, "*.example.org", 8443, "partner")),
                                true),
                        "arn:secret"));
        ENDPOINTS.forEach(name -> environment.put(name, "http://localhost:1"));
        assertThat(Settings.read(environment).notifying().eventBus())
                .as("an emulated stack has none")
                .isNull();
    }

    @Test
    void hosts_that_are_none_or_without_secrets_are_refused_by_name() {
        assertThatThrownBy(() -> Settings.read(with("STEPSTILE_WEBHOOK_HOSTS", "hooks.example.com")))
                .hasMessageContaining("STEPSTILE_WEBHOOK_SECRETS is missing");
        assertThatThrownBy(() -> Settings.read(with("STEPSTILE_WEBHOOK_HOSTS", "http://localhost:9000")))
                .hasMessageContaining("STEPSTILE_WEBHOOK_HOSTS: 'http://localhost:9000'");
    }

    @Test
    void seconds_may_have_a_fraction() {
        assertThat(Settings.read(with("STEPSTILE_LEASE_SECONDS", " 1.5 "))
                        .timing()
                        .lease())
                .isEqualTo(Duration.ofMillis(1500));
        assertThat(Settings.read(with("STEPSTILE_MARGIN_SECONDS", "0")).timing().margin())
                .isEqualTo(Duration.ZERO);
    }

    @Test
    void all_that_is_missing_is_named_at_once() {
        assertThatThrownBy(() -> Settings.read(Map.of("STEPSTILE_TABLE", " ")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(
                        "STEPSTILE_TABLE is missing",
                        "STEPSTILE_QUEUE_URL is missing",
                        "STEPSTILE_DLQ_URL is missing",
                        "STEPSTILE_BUCKET is missing");
    }

    @ParameterizedTest
    @CsvSource({
        "STEPSTILE_LEASE_SECONDS,0",
        "STEPSTILE_LEASE_SECONDS,a minute",
        "STEPSTILE_LEASE_SECONDS,86401",
        "STEPSTILE_LEASE_SECONDS,1e999999999",
        "STEPSTILE_MARGIN_SECONDS,-1",
        "STEPSTILE_SWEEP_SECONDS,0",
        "STEPSTILE_DISPATCH_TIMEOUT_SECONDS,0",
        "STEPSTILE_DYNAMODB_ENDPOINT,172.17.0.1:8000",
        "STEPSTILE_SQS_ENDPOINT,ftp://172.17.0.1",
        "STEPSTILE_S3_ENDPOINT,not a URL",
        "STEPSTILE_SHARDS,0",
        "STEPSTILE_SHARDS,65",
        "STEPSTILE_SHARDS,8.5",
        "STEPSTILE_RETENTION_DAYS,14",
        "STEPSTILE_RETENTION_DAYS,for ever"
    })
    void what_will_not_do_is_named_with_what_was_expected(String name, String value) {
        assertThatThrownBy(() -> Settings.read(with(name, value)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(name + " is '" + value + "'", "was expected");
    }

    @Test
    void an_empty_endpoint_is_none_as_the_template_has_it() {
        Map<String, String> environment = new HashMap<>(NEEDED);
        ENDPOINTS.forEach(name -> environment.put(name, ""));
        assertThat(Settings.read(environment).endpoints()).isEqualTo(new ServiceEndpoints(null, null, null));
    }

    @Test
    void endpoints_are_those_of_their_services() {
        Map<String, String> environment = new HashMap<>(NEEDED);
        environment.put("STEPSTILE_DYNAMODB_ENDPOINT", "http://172.17.0.1:1");
        environment.put("STEPSTILE_SQS_ENDPOINT", "http://172.17.0.1:2");
        environment.put("STEPSTILE_S3_ENDPOINT", "https://host.docker.internal:3");
        assertThat(Settings.read(environment).endpoints())
                .isEqualTo(new ServiceEndpoints(
                        URI.create("http://172.17.0.1:1"),
                        URI.create("http://172.17.0.1:2"),
                        URI.create("https://host.docker.internal:3")));
    }

    @Test
    void one_endpoint_alone_is_refused_as_the_other_services_would_be_those_of_aws() {
        for (String one : ENDPOINTS) {
            assertThatThrownBy(() -> Settings.read(with(one, "http://172.17.0.1:1")))
                    .hasMessageContainingAll(
                            ENDPOINTS.stream().filter(name -> !name.equals(one)).toArray(String[]::new))
                    .hasMessageContaining("is missing, while another endpoint is set");
        }
    }

    @Test
    void sam_local_without_its_variables_is_refused_and_told_what_to_do() {
        Map<String, String> asSamFillsIn = new HashMap<>(Settings.LOGICAL_IDS);
        asSamFillsIn.put("AWS_SAM_LOCAL", "true");
        assertThatThrownBy(() -> Settings.read(asSamFillsIn))
                .hasMessageContainingAll(NEEDED.keySet().toArray(String[]::new))
                .hasMessageContaining("'Table', the name of a resource in the template")
                .hasMessageEndingWith(
                        ". Start './stepstile local --aws --sam-env FILE', and call sam with '--env-vars FILE'.");
    }

    @Test
    void one_variable_that_sam_local_was_not_told_is_refused() {
        Settings.LOGICAL_IDS.forEach((name, id) -> {
            Map<String, String> environment = with(name, id);
            environment.put("AWS_SAM_LOCAL", "true");
            assertThatThrownBy(() -> Settings.read(environment)).hasMessageContaining(name + " is '" + id + "'");
        });
    }

    @Test
    void sam_local_on_a_deployed_stack_and_a_deployed_table_of_that_name_are_allowed() {
        Settings.read(with("AWS_SAM_LOCAL", "true"));
        Settings.read(with("STEPSTILE_TABLE", "Table"));
    }

    @Test
    void every_variable_that_is_named_is_read() {
        Map<String, String> nonsense = new HashMap<>(NEEDED);
        Settings.NAMES.stream()
                .filter(name -> !NEEDED.containsKey(name))
                .forEach(name -> nonsense.put(name, "nonsense"));
        assertThatThrownBy(() -> Settings.read(nonsense))
                .hasMessageContainingAll(Settings.NAMES.stream()
                        .filter(name -> !NEEDED.containsKey(name))
                        .toArray(String[]::new));
        assertThat(Settings.NAMES).containsAll(NEEDED.keySet());
    }
}
