package dev.stepstile.process;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Signals process groups, which the JVM cannot, and kills those that it owns when this JVM ends, by {@code kill -9} too.
 * A shell does both: it reads commands from its standard input, which ends with this JVM.
 *
 * <p>What has left its group (a session of its own, a daemon) is found by {@link #MARK} in the environment with which its
 * program, or that of the process that it was forked from, was started. That takes {@code /proc}: elsewhere, and where a
 * program was given another environment, it is not found.
 */
final class ProcessGroups implements AutoCloseable {
    static final String TERM = "TERM";
    static final String KILL = "KILL";

    /** Before a command: makes it the leader of a session and group of its own, under the same process id. */
    static final String NEW_GROUP = "setsid";

    /** The variable that holds the folder of the attempt or host to which a process belongs. */
    static final String MARK = "STEPSTILE_STEP";

    private static final Logger LOG = LoggerFactory.getLogger(ProcessGroups.class);

    private static final String SCRIPT = """
            trap '' INT TERM HUP
            owned=
            end_marked() {
              for again in 1 2 3 4 5; do
                found=
                for file in $(grep -lsF -e "$1" /proc/[0-9]*/environ); do
                  file=${file#/proc/}
                  found="$found ${file%/environ}"
                done
                [ -n "$found" ] || return
                kill -s KILL $found
              done
            }
            while read -r word group; do
              case $word in
                own) owned="$owned $group" ;;
                free) rest=
                  for one in $owned; do [ "$one" = "$group" ] || rest="$rest $one"; done
                  owned=$rest ;;
                marked) end_marked "$group" ;;
                *) kill -s "$word" -- "-$group" ;;
              esac
            done
            for one in $owned; do kill -s KILL -- "-$one"; done
            end_marked "$1"
            """;

    private final Path folder;
    private final ReentrantLock lock = new ReentrantLock();
    private final SortedMap<Long, Path> owned = new TreeMap<>();
    private @Nullable Process shell;

    /** @param folder the worker's folder, in which each attempt and host has its own */
    ProcessGroups(Path folder) {
        this.folder = folder;
    }

    /** The value of {@link #MARK} for processes of this folder: of an attempt, of a host, or of a whole worker. */
    static String mark(Path folder) {
        return folder + "/"; // or attempt-1 would stand for attempt-12 too
    }

    /** The worker's folder. */
    Path folder() {
        return folder;
    }

    /**
     * From now on the group is killed when this JVM ends.
     *
     * @param attempt the folder with which the group's processes are marked
     */
    void adopt(long group, Path attempt) throws IOException {
        lock.lock();
        try {
            owned.put(group, attempt);
            send("own " + group);
        } finally {
            lock.unlock();
        }
    }

    /** The group's leader has ended: kills the processes that are left in the group or have left it, and forgets the group. */
    void end(long group) {
        lock.lock();
        try {
            Path attempt = owned.remove(group);
            if (attempt != null) {
                send(KILL + " " + group + "\nfree " + group + "\n" + marked(attempt));
            }
        } catch (IOException e) {
            LOG.warn(
                    "Process group {} could not be ended ({}); its other processes may still run.",
                    group,
                    e.toString());
        } finally {
            lock.unlock();
        }
    }

    /** Kills all processes that are marked with this folder. */
    void endMarked(Path of) {
        lock.lock();
        try {
            send(marked(of));
        } catch (IOException e) {
            LOG.warn("Processes of {} could not be killed ({}); they may still run.", of, e.toString());
        } finally {
            lock.unlock();
        }
    }

    private static String marked(Path folder) {
        return "marked " + MARK + "=" + mark(folder);
    }

    /** Sends a signal to each process of the group, if it is still there. */
    void signal(String signal, long group) {
        lock.lock();
        try {
            send(signal + " " + group);
        } catch (IOException e) {
            LOG.warn("Process group {} could not be signalled ({}); it may still run.", group, e.toString());
        } finally {
            lock.unlock();
        }
    }

    private void send(String line) throws IOException {
        Process running = shell;
        if (running == null || !running.isAlive()) {
            ProcessBuilder builder = new ProcessBuilder("sh", "-c", SCRIPT, "sh", MARK + "=" + mark(folder))
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD);
            builder.environment().keySet().retainAll(List.of("PATH"));
            running = builder.start();
            shell = running;
            for (long group : owned.keySet()) {
                write(running, "own " + group);
            }
        }
        write(running, line);
    }

    private static void write(Process shell, String line) throws IOException {
        OutputStream commands = shell.getOutputStream();
        commands.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        commands.flush();
    }

    /** Kills all groups that are owned. */
    @Override
    public void close() {
        lock.lock();
        try {
            Process running = shell;
            if (running != null) {
                running.getOutputStream().close();
                running.waitFor(5, TimeUnit.SECONDS);
            }
            owned.clear();
        } catch (IOException e) {
            LOG.warn("Process groups {} could not be ended ({}).", owned.keySet(), e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }
}
