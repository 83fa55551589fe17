"""``stepstile_executor``: a job's ops and assets, each run as a step of Stepstile."""

import ipaddress
import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

from dagster import (
    Array,
    DagsterEvent,
    Executor,
    ExecutorDefinition,
    ExecutorRequirement,
    Field,
    InitExecutorContext,
    Noneable,
    ScalarUnion,
    Selector,
    Shape,
    StringSource,
    executor,
)

from dagster_stepstile import _dagster
from dagster_stepstile._orchestration import Orchestration
from dagster_stepstile._outgoing import Settings
from stepstile import StepstileClient, StepstileError

_stand_in: ContextVar[Executor | None] = ContextVar("stepstile_stand_in", default=None)


@contextmanager
def standing_in(other: Executor) -> Generator[None, None, None]:
    """Makes ``stepstile_executor`` create ``other``: on a worker there is nothing to orchestrate."""
    token = _stand_in.set(other)
    try:
        yield
    finally:
        _stand_in.reset(token)


class StepstileExecutor(Executor):
    """Dispatches a run's steps to Stepstile as they become ready, and writes their events to the run's log."""

    def __init__(self, settings: Settings, client: StepstileClient) -> None:
        self._settings = settings
        self._client = client

    @property
    def retries(self) -> Any:
        return self._settings.retries

    @property
    def step_dependency_config(self) -> Any:
        return self._settings.step_dependencies

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[DagsterEvent]:
        try:
            yield from Orchestration(
                self, self._settings, self._client, plan_context, execution_plan
            ).events()
        finally:
            self._client.close()


_CONFIG: Mapping[str, Any] = {
    "endpoint": Field(
        StringSource,
        is_required=False,
        description="The URL of Stepstile: printed by 'stepstile local', or the ApiUrl of the deployed stack. Defaults to"
        " $STEPSTILE_ENDPOINT (not needed on workers).",
    ),
    "handler": Field(
        StringSource,
        default_value="dagster",
        description="The process handler that runs steps. An op's tag 'stepstile/handler' overrides it.",
    ),
    "tenant": Field(
        Noneable(StringSource),
        default_value=None,
        description="Whose steps these are: on AWS, one tenant's backlog delays other tenants less. By default, each run is"
        " a tenant of its own. A run's tag 'stepstile/tenant' overrides it.",
    ),
    "aws_region": Field(
        Noneable(StringSource),
        default_value=None,
        description="The region to sign requests for (SigV4). By default, taken from the endpoint's name.",
    ),
    "patience_seconds": Field(
        int,
        default_value=60,
        description="How long to retry a request to Stepstile before failing the run.",
    ),
    "retries": Field(
        Selector({"enabled": {}, "disabled": {}}),
        default_value={"enabled": {}},
        description="Whether Dagster's own retries (RetryPolicy, RetryRequested) are enabled.",
    ),
    "max_concurrent": Field(
        Noneable(int),
        default_value=None,
        description="How many steps of a run may run at the same time; no limit if null.",
    ),
    "tag_concurrency_limits": Field(
        Array(
            Shape(
                {
                    "key": str,
                    "value": Field(
                        ScalarUnion(
                            scalar_type=str, non_scalar_schema=Shape({"applyLimitPerUniqueValue": bool})
                        ),
                        is_required=False,
                    ),
                    "limit": Field(int),
                }
            )
        ),
        is_required=False,
        description="How many steps of a run with a tag (and a value of it) may run at the same time.",
    ),
    "max_attempts": Field(
        int,
        default_value=3,
        description="How often a step may lose its worker before it fails. An op's tag 'stepstile/max_attempts' overrides"
        " it. Independent of Dagster's retries of a failed op.",
    ),
    "timeout_seconds": Field(
        int,
        default_value=880,
        description="How long an attempt may run. An op's tag 'stepstile/timeout_seconds' overrides it.",
    ),
    "step_dependency_config": Field(
        Shape({"require_upstream_step_success": Field(bool, default_value=True)}),
        is_required=False,
        description="As for Dagster's own executors: whether a step waits for its upstream steps to succeed, or only for"
        " the outputs that it uses.",
    ),
    "env_vars": Field(
        Array(StringSource),
        is_required=False,
        description="Environment variables to pass to steps: NAME, with the run worker's value, or NAME=value. They are"
        " stored with the run's steps, and everyone who may read the steps may read them. Set secrets in the environment of"
        " the workers instead.",
    ),
    "resources_may_differ": Field(
        Array(str),
        is_required=False,
        description="Resources whose config is computed when code is loaded, and may differ between a worker and the run"
        " worker. Workers on other machines refuse steps if the config of another resource differs.",
    ),
    "local_storage": Field(
        bool,
        is_required=False,
        description="Whether run worker and workers share a file system, so that an IO manager may keep outputs in"
        " local files. Defaults to true if the endpoint is on this machine.",
    ),
}


def _requirements(_: Mapping[str, object]) -> Sequence[ExecutorRequirement]:
    return [ExecutorRequirement.RECONSTRUCTABLE_JOB, ExecutorRequirement.PERSISTENT_OUTPUTS]


@executor(name="stepstile", config_schema=_CONFIG, requirements=_requirements)
def stepstile_executor(init_context: InitExecutorContext) -> Executor:
    """Runs each step of a job on Stepstile: ``@job(executor_def=stepstile_executor)``."""
    stand_in = _stand_in.get()
    if stand_in is not None:
        return stand_in
    config: Any = init_context.executor_config
    endpoint = _endpoint(config.get("endpoint"))
    local = config.get("local_storage")
    own_names = config.get("env_vars") or ()
    settings = Settings(
        handler=config["handler"],
        tenant=config["tenant"],
        retries=_dagster.retry_mode("DISABLED" if "disabled" in config["retries"] else "ENABLED"),
        max_concurrent=config["max_concurrent"],
        tag_concurrency_limits=config.get("tag_concurrency_limits") or (),
        max_attempts=config["max_attempts"],
        timeout_seconds=config["timeout_seconds"],
        local_storage=_is_this_machine(endpoint) if local is None else local,
        same_machine=_is_this_machine(endpoint),
        step_dependencies=_dagster.step_dependencies(init_context, config.get("step_dependency_config")),
        environment=dict(map(_variable, own_names)),
        resources_may_differ=config.get("resources_may_differ") or (),
    )
    return StepstileExecutor(
        settings,
        StepstileClient(
            endpoint, aws_region=config["aws_region"], patience_seconds=config["patience_seconds"]
        ),
    )


def _endpoint(configured: str | None) -> str:
    endpoint = configured or os.environ.get("STEPSTILE_ENDPOINT")
    if not endpoint:
        raise StepstileError(
            "stepstile_executor has no endpoint: set STEPSTILE_ENDPOINT where runs are launched, or 'endpoint' in the"
            " executor's config, to the URL that 'stepstile local' prints or the ApiUrl of the stack."
        )
    return endpoint


def _variable(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if separator:
        return name, value
    if name not in os.environ:
        raise StepstileError(
            f"'env_vars' in the executor's config lists {name}, which is not set on the run worker: set it where runs are"
            f" launched, or write '{name}=value'."
        )
    return name, os.environ[name]


def is_ours(definition: ExecutorDefinition | None) -> bool:
    """Whether a job's executor is this one, configured or not."""
    return (
        definition is not None and definition.executor_creation_fn is stepstile_executor.executor_creation_fn
    )


def _is_this_machine(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
