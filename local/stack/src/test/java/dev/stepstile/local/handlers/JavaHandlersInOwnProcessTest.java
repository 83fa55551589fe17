package dev.stepstile.local.handlers;

import dev.stepstile.local.StackOptions;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;

/** In a process beside the stack. */
@Tag("integration")
class JavaHandlersInOwnProcessTest extends JavaHandlersContract {
    @Override
    StackOptions with(StackOptions options, Path jar) {
        return options.withUserHandlers(new UserHandlers(jar.toString(), List.of()));
    }
}
