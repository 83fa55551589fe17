package dev.stepstile.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.identity.spi.AwsSessionCredentialsIdentity;

/** Whose signature a client's calls have that was given an address and nothing else. */
class AwsCredentialsTest {
    private static final URI AWS = URI.create("https://abc123.execute-api.eu-west-1.amazonaws.com");
    private static final Signer.Request REQUEST = new Signer.Request("GET", AWS, Map.of(), "");

    /** The client's classes, where some of the AWS SDK are not on the class path. */
    private static final class Without extends ClassLoader {
        private final String missing;

        Without(String missing) {
            super(AwsCredentialsTest.class.getClassLoader());
            this.missing = missing;
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (name.startsWith(missing)) {
                throw new ClassNotFoundException(name);
            }
            if (!name.startsWith("dev.stepstile.client.")) {
                return super.loadClass(name, resolve);
            }
            Class<?> loaded = findLoadedClass(name);
            return loaded == null ? defined(name) : loaded;
        }

        private Class<?> defined(String name) throws ClassNotFoundException {
            try (InputStream bytes = getResourceAsStream(name.replace('.', '/') + ".class")) {
                byte[] all = bytes == null ? new byte[0] : bytes.readAllBytes();
                return defineClass(name, all, 0, all.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }

        Object called(String type, String method, Object... arguments) throws Exception {
            for (Method each : loadClass("dev.stepstile.client." + type).getDeclaredMethods()) {
                if (each.getName().equals(method) && each.getParameterCount() == arguments.length) {
                    each.setAccessible(true);
                    return each.invoke(null, arguments);
                }
            }
            throw new NoSuchMethodException(method);
        }
    }

    @Test
    void a_host_of_aws_is_signed_for_and_no_other() {
        assertThat(ClientOptions.of(AWS).signer()).isInstanceOf(SigV4Signer.class);
        assertThat(ClientOptions.of(URI.create("http://127.0.0.1:8787")).signer())
                .isSameAs(Signer.NONE);
    }

    @Test
    void they_are_those_of_the_sdks_chain() {
        assertThat(AwsCredentials.standard()).isInstanceOf(DefaultCredentialsProvider.class);
    }

    @Test
    void without_the_chain_they_are_those_of_the_variables() throws Exception {
        Object provider = new Without("software.amazon.awssdk.auth.").called("AwsCredentials", "standard");
        assertThat(provider.getClass().getSimpleName()).isEqualTo("Variables");
    }

    @Test
    void without_the_signer_the_error_says_what_to_add() {
        assertThatExceptionOfType(InvocationTargetException.class)
                .isThrownBy(() -> new Without("software.amazon.awssdk.").called("ClientOptions", "of", AWS))
                .havingCause()
                .isInstanceOf(IllegalStateException.class)
                .withMessageContaining("add software.amazon.awssdk:auth to the dependencies");
    }

    @Test
    void without_the_sdk_a_client_of_another_host_is_made() throws Exception {
        Object options =
                new Without("software.amazon.awssdk.").called("ClientOptions", "of", URI.create("http://127.0.0.1:1"));
        assertThat(options.toString()).contains("127.0.0.1");
    }

    @Test
    void the_variables_are_those_of_each_aws_tool() {
        Map<String, String> set = Map.of("AWS_ACCESS_KEY_ID", "id", "AWS_SECRET_ACCESS_KEY", "secret ");
        AwsCredentialsIdentity found =
                new AwsCredentials.Variables(set).resolveIdentity().join();
        assertThat(found.accessKeyId()).isEqualTo("id");
        assertThat(found.secretAccessKey()).isEqualTo("secret");
        assertThat(found).isNotInstanceOf(AwsSessionCredentialsIdentity.class);

        Map<String, String> ofASession =
                Map.of("AWS_ACCESS_KEY_ID", "id", "AWS_SECRET_ACCESS_KEY", "s", "AWS_SESSION_TOKEN", "token");
        assertThat(new AwsCredentials.Variables(ofASession).resolveIdentity().join())
                .isInstanceOfSatisfying(
                        AwsSessionCredentialsIdentity.class,
                        session -> assertThat(session.sessionToken()).isEqualTo("token"));
    }

    @Test
    void where_there_are_none_a_call_says_what_to_set() {
        SigV4Signer signer = new SigV4Signer("eu-west-1", new AwsCredentials.Variables(Map.of()));
        assertThatExceptionOfType(UnauthorisedException.class)
                .isThrownBy(() -> signer.sign(REQUEST))
                .withMessageContaining("set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
    }
}
