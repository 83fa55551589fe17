package dev.stepstile.simulation.report;

import dev.stepstile.simulation.Outcome;
import dev.stepstile.simulation.SimulationConfig;
import dev.stepstile.simulation.Timeline;
import dev.stepstile.simulation.exploration.Replay;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** One page that says what was simulated, how it went and what the auditor found; it needs nothing from elsewhere. */
public final class HtmlReport {
    private static final int WIDTH = 860;
    private static final int HEIGHT = 150;
    private static final int BARS = 24;

    private static final String STYLE = """
            :root{color-scheme:light dark;--ink:#1b1f24;--soft:#667;--line:#d5d8de;--page:#fff;--a:#2563c9;--b:#c2571a;--good:#1a7f4b;--bad:#b3261e}
            @media(prefers-color-scheme:dark){:root{--ink:#e6e8eb;--soft:#9aa3b0;--line:#3a414b;--page:#15181c;--a:#7aa8f5;--b:#f0a06a;--good:#5cc98f;--bad:#ff8a80}}
            body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:900px;margin:2rem auto;padding:0 1rem}
            h1{font-size:1.5rem}h2{font-size:1.05rem;margin:1.6rem 0 .3rem}table{border-collapse:collapse}
            td,th{padding:.15rem .9rem .15rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
            td.n{text-align:right}code{background:color-mix(in srgb,var(--ink) 9%,transparent);padding:.1rem .3rem;border-radius:3px}
            .good{color:var(--good)}.bad{color:var(--bad)}.verdict{font-size:1.15rem;font-weight:600}.soft{color:var(--soft)}
            svg{width:100%;height:auto;overflow:visible}svg text{fill:var(--soft);font-size:11px}
            """;

    private final Replay replay;
    private final Outcome outcome;
    private final StringBuilder page = new StringBuilder();

    private HtmlReport(Replay replay, Outcome outcome) {
        this.replay = replay;
        this.outcome = outcome;
    }

    /** A line of a chart. */
    private record Line(String name, String colour, ToDoubleFunction<Timeline.Sample> value) {}

    /** The page of a run. */
    public static String of(Replay replay, Outcome outcome) {
        return new HtmlReport(replay, outcome).written();
    }

