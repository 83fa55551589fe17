package dev.stepstile.local;

import dev.stepstile.api.StepHandler;
import dev.stepstile.local.handlers.HandlerProcesses;
import dev.stepstile.local.handlers.UserHandlers;
import dev.stepstile.local.parts.OpenParts;
import dev.stepstile.process.Reloading;
import dev.stepstile.process.WatchedProcessHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The handlers of a stack that may change while it runs: processes, and the user's Java. Neither may take a name that the
 * other or a built-in handler has.
 */
final class ChangingHandlers {
    private final Set<String> builtIn;
    private final @Nullable WatchedProcessHandlers processes;
    private final @Nullable HandlerProcesses java;
    private volatile Set<String> namesOfJava = Set.of();

    ChangingHandlers(StackOptions options, OpenParts parts) {
        StackOptions.Handlers from = options.handlers();
        Reloading reloading = new Reloading(from.reloaded(), options.console());
        builtIn = from.builtIn().stream().map(StepHandler::name).collect(Collectors.toSet());
        String configuration = from.processes();
        processes = configuration == null
                ? null
                : parts.opened(WatchedProcessHandlers.open(configuration, this::takenByJava, reloading));
        UserHandlers user = from.user();
        java = user == null
                ? null
                : parts.opened(new HandlerProcesses(user, options.state().folder(), this::takenByProcesses, reloading));
    }

    private Set<String> takenByJava() {
        Set<String> taken = new TreeSet<>(builtIn);
        taken.addAll(namesOfJava);
        return taken;
    }

    private Set<String> takenByProcesses() {
        Set<String> taken = new TreeSet<>(builtIn);
        if (processes != null) {
            taken.addAll(processes.names());
        }
        return taken;
    }

    /** The handlers; looks first whether they have changed. */
    List<StepHandler> handlers() {
        List<StepHandler> all = new ArrayList<>();
        if (java != null) {
            List<StepHandler> own = java.handlers();
            namesOfJava = own.stream().map(StepHandler::name).collect(Collectors.toSet());
            all.addAll(own);
        }
        if (processes != null) {
            all.addAll(processes.handlers());
        }
        return all;
    }

    /** Where each comes from, for people. */
    SortedMap<String, String> installed() {
        SortedMap<String, String> installed = new TreeMap<>();
        if (processes != null) {
            processes.names().forEach(name -> installed.put(name, "process"));
        }
        if (java != null) {
            java.installed()
                    .forEach((name, loaded) ->
                            installed.put(name, "Java, from " + loaded.from().getFileName()));
            namesOfJava = java.installed().keySet();
        }
        return installed;
    }
}
