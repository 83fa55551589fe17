package dev.stepstile.embedded;

import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.stepstile.codec.DispatchCodec;
import dev.stepstile.codec.Json;
import dev.stepstile.codec.RecordCodec;
import dev.stepstile.codec.RedriveCodec;
import dev.stepstile.embedded.EmbeddedDatabase.Session;
import dev.stepstile.port.ByteOrder;
import dev.stepstile.port.DamagedData;
import dev.stepstile.port.FeedEntry;
import dev.stepstile.port.LogPage;
import dev.stepstile.port.RunPosition;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.RedriveCall;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The table, on SQLite. A record's conditions are columns; all of it is in its body. */
final class EmbeddedStepStore implements StepStore {
    private static final WriteResult WRITTEN = new WriteResult.Written();

    private final EmbeddedDatabase database;

    EmbeddedStepStore(EmbeddedDatabase database) {
        this.database = database;
    }

    @Override
    public Run putRunIfAbsent(Run run) {
        return database.write(session -> {
            session.update(
                    "INSERT INTO run VALUES(?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    run.runId(),
                    run.createdAt().toEpochMilli(),
                    run.shards(),
                    run.cancelSeq());
            return run(session, run.runId()).orElseThrow();
        });
    }

    @Override
    public Optional<Run> run(String runId) {
        return database.read(session -> run(session, runId));
    }

    @Override
    public List<RunPosition> runs(@Nullable RunPosition after, int limit) {
        long createdAt = after == null ? Long.MAX_VALUE : after.createdAt().toEpochMilli();
        return database.read(session -> session.all(
                "SELECT created_at, run_id FROM run WHERE created_at <= ? AND (created_at < ? OR run_id > ?)"
                        + " ORDER BY created_at DESC, run_id LIMIT ?",
                row -> new RunPosition(Instant.ofEpochMilli(row.getLong(1)), row.getString(2)),
                createdAt,
                createdAt,
                after == null ? "" : after.runId(),
                limit));
    }

    @Override
    public boolean deletesByAge() {
        return false;
    }

    @Override
    public Optional<Run> raiseCancelSeq(String runId) {
        return database.write(session -> {
            session.update("UPDATE run SET cancel_seq = cancel_seq + 1 WHERE run_id = ?", runId);
            return run(session, runId);
        });
    }

    private static Optional<Run> run(Session session, String runId) throws SQLException {
        return session.one(
                "SELECT created_at, shards, cancel_seq FROM run WHERE run_id = ?",
                row -> new Run(runId, Instant.ofEpochMilli(row.getLong(1)), row.getInt(2), row.getLong(3)),
                runId);
    }

    @Override
    public Optional<Dispatch> putDispatchIfAbsent(Dispatch dispatch) {
        String body = ChecksummedJson.seal(DispatchCodec.write(dispatch));
        return database.write(session -> {
            int inserted = session.update(
                    "INSERT INTO dispatch VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    dispatch.runId(),
                    dispatch.dispatchId(),
                    dispatch.version(),
                    dispatch.openBucket(),
                    millis(dispatch.dueAt()),
                    body);
            return inserted == 1 ? Optional.empty() : dispatch(session, dispatch.runId(), dispatch.dispatchId());
        });
    }

    @Override
    public Optional<Dispatch> dispatch(String runId, String dispatchId) {
        return database.read(session -> dispatch(session, runId, dispatchId));
    }

    private static Optional<Dispatch> dispatch(Session session, String runId, String dispatchId) throws SQLException {
        return session.one(
                        "SELECT body FROM dispatch WHERE run_id = ? AND dispatch_id = ?",
                        row -> row.getString(1),
                        runId,
                        dispatchId)
                .map(row -> readDispatch(runId + "/" + dispatchId, row));
    }

    @Override
    public List<Dispatch> dispatches(String runId) {
        return database.read(session -> dispatches(session, runId));
    }

