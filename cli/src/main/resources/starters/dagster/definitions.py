"""A job that counts the words of many texts: one step for each, on Stepstile."""

from dagster import Definitions, DynamicOut, DynamicOutput, job, op
from dagster_stepstile import stepstile_executor

TEXTS = {"hamlet": "to be or not to be", "motto": "each exactly once in effect"}


@op(out=DynamicOut(str))
def texts():
    for name, text in TEXTS.items():
        yield DynamicOutput(text, mapping_key=name)


@op
def count(text: str) -> int:
    return len(text.split())


@op
def total(context, counts: list[int]) -> int:
    context.log.info(f"{sum(counts)} words")
    return sum(counts)


@job(executor_def=stepstile_executor)
def count_words():
    total(texts().map(count).collect())


defs = Definitions(jobs=[count_words])
