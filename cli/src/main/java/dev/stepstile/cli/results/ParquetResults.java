package dev.stepstile.cli.results;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.client.JsonValue;
import dev.stepstile.client.StepError;
import dev.stepstile.client.StepStatus;
import dev.stepstile.codec.Json;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

/**
 * Results in a Parquet file, whose metadata can be written only when all is known. Until then they are lines of JSON in a
 * file beside it, which survives the process; the Parquet file appears as a whole at the end, in place of the lines.
 */
final class ParquetResults implements ResultSink {
    private static final String LINES = ".part.jsonl";

    /** More than the metadata of our own files have that are looked at. */
    private static final int MOST_METADATA = 64 * 1024 * 1024;

    private final Path file;
    private final Path linesFile;
    private final String runId;
    private final ResultFile lines;

    private ParquetResults(Path file, Path linesFile, String runId, ResultFile lines) {
        this.file = file;
        this.linesFile = linesFile;
        this.runId = runId;
        this.lines = lines;
    }

    static ParquetResults open(Path file, String runId) {
        try {
            if (Files.exists(file) && !isOf(file, runId)) {
                throw new ResultsFileException(file + " has something else in it than results of run " + runId
                        + ". Name another file, or delete it.");
            }
        } catch (IOException e) {
            throw new ResultsFileException("The results cannot be written into " + file + ": " + e.getMessage());
        }
        Path linesFile = file.resolveSibling(file.getFileName() + LINES);
        return new ParquetResults(file, linesFile, runId, ResultFile.lines(linesFile, new JsonResultLines(), runId));
    }

    private static boolean isOf(Path file, String runId) throws IOException {
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            if (in.length() < 12) {
                return false;
            }
            in.seek(in.length() - 8);
            int size = Integer.reverseBytes(in.readInt());
            if (size < 0 || size > MOST_METADATA || size > in.length() - 8) {
                return false;
            }
            byte[] metadata = new byte[size];
            in.seek(in.length() - 8 - size);
            in.readFully(metadata);
            byte[] entry = ParquetWriter.runEntry(runId).toBytes();
            for (int i = 0; i + entry.length <= metadata.length; i++) {
                if (Arrays.equals(metadata, i, i + entry.length, entry, 0, entry.length)) {
                    return true;
                }
            }
            return false;
        }
    }

    @Override
    public boolean hasSuccess(String key) {
        return lines.hasSuccess(key);
    }

    @Override
    public void append(List<Result> results) {
        lines.append(results);
    }

    @Override
    public void complete() throws IOException {
        lines.complete();
        Path whole = file.resolveSibling(file.getFileName() + ".tmp");
        try (BufferedReader in = Files.newBufferedReader(linesFile, StandardCharsets.UTF_8);
                ResultWriter out =
                        new ParquetWriter(runId, new BufferedOutputStream(Files.newOutputStream(whole), 1 << 16))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                out.write(result(Json.parse(line)));
            }
        }
        Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        Files.delete(linesFile);
    }

    private static Result result(JsonNode line) {
        JsonNode error = line.path("error");
        return new Result(
                line.path("run").asText(),
                line.path("key").asText(),
                line.has("row") ? (Integer) line.path("row").intValue() : null,
                StepStatus.valueOf(line.path("state").asText()),
                line.path("attempt").asInt(),
                line.has("finishedAt") ? Instant.parse(line.path("finishedAt").asText()) : null,
                new Result.Outcome(
                        line.has("result") ? JsonValue.parse(Json.print(line.get("result"))) : null,
                        error.isObject()
                                ? new StepError(
                                        error.path("kind").asText(),
                                        error.path("message").asText())
                                : null));
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }
}