    private static List<Dispatch> dispatches(Session session, String runId) throws SQLException {
        return session
                .all(
                        "SELECT dispatch_id, body FROM dispatch WHERE run_id = ? ORDER BY dispatch_id",
                        row -> new Row(row.getString(1), row.getString(2)),
                        runId)
                .stream()
                .map(row -> readDispatch(runId + "/" + row.key(), row.body()))
                .toList();
    }

    @Override
    public Optional<RunWithDispatches> runWithDispatches(String runId) {
        return database.read(session -> {
            List<Dispatch> dispatches = dispatches(session, runId);
            return run(session, runId).map(run -> new RunWithDispatches(run, dispatches));
        });
    }

    @Override
    public boolean replace(Dispatch next) {
        String body = ChecksummedJson.seal(DispatchCodec.write(next));
        return database.write(session -> session.update(
                        "UPDATE dispatch SET version = ?, next_sweep_at = ?, body = ?"
                                + " WHERE run_id = ? AND dispatch_id = ? AND version = ?",
                        next.version(),
                        millis(next.dueAt()),
                        body,
                        next.runId(),
                        next.dispatchId(),
                        next.version() - 1))
                == 1;
    }

    @Override
    public Optional<RedriveCall> putRedriveIfAbsent(RedriveCall call) {
        String body = ChecksummedJson.seal(RedriveCodec.write(call));
        return database.write(session -> {
            int inserted = session.update(
                    "INSERT INTO redrive VALUES(?, ?, ?) ON CONFLICT DO NOTHING", call.runId(), call.redriveId(), body);
            return inserted == 1
                    ? Optional.empty()
                    : session.one(
                                    "SELECT body FROM redrive WHERE run_id = ? AND redrive_id = ?",
                                    row -> row.getString(1),
                                    call.runId(),
                                    call.redriveId())
                            .map(row ->
                                    ChecksummedJson.read("The redrive " + call.redriveId(), row, RedriveCodec::read));
        });
    }

    @Override
    public void putRedrive(RedriveCall done) {
        String body = ChecksummedJson.seal(RedriveCodec.write(done));
        database.write(session ->
                session.update("INSERT OR REPLACE INTO redrive VALUES(?, ?, ?)", done.runId(), done.redriveId(), body));
    }

    @Override
    public List<DispatchId> due(int bucket, Instant until, int limit) {
        return database.read(session -> session.all(
                "SELECT run_id, dispatch_id FROM dispatch WHERE bucket = ? AND next_sweep_at <= ?"
                        + " ORDER BY next_sweep_at LIMIT ?",
                row -> new DispatchId(row.getString(1), row.getString(2)),
                bucket,
                until.toEpochMilli(),
                limit));
    }

    @Override
    public WriteResult write(StepRecord next, Precondition expect) {
        String body = ChecksummedJson.seal(RecordCodec.write(next));
        return database.write(session -> changed(session, next, expect, body) == 1
                ? WRITTEN
                : new WriteResult.Refused(
                        record(session, next.id(), next.shard()).orElse(null)));
    }

