package dev.stepstile.functions.step;

import com.amazonaws.services.lambda.runtime.Context;
import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.codec.PayloadJson;
import dev.stepstile.port.PortException;
import dev.stepstile.step.Payload;
import dev.stepstile.usecase.AttemptFailed;
import dev.stepstile.usecase.AttemptRunner;
import dev.stepstile.usecase.StepAttempt;
import java.time.Instant;
import java.util.OptionalInt;
import software.amazon.lambda.powertools.idempotency.Idempotency;
import software.amazon.lambda.powertools.idempotency.IdempotencyConfig;
import software.amazon.lambda.powertools.idempotency.IdempotencyKey;
import software.amazon.lambda.powertools.idempotency.Idempotent;
import software.amazon.lambda.powertools.idempotency.exceptions.IdempotencyAlreadyInProgressException;
import software.amazon.lambda.powertools.idempotency.exceptions.IdempotencyItemAlreadyExistsException;
import software.amazon.lambda.powertools.idempotency.exceptions.IdempotencyPersistenceLayerException;
import software.amazon.lambda.powertools.idempotency.persistence.BasePersistenceStore;
import software.amazon.lambda.powertools.idempotency.persistence.DataRecord;

/**
 * Runs an attempt by Powertools idempotency, over a store that is fenced: what Powertools calls "save in progress",
 * "save success" and "delete" are the attempt's conditional claim, success and failure. The stock store would let a
 * late writer overwrite the winner's result, and a late failure delete the winner's record.
 *
 * <p>Powertools keeps one store for the whole JVM, so this one finds the attempt of the running message in a scoped value;
 * several workers can live in one JVM.
 */
final class FencedIdempotency implements AttemptRunner {
    static final ScopedValue<StepAttempt> CURRENT = ScopedValue.newInstance();

    static {
        Idempotency.config()
                .withConfig(IdempotencyConfig.builder().withUseLocalCache(false).build())
                .withPersistenceStore(new Store())
                .configure();
    }

    /** Powertools asks the context for the time that is left. */
    static void register(Context context) {
        Idempotency.registerLambdaContext(context);
    }

    @Override
    public void run(StepAttempt attempt) {
        ScopedValue.where(CURRENT, attempt).run(() -> {
            try {
                once(attempt.spec().id().toString(), attempt);
            } catch (AttemptFailed recorded) {
                // the store's delete has recorded it
            } catch (IdempotencyAlreadyInProgressException refused) {
                // held, waiting or suspect: the attempt's disposition shows which
            } catch (IdempotencyPersistenceLayerException e) {
                throw e.getCause() instanceof PortException port ? port : e;
            }
        });
    }

    /** Where the result is, as JSON; for a step that had ended, what Powertools replays. */
    @Idempotent
    static String once(@IdempotencyKey String step, StepAttempt attempt) throws AttemptFailed {
        return Json.print(PayloadJson.write(attempt.work()));
    }

    /** What Powertools calls, in terms of the current attempt. */
    static final class Store extends BasePersistenceStore {
        @Override
        public void saveInProgress(JsonNode step, Instant now, OptionalInt remainingMillis) {
            if (!CURRENT.get().claim()) {
                throw new IdempotencyItemAlreadyExistsException();
            }
        }

        @Override
        public void saveSuccess(JsonNode step, Object result, Instant now) {
            CURRENT.get().succeed(PayloadJson.read(Json.parse((String) result)));
        }

        @Override
        public void deleteRecord(JsonNode step, Throwable thrown) {
            if (thrown instanceof AttemptFailed failed) {
                CURRENT.get().fail(failed);
            }
        }

        @Override
        public DataRecord getRecord(JsonNode step, Instant now) {
            boolean ended = CURRENT.get().foundEnded();
            return new DataRecord(
                    step.asText(),
                    ended ? DataRecord.Status.COMPLETED : DataRecord.Status.INPROGRESS,
                    Instant.MAX.getEpochSecond(),
                    Json.print(PayloadJson.write(Payload.NULL)),
                    "");
        }

        @Override
        public DataRecord getRecord(String key) {
            throw new UnsupportedOperationException("replaced by the fenced getRecord");
        }

        @Override
        public void putRecord(DataRecord record, Instant now) {
            throw new UnsupportedOperationException("replaced by the fenced saveInProgress");
        }

        @Override
        public void updateRecord(DataRecord record) {
            throw new UnsupportedOperationException("replaced by the fenced saveSuccess");
        }

        @Override
        public void deleteRecord(String key) {
            throw new UnsupportedOperationException("replaced by the fenced deleteRecord");
        }
    }
}