    private String written() {
        page.append(
                        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>")
                .append("<title>Stepstile: ")
                .append(escaped(replay.toString()))
                .append("</title><style>")
                .append(STYLE)
                .append("</style><h1>Simulated: ")
                .append(escaped(replay.scenario().name()))
                .append("</h1><p>")
                .append(escaped(replay.scenario().what()))
                .append(".</p>");
        disposition();
        facts();
        chart(
                "Steps",
                new Line("accepted", "--b", Timeline.Sample::accepted),
                new Line("ended", "--a", Timeline.Sample::ended));
        chart(
                "Queue",
                new Line("waiting", "--a", Timeline.Sample::visible),
                new Line("in flight or delayed", "--b", Timeline.Sample::inFlight));
        chart(
                "Work",
                new Line("running", "--a", Timeline.Sample::running),
                new Line("retrying", "--b", Timeline.Sample::retrying));
        throughput();
        recoveries();
        struck();
        page.append("""
                <h2>Why this is worth something</h2><p>The use cases ran unmodified: the code of the dispatch, step, sweeper and
                runs functions, over a simulated table, queue, dead-letter queue and payload store that pass the contract suites
                of the real ones. Time is virtual, and one actor runs at a time. The seed decides everything, so this command
                gives the same trace on any machine:</p><p><code>""")
                .append(escaped(replay.command()))
                .append("</code></p><p>Trace hash <code>")
                .append(String.format("%016x", outcome.hash()))
                .append("</code>. What is not shown: that AWS behaves as the simulated services do.</p></html>");
        return page.toString();
    }

    private void disposition() {
        boolean held = outcome.violations().isEmpty();
        page.append("<p class='verdict ")
                .append(held ? "good'>Every guarantee held." : "bad'>A guarantee did not hold.");
        page.append(
                "</p><p>The auditor keeps a ledger of its own of every write, message, letter and attempt. It checked, at"
                        + " each effect: at most one result for a step, which never changes; a fence that only grows; budgets; leases"
                        + " that are respected; no message deleted before its step is durable; a letter for each dead step and no other;"
                        + " nothing closed that is not at rest; and in the end: every accepted step ended, its end told once by the feed."
                        + "</p>");
        if (!held) {
            page.append("<ul class=bad>");
            outcome.violations().forEach(each -> page.append("<li>").append(escaped(each)));
            page.append("</ul>");
        }
    }

    private void facts() {
        page.append("<table>");
        row("steps", String.format(Locale.ROOT, "%,d accepted", outcome.accepted()));
        outcome.ends().forEach((state, n) -> row(state.name(), String.format(Locale.ROOT, "%,d", n)));
        row("virtual time", minutes(outcome.took().toMillis()));
        row("port calls", String.format(Locale.ROOT, "%,d", outcome.portCalls()));
        row("seed, faults", replay.seed() + ", " + replay.faultProfile().text());
        row(
                "attempts lost and taken over",
                String.format(Locale.ROOT, "%,d", outcome.recoveries().size()));
        page.append("</table>");
    }

    private void row(String name, String value) {
        page.append("<tr><td class=soft>")
                .append(escaped(name))
                .append("<td class=n>")
                .append(escaped(value));
    }

    private void throughput() {
        List<Timeline.Sample> samples = outcome.samples();
        chart("Steps ended in a second", new Line("ended per second", "--a", sample -> {
            int i = samples.indexOf(sample);
            Timeline.Sample before = samples.get(Math.max(i - 1, 0));
            double seconds = (sample.millis() - before.millis()) / 1_000.0;
            return seconds <= 0 ? 0 : Math.max((sample.ended() - before.ended()) / seconds, 0);
        }));
    }

    private void chart(String title, Line... lines) {
        List<Timeline.Sample> samples = untilAllEnded();
        double end = Math.max(samples.getLast().millis(), 1);
        double most = 1;
        List<double[]> values = new ArrayList<>();
        for (Line line : lines) {
            double[] all = samples.stream().mapToDouble(line.value()).toArray();
            values.add(all);
            for (double value : all) {
                most = Math.max(most, value);
            }
        }
        heading(title, lines);
        axes(
                String.format(Locale.ROOT, "%,.0f", most),
                minutes(samples.getLast().millis()));
        for (int n = 0; n < lines.length; n++) {
            page.append("<polyline fill=none stroke-width=1.5 stroke='var(")
                    .append(lines[n].colour())
                    .append(")' points='");
            for (int i = 0; i < samples.size(); i++) {
                point(WIDTH * samples.get(i).millis() / end, HEIGHT * (1 - values.get(n)[i] / most));
            }
            page.append("'/>");
        }
        page.append("</svg>");
    }

    /** Without the end, when only messages of dead workers are waited for, until they show again and are deleted. */
    private List<Timeline.Sample> untilAllEnded() {
        List<Timeline.Sample> samples = outcome.samples();
        int all = samples.getLast().ended();
        int last = samples.size() - 1;
        while (last > 0 && samples.get(last - 1).ended() == all) {
            last--;
        }
        return samples.subList(0, Math.min(last + 2, samples.size()));
    }

    private void heading(String title, Line... lines) {
        page.append("<h2>").append(title).append(" <span class=soft>");
        for (Line line : lines) {
            page.append("<span style='color:var(")
                    .append(line.colour())
                    .append(")'>")
                    .append(line.name())
                    .append("</span> ");
        }
        page.append("</span></h2>");
    }

    private void axes(String most, String end) {
        page.append("<svg viewBox='0 -12 ")
                .append(WIDTH)
                .append(' ')
                .append(HEIGHT + 30)
                .append("'><path fill=none stroke='var(--line)' d='M0 0V")
                .append(HEIGHT)
                .append('H')
                .append(WIDTH)
                .append("'/><text x=4 y=-2>")
                .append(most)
                .append("</text><text x=")
                .append(WIDTH)
                .append(" y=")
                .append(HEIGHT + 14)
                .append(" text-anchor=end>")
                .append(end)
                .append("</text>");
    }

    private void point(double x, double y) {
        page.append(String.format(Locale.ROOT, "%.1f,%.1f ", x, y));
    }

    /** How long after its last heartbeat each lost attempt's step was taken over, and the bound on it. */
    private void recoveries() {
        List<Duration> all = outcome.recoveries();
        if (all.isEmpty()) {
            return;
        }
        SimulationConfig config = replay.config();
        long bound = config.cluster().recoveryBound().toMillis();
        long longest = all.stream().mapToLong(Duration::toMillis).max().orElse(1);
        long span = Math.max(longest, bound) + 1;
        int[] bars = new int[BARS];
        for (Duration each : all) {
            bars[(int) (each.toMillis() * BARS / span)]++;
        }
        int most = Arrays.stream(bars).max().orElseThrow();
        page.append("<h2>Recovery: from a lost worker's last heartbeat to its step taken over</h2>");
        axes(String.format(Locale.ROOT, "%,d", most), minutes(span));
        double width = (double) WIDTH / BARS;
        for (int i = 0; i < BARS; i++) {
            double height = (double) HEIGHT * bars[i] / most;
            page.append(String.format(
                    Locale.ROOT,
                    "<rect x=%.1f y=%.1f width=%.1f height=%.1f fill='var(--a)'/>",
                    i * width + 1,
                    HEIGHT - height,
                    width - 2,
                    height));
        }
        double at = (double) WIDTH * bound / span;
        page.append(String.format(
                Locale.ROOT,
                "<path stroke='var(--b)' d='M%.1f 0V%d'/><text x=%.1f y=-2 text-anchor=end>%s </text></svg>",
                at,
                HEIGHT,
                at - 3,
                config.bounded()
                        ? "bound: lease + margin + two sweeps"
                        : "would be the bound if sweeps were not struck too"));
    }

    private void struck() {
        if (outcome.struck().isEmpty()) {
            return;
        }
        page.append("<h2>What went wrong</h2><table>");
        outcome.struck().forEach((fault, n) -> row(fault, String.format(Locale.ROOT, "%,d", n)));
        page.append("</table>");
        if (!outcome.struckAt().isEmpty()) {
            page.append("<h2>Where</h2><table>");
            for (Map.Entry<String, ?> place : outcome.struckAt().entrySet()) {
                String faults = String.valueOf(place.getValue());
                row(place.getKey(), faults.substring(1, faults.length() - 1));
            }
            page.append("</table>");
        }
    }

    private static String minutes(long millis) {
        return millis < 600_000
                ? String.format(Locale.ROOT, "%.0f s", millis / 1_000.0)
                : String.format(Locale.ROOT, "%.0f min", millis / 60_000.0);
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;");
    }
}
