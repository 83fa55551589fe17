package dev.stepstile.functions;

import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.amazonaws.services.lambda.runtime.serialization.PojoSerializer;
import com.amazonaws.services.lambda.runtime.serialization.events.LambdaEventSerializers;
import com.amazonaws.services.lambda.runtime.serialization.factories.JacksonFactory;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The sample events, read as Lambda's runtime reads them. */
final class Events {
    static final Path FOLDER = Path.of("..", "events");

    private Events() {}

    static List<String> names() {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".json"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String text(String name) {
        try {
            return Files.readString(FOLDER.resolve(name + ".json"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static InputStream stream(String name) {
        return new ByteArrayInputStream(text(name).getBytes(StandardCharsets.UTF_8));
    }

    static SQSEvent sqs(String name) {
        PojoSerializer<SQSEvent> serializer =
                LambdaEventSerializers.serializerFor(SQSEvent.class, Events.class.getClassLoader());
        return serializer.fromJson(stream(name));
    }

    static List<String> bodies(String name) {
        return sqs(name).getRecords().stream().map(SQSEvent.SQSMessage::getBody).toList();
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> map(String name) {
        return (Map<String, Object>)
                JacksonFactory.getInstance().getSerializer(Map.class).fromJson(stream(name));
    }

    /** An answer as Lambda's runtime writes it. */
    static <T> String answered(T answer, Class<T> type) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PojoSerializer<T> serializer = LambdaEventSerializers.isLambdaSupportedEvent(type.getName())
                ? LambdaEventSerializers.serializerFor(type, Events.class.getClassLoader())
                : JacksonFactory.getInstance().getSerializer(type);
        serializer.toJson(answer, out);
        return out.toString(StandardCharsets.UTF_8);
    }
}
