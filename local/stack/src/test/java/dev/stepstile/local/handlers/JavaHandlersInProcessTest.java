package dev.stepstile.local.handlers;

import dev.stepstile.api.StepHandler;
import dev.stepstile.local.StackOptions;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.List;

/** In the stack's own process, as in a Lambda function. */
class JavaHandlersInProcessTest extends JavaHandlersContract {
    @Override
    StackOptions with(StackOptions options, Path jar) throws Exception {
        ClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}); // for as long as the tests run
        StepHandler handler = (StepHandler)
                loader.loadClass("acme.Acts").getDeclaredConstructor().newInstance();
        return options.withHandlers(List.of(handler));
    }
}
