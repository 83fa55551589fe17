package dev.stepstile.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import dev.stepstile.testing.ScriptedApi;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The conversations that the Python client's tests hold too. */
class ConversationsTest {
    static List<Conversation> scripted() throws IOException {
        return Conversation.in("scripted");
    }

    static List<Conversation> live() throws IOException {
        return Conversation.in("live");
    }

    @ParameterizedTest
    @MethodSource("scripted")
    void with_a_scripted_server(Conversation conversation) throws IOException {
        ManualPacing pacing = new ManualPacing();
        Instant begun = pacing.now();
        ConversationServer server = new ConversationServer(
                conversation.told().path("server"),
                conversation.told().path("within").asDouble(100),
                () -> seconds(Duration.between(begun, pacing.now())));
        try (ScriptedApi api = new ScriptedApi(server);
                StepstileClient client = new StepstileClient(ClientOptions.of(api.endpoint()), pacing)) {
            conversation.hold(client, run -> run);
        }
        assertThat(server.unexpected()).isEmpty();
        assertThat(server.missing()).as("was not asked for").isEmpty();
        JsonNode waits = conversation.told().path("waits");
        if (waits.isArray()) {
            assertThat(pacing.pauses()).hasSize(waits.size());
            for (int i = 0; i < waits.size(); i++) {
                double waited = seconds(pacing.pauses().get(i));
                if (waits.path(i).has("exactly")) {
                    assertThat(waited).isEqualTo(waits.path(i).path("exactly").asDouble());
                } else {
                    assertThat(waited)
                            .isLessThanOrEqualTo(waits.path(i).path("atMost").asDouble());
                }
            }
        }
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }

    @TestInstance(TestInstance.Lifecycle.PER_CLASS)
    abstract static class OnAStack {
        private final StackOptions.Kind kind;
        private LocalStack stack;
        private StepstileClient client;

        OnAStack(StackOptions.Kind kind) {
            this.kind = kind;
        }

        @BeforeAll
        void start(@TempDir Path folder) {
            stack = EmbeddedStack.start(folder, kind);
            client = StepstileClient.of(stack.endpoint());
        }

        @AfterAll
        void stop() {
            client.close();
            stack.close();
        }

        @ParameterizedTest
        @MethodSource("dev.stepstile.client.ConversationsTest#live")
        void a_conversation(Conversation conversation) {
            String own = "c" + Integer.toHexString(conversation.title().hashCode()) + "-";
            conversation.hold(client, run -> own + run);
        }
    }

    @Nested
    class With_the_embedded_stack extends OnAStack {
        With_the_embedded_stack() {
            super(StackOptions.Kind.EMBEDDED);
        }
    }

    @Nested
    @Tag("integration")
    class With_the_stack_on_emulators_of_AWS extends OnAStack {
        With_the_stack_on_emulators_of_AWS() {
            super(StackOptions.Kind.AWS);
        }
    }
}
