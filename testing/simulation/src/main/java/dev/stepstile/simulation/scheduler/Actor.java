package dev.stepstile.simulation.scheduler;

import org.jspecify.annotations.Nullable;

/** One thread of a simulated process. Only its scheduler touches it, and only by the thread that has the baton. */
public final class Actor {
    public final SimulatedProcess process;
    final String name;
    final String fullName;
    final Runnable body;

    /** Null until the actor first gets the baton: many timers are cancelled before they need a thread. */
    @Nullable
    Thread thread;

    /** Raised whenever the actor is woken, so that what else would have woken it finds it gone. */
    long ticket;

    boolean interruptible;
    boolean interruptPending;

    Actor(SimulatedProcess process, String name, Runnable body) {
        this.process = process;
        this.name = name;
        this.fullName = process.name() + "/" + name;
        this.body = body;
    }

    @Override
    public String toString() {
        return fullName;
    }
}
