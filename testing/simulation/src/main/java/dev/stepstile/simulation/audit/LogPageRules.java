package dev.stepstile.simulation.audit;

import dev.stepstile.port.LogPage;
import dev.stepstile.simulation.ports.SimulatedStepStore;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.simulation.system.SimulatedHandler;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.util.List;
import java.util.NavigableMap;
import org.jspecify.annotations.Nullable;

/** An attempt's log pages are written before its end says how many there are, tell no result, and are whole. */
final class LogPageRules implements Check {
    private final Audit audit;
    private final SimulatedStepStore store;

    LogPageRules(Audit audit, SimulatedStepStore store) {
        this.audit = audit;
        this.store = store;
    }

    @Override
    public void pageWritten(StepLedger step, LogPage page) {
        if (page.lines().stream().anyMatch(line -> line.contains(SimulatedHandler.RESULT_MARK))) {
            audit.violated(
                    page.id(), "a page of attempt " + page.attempt() + " contains a result before it is recorded");
        }
        StepRecord record = step.last;
        if (record != null
                && record.attempt() == page.attempt()
                && AttemptHistory.endedByItsWorker(record)
                && page.number() >= record.attempts().newest().pages()) {
            audit.violated(
                    page.id(),
                    "page " + page.number() + " of attempt " + page.attempt() + " was written after its end");
        }
        LogPage stored = store.findPages(page.id(), page.attempt()).get(page.number());
        if (stored != null && !stored.lines().equals(page.lines())) {
            audit.violated(page.id(), "page " + page.number() + " of attempt " + page.attempt() + " was overwritten");
        }
    }

    @Override
    public void recordWritten(StepLedger step, @Nullable StepRecord before, StepRecord after) {
        if (before == null
                || !(before.state() instanceof StepState.Running)
                || !AttemptHistory.endedByItsWorker(after)) {
            return;
        }
        NavigableMap<Integer, LogPage> pages = store.findPages(after.id(), after.attempt());
        for (int number = 0; number < after.attempts().newest().pages(); number++) {
            if (!pages.containsKey(number)) {
                audit.violated(after.id(), "its end counts log page " + number + ", which was never written");
            }
        }
        int lines =
                pages.values().stream().map(LogPage::lines).mapToInt(List::size).sum();
        SimulatedProcess holder = step.holder;
        if (after.state() instanceof StepState.Succeeded
                && holder != null
                && after.attempts().newest().startedAt() != null
                && holder.undisturbedSince(after.attempts()
                        .newest()
                        .startedAt()
                        .minus(audit.clocks())
                        .toEpochMilli())
                && lines < step.lines) {
            audit.violated(
                    after.id(),
                    "attempt " + after.attempt() + " logged " + step.lines + " lines, and " + lines + " were written");
        }
    }
}
