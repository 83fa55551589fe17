package dev.stepstile.bench.functions;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A control group whose processes share a part of one processor, as Lambda gives a function processors in proportion to
 * its memory: one at 1,769 MB. Making one takes root, and the cpu controller (version 1, or version 2 where it is delegated).
 */
final class CpuQuota implements AutoCloseable {
    /** https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
    private static final double MEGABYTES_OF_ONE_PROCESSOR = 1769;

    private static final long PERIOD_MICROS = 20_000;
    private static final Path VERSION_1 = Path.of("/sys/fs/cgroup/cpu");
    private static final Path VERSION_2 = Path.of("/sys/fs/cgroup");

    private final Path group;

    /** @param memory of the function, in MB */
    CpuQuota(int memory) {
        long quota = Math.round(PERIOD_MICROS * memory / MEGABYTES_OF_ONE_PROCESSOR);
        boolean first = Files.isDirectory(VERSION_1);
        group = (first ? VERSION_1 : VERSION_2)
                .resolve("stepstile-bench-" + ProcessHandle.current().pid());
        try {
            Files.createDirectories(group);
            if (first) {
                Files.writeString(group.resolve("cpu.cfs_period_us"), Long.toString(PERIOD_MICROS));
                Files.writeString(group.resolve("cpu.cfs_quota_us"), Long.toString(quota));
            } else {
                Files.writeString(group.resolve("cpu.max"), quota + " " + PERIOD_MICROS);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "No control group with a share of a processor can be made in " + group
                            + ": this takes root, and the cpu controller. Without --memory, no limit is set.",
                    e);
        }
    }

    /** What it starts from now on is within the quota too. */
    void take(Process process) {
        try {
            Files.writeString(group.resolve("cgroup.procs"), Long.toString(process.pid()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Its processes must have ended. */
    @Override
    public void close() {
        try {
            Files.deleteIfExists(group);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
