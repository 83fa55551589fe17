"""The conversations of `testing/contracts/src/main/resources/conversations`, which the Java client's tests hold too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from conversations import Server, conversations, hold
from scripted_api import api
from stacks import LAUNCHER

from stepstile import StepstileClient
from stepstile.local_stack import LocalStack

SCRIPTED = conversations("scripted")
LIVE = conversations("live")


@pytest.mark.parametrize("title", SCRIPTED)
def test_with_a_scripted_server(title: str) -> None:
    conversation: dict[str, Any] = SCRIPTED[title]
    server = Server(conversation["server"], conversation.get("within", 100))
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        server.now += seconds

    with api(server.answer) as endpoint, StepstileClient(endpoint) as client:
        transport = client._transport  # pyright: ignore[reportPrivateUsage]
        transport.pause = wait
        transport.clock = lambda: server.now
        hold(client, conversation, lambda run: run)
    assert server.unexpected == []
    assert server.script == [], "was not asked for"
    if "waits" in conversation:
        assert len(waits) == len(conversation["waits"])
        for waited, told in zip(waits, conversation["waits"], strict=True):
            assert waited == told["exactly"] if "exactly" in told else waited <= told["atMost"]


@pytest.mark.parametrize("title", LIVE)
def test_with_the_embedded_stack(client: StepstileClient, run_id: str, title: str) -> None:
    hold(client, LIVE[title], lambda run: f"{run_id[-60:]}-{run}".strip("-"))


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StepstileClient]:
    """The adapters of AWS on emulators."""
    folder = tmp_path_factory.mktemp("aws")
    with (
        LocalStack(LAUNCHER, folder, lease_seconds=5, options=["--aws"]) as stack,
        StepstileClient(stack.endpoint) as client,
    ):
        yield client


@pytest.mark.parametrize("title", LIVE)
def test_with_the_stack_on_emulators_of_aws(aws: StepstileClient, run_id: str, title: str) -> None:
    hold(aws, LIVE[title], lambda run: f"{run_id[-60:]}-{run}".strip("-"))
