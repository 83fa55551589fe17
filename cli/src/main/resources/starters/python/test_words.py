import words


def test_the_words_of_a_text_are_counted(run_step):
    step = run_step(words.count, {"text": "to be or not to be"})
    assert (step.state, step.value) == ("SUCCEEDED", {"words": 6})


def test_they_are_counted_again_if_the_worker_is_lost(run_step):
    step = run_step(words.count, {"text": "to be"}, lose_worker=[1])
    assert (step.state, len(step.attempts)) == ("SUCCEEDED", 2)


def test_an_empty_text_fails_for_good(run_step):
    step = run_step(words.count, {"text": " "})
    assert (step.state, step.error) == ("FAILED", "The text is empty.")
