"""Counts the words of a text."""

from dagster_pipes import PipesContext


def count(context: PipesContext) -> None:
    """One step: its input is the extras, its result a message."""
    words = context.get_extra("text").split()
    if not words:
        # No retry would help.
        context.report_custom_message({"stepstile.fail": {"message": "The text is empty."}})
        return
    context.report_custom_message({"stepstile.result": {"words": len(words)}})
