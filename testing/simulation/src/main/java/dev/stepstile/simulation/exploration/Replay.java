package dev.stepstile.simulation.exploration;

import dev.stepstile.simulation.Outcome;
import dev.stepstile.simulation.SimulationConfig;
import dev.stepstile.simulation.faults.FaultProfile;
import dev.stepstile.simulation.faults.Faults;
import dev.stepstile.simulation.scenarios.Scenarios;
import dev.stepstile.simulation.system.Cluster;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * All that it takes to see a run again: {@code retried seed=340 at=duplicate@6}, or
 * {@code mixed steps=2000 seed=5 faults=rough}.
 *
 * @param faultProfile what goes wrong by chance, by the seed; then the surroundings are rough too
 * @param faults what goes wrong at calls that are named
 */
public record Replay(
        Scenarios.Named scenario, int steps, long seed, FaultProfile faultProfile, boolean rough, Faults faults) {
    private static final Duration AT_MOST = Duration.ofDays(60);
    private static final Pattern TEXT = Pattern.compile(
            "([a-z-]+)(?: steps=(\\d+))?(?: seed=(-?\\d+))?(?: faults=(\\S+))?(?: (rough))?(?: at=(.+))?");

    public static Replay of(Scenarios.Named scenario, int steps, long seed, FaultProfile faultProfile) {
        return new Replay(scenario, steps, seed, faultProfile, !faultProfile.calm(), Faults.NONE);
    }

    /** @throws IllegalArgumentException if it is not as {@link #toString} writes it */
    public static Replay parse(String text) {
        Matcher matcher = TEXT.matcher(text.strip());
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' names no run; one is written like: retried seed=340 at=duplicate@6");
        }
        Scenarios.Named scenario = Scenarios.named(matcher.group(1));
        String faults = matcher.group(4);
        FaultProfile faultProfile = faults == null ? FaultProfile.CALM : FaultProfile.parse(faults);
        return new Replay(
                scenario,
                matcher.group(2) == null ? scenario.steps() : Integer.parseInt(matcher.group(2)),
                matcher.group(3) == null ? 1 : Long.parseLong(matcher.group(3)),
                faultProfile,
                matcher.group(5) != null || !faultProfile.calm(),
                matcher.group(6) == null ? Faults.NONE : Faults.parse(matcher.group(6)));
    }

    public SimulationConfig config() {
        Cluster cluster = rough ? scenario.cluster().roughened() : scenario.cluster();
        return SimulationConfig.of(seed).with(cluster).with(faultProfile).with(faults);
    }

    public Outcome play(SimulationConfig config) {
        return scenario.sized().apply(steps).staged(config).run(AT_MOST);
    }

    /** The same, with these faults in addition to the random ones. */
    public Replay and(Faults others) {
        return new Replay(scenario, steps, seed, faultProfile, rough, others);
    }

    /** The same with these faults alone; rough surroundings stay. */
    Replay with(Faults others) {
        return new Replay(scenario, steps, seed, FaultProfile.CALM, rough, others);
    }

    /** The command that plays it and shows its trace, of a checkout. */
    public String command() {
        return command("./stepstile");
    }

    /** @param launcher as the user calls it */
    public String command(String launcher) {
        return launcher + " simulate --replay \"" + this + "\"";
    }

    @Override
    public String toString() {
        return scenario.name()
                + (steps == scenario.steps() ? "" : " steps=" + steps)
                + " seed=" + seed
                + (faultProfile.calm() ? "" : " faults=" + faultProfile.text())
                + (rough && faultProfile.calm() ? " rough" : "")
                + (faults.list().isEmpty() ? "" : " at=" + faults);
    }
}
