package dev.stepstile.http;

import dev.stepstile.codec.Json;
import dev.stepstile.http.Http.Answer;
import dev.stepstile.http.Http.Problem;
import dev.stepstile.step.Sha256;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.RunQueries;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /v1/runs/{runId}/step/result}: the JSON of a result of any size, in pieces that an answer can
 * hold. Base64, as a piece may begin or end within a character, and because it needs no escaping in Lambda's answer.
 */
final class ResultPieces {
    /** Of a piece, before it is base64: 4 MB after it, of Lambda's 6 MB. */
    static final int PIECE_BYTES = 3 * 1024 * 1024;

    private final RunQueries queries;

    ResultPieces(RunQueries queries) {
        this.queries = queries;
    }

    Answer piece(StepRecord record, @Nullable String offsetText) {
        if (!(record.state() instanceof StepState.Succeeded succeeded)) {
            throw new Problem(
                    404,
                    "no-result",
                    "Step '" + record.id().stepKey() + "' is " + record.state().name()
                            + "; only a SUCCEEDED step has a result.");
        }
        byte[] result =
                queries.json(succeeded.result(), Long.MAX_VALUE).orElseThrow().getBytes(StandardCharsets.UTF_8);
        int offset = offset(offsetText, result.length);
        byte[] piece = Arrays.copyOfRange(result, offset, Math.min(result.length, offset + PIECE_BYTES));
        return Answer.json(
                200,
                Json.object()
                        .put("key", record.id().stepKey())
                        .put("attempt", record.attempt())
                        .put("size", result.length)
                        .put("sha256", Sha256.hex(result))
                        .put("offset", offset)
                        .put("content", Base64.getEncoder().encodeToString(piece)));
    }

    private static int offset(@Nullable String text, int size) {
        if (text == null) {
            return 0;
        }
        try {
            int offset = Integer.parseInt(text);
            if (offset >= 0 && offset <= size) {
                return offset;
            }
        } catch (NumberFormatException e) {
            // answered below
        }
        throw Problem.badRequest(
                "bad-offset", "'offset' must be from 0 to the result's size, which is " + size + " bytes.");
    }
}
