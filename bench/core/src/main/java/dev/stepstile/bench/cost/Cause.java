package dev.stepstile.bench.cost;

import dev.stepstile.simulatedaws.MeteredTable;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbRequest;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;

/** Why a call of the table is made. */
enum Cause {
    DISPATCH("dispatch: run, manifest, dispatch"),
    WORKER("worker's item: written, deleted"),
    CLAIM("claim"),
    HEARTBEAT("heartbeats"),
    LOOK("looks for silent workers"),
    END("result, with its place in the feed"),
    LOG("log pages"),
    KNOWN("the dispatch, once for each environment"),
    SWEEP("sweeps"),
    FEED("the feed, read once");

    private static final String WORKERS = "workers#";

    private final String text;

    Cause(String text) {
        this.text = text;
    }

    @Override
    public String toString() {
        return text;
    }

    /** The functions, each of which has clients of its own. */
    enum Function {
        DISPATCH,
        STEP,
        SWEEPER,
        RUNS;

        /** The name of its processes. */
        String process() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static Cause of(Function function, MeteredTable.Use use) {
        return switch (function) {
            case DISPATCH -> DISPATCH;
            case STEP -> ofStep(use.request());
            case SWEEPER -> SWEEP;
            case RUNS -> FEED;
        };
    }

    private static Cause ofStep(DynamoDbRequest request) {
        return switch (request) {
            case PutItemRequest put -> ofWritten(put.item());
            case UpdateItemRequest _ -> HEARTBEAT;
            case DeleteItemRequest _ -> WORKER;
            case QueryRequest _ -> LOOK;
            case DynamoDbRequest _ -> KNOWN;
        };
    }

    private static Cause ofWritten(Map<String, AttributeValue> item) {
        @Nullable AttributeValue pk = item.get("pk");
        @Nullable AttributeValue state = item.get("state");
        if (pk != null && pk.s().startsWith(WORKERS)) {
            return WORKER;
        }
        if (state == null) {
            return LOG;
        }
        return state.s().equals("RUNNING") ? CLAIM : END;
    }
}
