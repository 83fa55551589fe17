package dev.stepstile.local;

import com.amazonaws.services.lambda.runtime.api.client.AWSLambda;
import java.io.IOException;

/**
 * The process of an isolated function environment: AWS's runtime interface client, which a dead stack does not leave
 * behind. The stack holds the other end of standard input; when that closes, even by kill -9, this process ends.
 */
public final class WorkerMain {
    private static final int KILLED = 137;

    private WorkerMain() {}

    /** @param args the handler, as {@code class::method} */
    public static void main(String[] args) throws Throwable {
        Thread.ofPlatform().daemon().name("stack-is-there").start(WorkerMain::endWithTheStack);
        AWSLambda.main(args);
    }

    private static void endWithTheStack() {
        try {
            while (System.in.read() >= 0) {
                // the stack writes nothing; it only is there
            }
        } catch (IOException gone) {
            // as at its end
        }
        Runtime.getRuntime().halt(KILLED);
    }
}
