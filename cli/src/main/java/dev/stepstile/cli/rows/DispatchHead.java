package dev.stepstile.cli.rows;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.http.DispatchApi;
import dev.stepstile.http.Http;
import dev.stepstile.http.TransferSize;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Sha256;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the dispatches of a run have in common: everything but their ids and their steps. */
final class DispatchHead {
    /** For the id of a dispatch and the names of its members. */
    private static final int RESERVED_BYTES = 1_000;

    private static final int ID_DIGITS = 32;
    private static final String DISPATCH_ID = "dispatchId";
    private static final String DEFAULTS = "defaults";

    private final @Nullable String givenId;
    private final boolean document;
    private final String common;
    private final String checked;

    private DispatchHead(@Nullable String givenId, boolean document, ObjectNode head) {
        this.givenId = givenId;
        this.document = document;
        this.common = members(head);
        ObjectNode defaults = Json.object();
        if (head.has(DEFAULTS)) {
            defaults.set(DEFAULTS, head.get(DEFAULTS));
        }
        this.checked = members(defaults);
    }

    /**
     * Of the settings, and of a document if the rows are in one.
     *
     * @throws BadRowException if the API would refuse it
     */
    static DispatchHead of(ObjectNode settings, @Nullable ObjectNode document) {
        ObjectNode head = document == null ? Json.object() : document.deepCopy();
        String givenId = head.path(DISPATCH_ID).textValue();
        check(head);
        head.remove(DISPATCH_ID);
        settings.properties().forEach(setting -> {
            if (setting.getKey().equals(DEFAULTS) && head.path(DEFAULTS) instanceof ObjectNode defaults) {
                merge(defaults, (ObjectNode) setting.getValue());
            } else {
                head.set(setting.getKey(), setting.getValue());
            }
        });
        check(head);
        return new DispatchHead(givenId, document != null, head);
    }

    private static void merge(ObjectNode defaults, ObjectNode settings) {
        settings.properties().forEach(setting -> {
            if (setting.getValue() instanceof ObjectNode more
                    && defaults.path(setting.getKey()) instanceof ObjectNode of) {
                of.setAll(more);
            } else {
                defaults.set(setting.getKey(), setting.getValue());
            }
        });
    }

    private static void check(ObjectNode head) {
        ObjectNode whole = head.deepCopy();
        whole.putArray("steps").addObject().put("key", "a").put("handler", "a");
        try {
            DispatchApi.check("run", Json.print(whole));
        } catch (Http.Problem e) {
            throw new BadRowException(String.valueOf(e.getMessage()).replace("Step 'a': ", ""));
        }
    }

    private static String members(ObjectNode head) {
        String text = Json.print(head);
        return text.length() == 2 ? "" : text.substring(1, text.length() - 1) + ",";
    }

    /** Whether the rows are the steps of a document. */
    boolean document() {
        return document;
    }

    /** How many bytes the steps of a dispatch may take, as {@link TransferSize} counts them. */
    long room() {
        return Limits.REQUEST_BYTES - RESERVED_BYTES - TransferSize.bytes(common);
    }

    /** A dispatch of one step, with whatever the step's validity depends on. */
    String with(String step) {
        return "{" + checked + "\"steps\":[" + step + "]}";
    }

    /**
     * A dispatch, whose id follows from its content, so that it is the same one when the rows are run again.
     *
     * @param number of the dispatch; the first is 0
     */
    String dispatch(int number, List<String> steps) {
        String content = common + "\"steps\":[" + String.join(",", steps) + "]}";
        String id = givenId == null
                ? "rows-" + Sha256.hex(content).substring(0, ID_DIGITS)
                : number == 0 ? givenId : derived(givenId, number);
        return "{\"dispatchId\":\"" + id + "\"," + content;
    }

    private static String derived(String given, int number) {
        String id = given + "." + number;
        return Limits.isDispatchId(id) ? id : Sha256.hex(given) + "." + number;
    }
}