    private static int changed(Session session, StepRecord next, Precondition expect, String body) throws SQLException {
        String update =
                "UPDATE record SET attempt = ?, owner = ?, state = ?, cancel_seq = ?, lease_until = ?, feed = ?,"
                        + " body = ? WHERE run_id = ? AND shard = ? AND step_key = ?"
                        + " AND attempt = ? AND owner = ? AND state = ? AND cancel_seq = ?"
                        // of a damaged body nothing is known: the refusal reads it, and says so
                        + " AND iif(json_valid(body), ifnull(json_extract(body, '$.cancelRequested'), 0), -1) = ?";
        return switch (expect) {
            case Precondition.Absent _ ->
                session.update(
                        "INSERT INTO record(attempt, owner, state, cancel_seq, lease_until, feed, body, run_id, shard,"
                                + " step_key) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                        arguments(next, body));
            case Precondition.Fence fence -> session.update(update, arguments(next, body, expected(fence)));
            case Precondition.AsRead(Precondition.Fence fence, Instant deadline) -> {
                List<@Nullable Object> expected = new ArrayList<>(List.of(expected(fence)));
                expected.add(millis(deadline));
                yield session.update(update + " AND lease_until IS ?", arguments(next, body, expected.toArray()));
            }
        };
    }

    private static Object[] expected(Precondition.Fence fence) {
        return new Object[] {
            fence.attempt(), fence.owner(), fence.state().name(), fence.cancelSeq(), fence.asked() ? 1 : 0
        };
    }

    /** What a write sets, then which record it writes, then what it expects there. */
    private static @Nullable Object[] arguments(StepRecord next, String body, @Nullable Object... expected) {
        List<@Nullable Object> all = new ArrayList<>();
        all.add(next.attempt());
        all.add(next.owner());
        all.add(next.state().name().name());
        all.add(next.cancelSeq());
        all.add(deadline(next));
        all.add(feed(next));
        all.add(body);
        all.add(next.id().runId());
        all.add(next.shard());
        all.add(next.id().stepKey());
        Collections.addAll(all, expected);
        return all.toArray();
    }

    private static @Nullable Long deadline(StepRecord record) {
        return record.state() instanceof StepState.Running running ? millis(running.deadline()) : null;
    }

    private static @Nullable String feed(StepRecord record) {
        return record.state() instanceof StepState.Ended ended
                ? FeedEntry.endedPosition(ended.finishedAt(), record.id().stepKey(), record.attempt())
                : null;
    }

    @Override
    public Optional<StepRecord> record(StepId id, int shard) {
        return database.read(session -> record(session, id, shard));
    }

    private static Optional<StepRecord> record(Session session, StepId id, int shard) throws SQLException {
        return body(session, id, shard).map(row -> readRecord(id, row));
    }

    private static StepRecord readRecord(StepId id, String row) {
        return readRecord(id.toString(), row);
    }

    private static StepRecord readRecord(String which, String row) {
        return ChecksummedJson.read("The record of step " + which, row, RecordCodec::read);
    }

    private static Dispatch readDispatch(String which, String row) {
        return ChecksummedJson.read("The dispatch " + which, row, DispatchCodec::read);
    }

    private static Optional<String> body(Session session, StepId id, int shard) throws SQLException {
        return session.one(
                "SELECT body FROM record WHERE run_id = ? AND shard = ? AND step_key = ?",
                row -> row.getString(1),
                id.runId(),
                shard,
                id.stepKey());
    }

    @Override
    public List<StepRecord> records(List<StepRef> steps) {
        List<StepRecord> records = new ArrayList<>();
        Map<StepRef, String> bodies = database.read(session -> {
            Map<StepRef, String> found = new LinkedHashMap<>();
            for (StepRef step : steps) {
                body(session, step.id(), step.shard()).ifPresent(body -> found.put(step, body));
            }
            return found;
        });
        bodies.forEach((step, body) -> records.add(readRecord(step.id(), body)));
        return records;
    }

    @Override
    public List<StepRecord> list(String runId, int shard, @Nullable String afterKey, int limit) {
        return database
                .read(session -> session.all(
                        "SELECT step_key, body FROM record WHERE run_id = ? AND shard = ? AND step_key > ?"
                                + " ORDER BY step_key LIMIT ?",
                        row -> new Row(row.getString(1), row.getString(2)),
                        runId,
                        shard,
                        afterKey == null ? "" : afterKey,
                        limit))
                .stream()
                .map(row -> readRecord(runId + "/" + row.key(), row.body()))
                .toList();
    }

    @Override
    public List<FeedEntry> feed(String runId, int shard, @Nullable String afterPosition, int limit) {
        String after = afterPosition == null ? "" : afterPosition;
        List<FeedEntry> entries = new ArrayList<>();
        List<EndedRow> rows = database.read(session -> {
            entries.addAll(session.all(
                    "SELECT step_key, attempt, number, at FROM page WHERE run_id = ? AND shard = ? AND feed > ?"
                            + " ORDER BY feed LIMIT ?",
                    row -> new FeedEntry.PageWritten(
                            row.getString(1), row.getInt(2), row.getInt(3), Instant.ofEpochMilli(row.getLong(4))),
                    runId,
                    shard,
                    after,
                    limit));
            return session.all(
                    "SELECT step_key, feed, body FROM record WHERE run_id = ? AND shard = ? AND feed > ?"
                            + " ORDER BY feed LIMIT ?",
                    row -> new EndedRow(row.getString(1), row.getString(2), row.getString(3)),
                    runId,
                    shard,
                    after,
                    limit);
        });
        rows.forEach(row -> entries.add(ended(row)));
        entries.sort(Comparator.comparing(FeedEntry::position, ByteOrder.OF_TEXT));
        return entries.size() > limit ? List.copyOf(entries.subList(0, limit)) : entries;
    }

    private static FeedEntry ended(EndedRow row) {
        try {
            return ended(row.position(), readRecord(row.position(), row.body()));
        } catch (DamagedData e) { // where it is in the feed is known all the same
            return FeedEntry.unknown(row.stepKey(), row.position());
        }
    }

    /** A row as it is in the table. */
    private record Row(String key, String body) {}

    /** A row of a step that has ended, with its position in the feed. */
    private record EndedRow(String stepKey, String position, String body) {}

    private static FeedEntry ended(String position, StepRecord record) {
        if (!(record.state() instanceof StepState.Ended ended)
                || !FeedEntry.at(position).equals(ended.finishedAt())
                || FeedEntry.number(position, 0) != record.attempt()) {
            throw new DamagedData("The record of step " + record.id() + " is not what its place in the feed says");
        }
        return new FeedEntry.Ended(
                record.id().stepKey(),
                record.attempt(),
                ended.name(),
                ended.finishedAt(),
                record.attempts().newest().pages(),
                ended instanceof StepState.Succeeded succeeded && succeeded.result() instanceof Payload.Inline inline
                        ? inline
                        : null);
    }

    @Override
    public void putPage(LogPage page) {
        database.write(session -> session.update(
                "INSERT INTO page VALUES(?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                        + " at = excluded.at, feed = excluded.feed, body = excluded.body",
                page.id().runId(),
                page.shard(),
                page.id().stepKey(),
                page.attempt(),
                page.number(),
                page.at().toEpochMilli(),
                FeedEntry.pagePosition(page.at(), page.id().stepKey(), page.attempt(), page.number()),
                lines(page.lines())));
    }

    @Override
    public List<LogPage> pages(StepId id, int shard, int attempt) {
        return database.read(session -> session.all(
                "SELECT number, at, body FROM page WHERE run_id = ? AND shard = ? AND step_key = ? AND attempt = ?"
                        + " ORDER BY number",
                row -> new LogPage(
                        id,
                        shard,
                        attempt,
                        row.getInt(1),
                        Instant.ofEpochMilli(row.getLong(2)),
                        ChecksummedJson.read("A log page of step " + id, row.getString(3), EmbeddedStepStore::lines)),
                id.runId(),
                shard,
                id.stepKey(),
                attempt));
    }

    private static String lines(List<String> lines) {
        ArrayNode array = Json.array();
        lines.forEach(array::add);
        return Json.print(array);
    }

    private static List<String> lines(String body) {
        List<String> lines = new ArrayList<>();
        Json.parse(body).forEach(line -> lines.add(line.asText()));
        return lines;
    }

    private static @Nullable Long millis(@Nullable Instant instant) {
        return instant == null ? null : instant.toEpochMilli();
    }
}
