package dev.stepstile.cli.rows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.http.DispatchApi;
import dev.stepstile.http.Http;
import dev.stepstile.http.TransferSize;
import java.io.Closeable;
import java.io.IOException;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/** Makes a step of each row, and checks it by the rules of the API, so that nothing is refused later. */
final class StepReader implements Closeable {
    private static final String KEY = "key";

    private final RowReader rows;
    private final RowOptions options;
    private final DispatchHead head;
    private final boolean document;
    private final RowKeys keys;

    /** The keys that were noted before, if the rows are read again. */
    private final @Nullable Iterator<String> noted;

    /**
     * A step.
     *
     * @param json as an element of {@code steps}
     * @param bytes what it takes of a call
     */
    record ReadStep(String key, String json, long bytes) {}

    private StepReader(
            RowReader rows, RowOptions options, DispatchHead head, boolean document, RowKeys keys, boolean again) {
        this.rows = rows;
        this.options = options;
        this.head = head;
        this.document = document;
        this.keys = keys;
        this.noted = again ? keys.all().iterator() : null;
    }

    /**
     * Reads from the first row on.
     *
     * @param keys where the keys are noted; in a later pass, what an earlier one has noted
     */
    static StepReader open(RowSource source, RowOptions options, DispatchHead head, RowKeys keys, boolean again)
            throws IOException {
        return new StepReader(source.open(options.types()), options, head, head.document(), keys, again);
    }

    /** Null at the end. */
    @Nullable
    ReadStep next() throws IOException {
        Row row = rows.next();
        if (row == null) {
            if (noted != null && noted.hasNext()) {
                throw changed();
            }
            return null;
        }
        boolean isStep = document || options.kind() == RowKind.STEPS;
        if (!isStep && options.kind() == null) {
            refuseWhatLooksLikeAStep(row);
        }
        ObjectNode step = isStep ? step(row) : Json.object();
        if (!isStep) {
            step.put(KEY, key(row)).set("input", row.value());
        }
        String json = Json.print(step);
        check(row, json);
        String key = step.path(KEY).asText();
        if (isStep || options.keyName() != null) {
            note(row, key);
        }
        long bytes = TransferSize.bytes(json) + 1;
        if (bytes > head.room()) {
            throw new BadRowException(
                    row.name() + ": the step takes " + bytes + " bytes of a call, in which a quote counts"
                            + " as two, and the limit is " + head.room()
                            + "; put the data into your own storage and pass its location.");
        }
        return new ReadStep(key, json, bytes);
    }

    private static ObjectNode step(Row row) {
        if (row.value() instanceof ObjectNode step) {
            return step;
        }
        throw new BadRowException(row.name() + ": a step must be an object, as {\"key\": …, \"input\": …}.");
    }

    private static void refuseWhatLooksLikeAStep(Row row) {
        JsonNode value = row.value();
        if (value.path(KEY).isTextual()
                && (value.has("input") || value.path("handler").isTextual())) {
            throw new BadRowException(row.name() + ": this looks like a step, as it has 'key' and "
                    + (value.has("input") ? "'input'" : "'handler'")
                    + ", but rows are taken as inputs: add --rows steps, or --rows inputs if it is an input.");
        }
    }

    /** Of a row that is an input. */
    private String key(Row row) {
        String name = options.keyName();
        if (name == null) {
            return noted == null ? keys.derived(Json.print(row.value())) : nextNoted();
        }
        JsonNode key = row.value().path(name);
        if (key.isTextual() || key.isNumber()) {
            return key.asText();
        }
        throw new BadRowException(row.name() + ": '" + name + "' is to be the key and "
                + (key.isMissingNode() ? "is missing" : "is neither a string nor a number") + ".");
    }

    private void note(Row row, String key) {
        if (noted != null) {
            if (!nextNoted().equals(key)) {
                throw changed();
            }
            return;
        }
        Integer earlier = keys.named(key);
        if (earlier != null) {
            throw new BadRowException(row.name() + ": the key '" + key + "' is that of row " + earlier
                    + " too; a key names one step of a run.");
        }
    }

    private String nextNoted() {
        Iterator<String> known = noted;
        if (known == null || !known.hasNext()) {
            throw changed();
        }
        return known.next();
    }

    private static BadRowException changed() {
        return new BadRowException("the file has changed while it was read: run it again once it is complete.");
    }

    private void check(Row row, String step) {
        try {
            DispatchApi.check("run", head.with(step));
        } catch (Http.Problem e) {
            throw new BadRowException(row.name() + ": "
                    + String.valueOf(e.getMessage())
                            .replace(" (steps[0].key)", "")
                            .replace("steps[0]", "the step"));
        }
    }

    @Override
    public void close() throws IOException {
        rows.close();
    }
}
