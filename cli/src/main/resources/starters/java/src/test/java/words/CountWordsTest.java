package words;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.stepstile.testkit.Moment;
import dev.stepstile.testkit.StepOutcome;
import dev.stepstile.testkit.StepTest;
import org.junit.jupiter.api.Test;
import words.CountWords.Count;
import words.CountWords.Text;

class CountWordsTest {
    @Test
    void counts_the_words_of_a_text() throws Exception {
        StepOutcome step =
                StepTest.of(new CountWords()).input(new Text("to be or not to be")).run();
        step.assertSucceeded();
        assertEquals(new Count(6), step.result(Count.class));
    }

    @Test
    void counts_them_again_if_its_worker_is_lost() throws Exception {
        StepOutcome step = StepTest.of(new CountWords())
                .input(new Text("to be"))
                .loseWorker(Moment.end())
                .run();
        step.assertSucceeded();
        assertEquals(2, step.attempts().size());
    }

    @Test
    void an_empty_text_fails_for_good() throws Exception {
        StepTest.of(new CountWords()).input(new Text(" ")).run().assertFailed();
    }
}
