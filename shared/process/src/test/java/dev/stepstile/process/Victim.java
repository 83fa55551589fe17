package dev.stepstile.process;

import static dev.stepstile.process.RealPipes.act;
import static dev.stepstile.process.RealPipesTest.pids;

import dev.stepstile.testing.Eventually;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;

/** A worker's JVM that runs a command, a child of a warm host, and one whose host was killed, all with
 * processes that left their group; to be killed itself. */
final class Victim {
    private Victim() {}

    public static void main(String[] arguments) throws Exception {
        RealPipes pipes = new RealPipes();
        long[] orphan = pipes.start("warm", act("scatter").put("file", "/nowhere/at/all"))
                .processes();
        long host = pids(pipes.run("warm", new Attempt(), act("who")))[1];
        ProcessHandle.of(host).orElseThrow().destroyForcibly();
        Eventually.await(() -> !RealPipes.alive(host));
        long[] warm = pipes.start("warm", act("scatter").put("file", "/nowhere/at/all"))
                .processes();
        long successor = pids(pipes.run("warm", new Attempt(), act("who")))[1];
        long[] command = pipes.start("command", act("scatter").put("file", "/nowhere/at/all"))
                .processes();
        System.out.println(Arrays.stream(new long[][] {orphan, warm, command, {successor}})
                .flatMapToLong(Arrays::stream)
                .mapToObj(Long::toString)
                .collect(Collectors.joining(" ")));
        new CountDownLatch(1).await();
    }
}
