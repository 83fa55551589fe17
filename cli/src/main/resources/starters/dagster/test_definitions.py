from definitions import count, count_words


def test_the_words_of_a_text_are_counted():
    assert count("to be or not to be") == 6


def test_the_job_counts_the_words_of_all_texts():
    run = count_words.execute_in_process()
    assert run.output_for_node("total") == 11
