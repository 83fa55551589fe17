package dev.stepstile.process;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Signals process groups, which the JVM cannot, and kills those that it owns when this JVM ends, by {@code kill -9} too.
 * A shell does both: it is told what to do on its standard input, whose end is this JVM's.
 */
final class ProcessGroups implements AutoCloseable {
    static final String TERM = "TERM";
    static final String KILL = "KILL";

    /** Before a command: makes it the leader of a session and group of its own, under the same process id. */
    static final String NEW_GROUP = "setsid";

    private static final Logger LOG = LoggerFactory.getLogger(ProcessGroups.class);

    private static final String SCRIPT = """
            trap '' INT TERM HUP
            owned=
            while read -r word group; do
              case $word in
                own) owned="$owned $group" ;;
                free) rest=
                  for one in $owned; do [ "$one" = "$group" ] || rest="$rest $one"; done
                  owned=$rest ;;
                *) kill -s "$word" -- "-$group" ;;
              esac
            done
            for one in $owned; do kill -s KILL -- "-$one"; done
            """;

    private final ReentrantLock lock = new ReentrantLock();
    private final SortedSet<Long> owned = new TreeSet<>();
    private @Nullable Process shell;

    /** From now on the group is killed when this JVM ends. */
    void own(long group) throws IOException {
        lock.lock();
        try {
            owned.add(group);
            tell("own " + group);
        } finally {
            lock.unlock();
        }
    }

    /** The group has ended: kills what is left of it, and forgets it. */
    void end(long group) {
        lock.lock();
        try {
            if (owned.remove(group)) {
                tell(KILL + " " + group + "\nfree " + group);
            }
        } catch (IOException e) {
            LOG.warn("Process group {} could not be ended ({}); what it left may run on.", group, e.toString());
        } finally {
            lock.unlock();
        }
    }

    /** Sends a signal to each process of the group, if it is still there. */
    void signal(String signal, long group) {
        lock.lock();
        try {
            tell(signal + " " + group);
        } catch (IOException e) {
            LOG.warn("Process group {} could not be signalled ({}); it may run on.", group, e.toString());
        } finally {
            lock.unlock();
        }
    }

    private void tell(String line) throws IOException {
        Process told = shell;
        if (told == null || !told.isAlive()) {
            ProcessBuilder builder = new ProcessBuilder("sh", "-c", SCRIPT)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD);
            builder.environment().keySet().retainAll(List.of("PATH"));
            told = builder.start();
            shell = told;
            for (long group : owned) {
                write(told, "own " + group);
            }
        }
        write(told, line);
    }

    private static void write(Process shell, String line) throws IOException {
        OutputStream commands = shell.getOutputStream();
        commands.write((line + "\n").getBytes(StandardCharsets.US_ASCII));
        commands.flush();
    }

    /** Kills all groups that are owned. */
    @Override
    public void close() {
        lock.lock();
        try {
            Process told = shell;
            if (told != null) {
                told.getOutputStream().close();
                told.waitFor(5, TimeUnit.SECONDS);
            }
            owned.clear();
        } catch (IOException e) {
            LOG.warn("Process groups {} could not be ended ({}).", owned, e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }
}
