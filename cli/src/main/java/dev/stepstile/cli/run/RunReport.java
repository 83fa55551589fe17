package dev.stepstile.cli.run;

import dev.stepstile.cli.results.Result;
import java.util.List;

/** Says what happens to a run of rows, to people or to a program. Called from several threads. */
interface RunReport {
    /** The first thing that is said, before anything is dispatched. */
    void started(String runId, String rows);

    void progress(Standing standing);

    /** Something that the caller should know. */
    void note(String sentence);

    /** @param unsuccessful the first of the steps that did not succeed */
    void ended(Standing standing, List<Result> unsuccessful, String results);

    /** A question to whoever sits before the terminal: no progress is shown until {@link #answered}. */
    void asked(String question);

    void answered();
}
