"""The one place that uses parts of Dagster which have no public name.

No module of Dagster beyond ``dagster`` itself is imported here or elsewhere; these are attributes of objects that Dagster
hands to an executor, used on the lowest and on the newest version by the tests.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dagster import (
    DagsterInstance,
    DagsterLogManager,
    DagsterRun,
    Executor,
    InitExecutorContext,
    deserialize_value,
    in_process_executor,
)

_MAPPING_KEY = re.compile(r"\[([^\]]*)\]$")


def retry_mode(name: str) -> Any:
    """Dagster's ``RetryMode`` by its name: ENABLED, DISABLED or DEFERRED."""
    return deserialize_value('{"__enum__": "RetryMode.%s"}' % name)


def error_info(message: str, class_name: str) -> Any:
    """Dagster's serialisable error, for what is no exception of this process."""
    fields = {"message": message, "stack": [], "cls_name": class_name, "cause": None, "context": None}
    return deserialize_value(json.dumps({"__class__": "SerializableErrorInfo", **fields}))


def known_state(attempts: Mapping[str, int], mappings: Mapping[str, Any], ready: Iterable[Any], like: Any) -> Any:
    """What a step must know of the run so far, in the class of the state ``like``."""
    return like._replace(
        previous_retry_attempts=dict(attempts), dynamic_mappings=dict(mappings), ready_outputs=set(ready)
    )


def state_for_step(state: Any, step: Any) -> Any:
    """Of a run's state what one step needs: else a fan-out sends its whole width to each of its steps."""
    needed = set(step.get_execution_dependency_keys()) | {step.key}
    handles = {
        handle for step_input in step.step_inputs for handle in step_input.get_step_output_handle_dependencies()
    }
    own_key = _MAPPING_KEY.search(step.key)
    collects = any(key in state.dynamic_mappings or _MAPPING_KEY.search(key) for key in needed)
    mappings: dict[str, Any] = {}
    for source, outputs in state.dynamic_mappings.items() if own_key or collects else ():
        if own_key:
            # A mapped step is resolved by its own key alone, whatever its siblings are.
            mappings[source] = {
                name: [own_key.group(1)] if keys and own_key.group(1) in keys else None if keys is None else []
                for name, keys in outputs.items()
            }
        else:
            mappings[source] = outputs
    return state._replace(
        previous_retry_attempts={
            key: count for key, count in state.previous_retry_attempts.items() if key in needed and count
        },
        dynamic_mappings=mappings,
        ready_outputs=handles & set(state.ready_outputs),
    )


def step_plan(full_plan: Any, step_key: str, state: Any, job_def: Any) -> Any:
    """The plan of one step of a run, out of the plan of all."""
    plan = full_plan._replace(
        known_state=state,
        step_dict=dict(full_plan.step_dict),
        step_dict_by_key=dict(full_plan.step_dict_by_key),
        executable_map=dict(full_plan.executable_map),
        resolvable_map=dict(full_plan.resolvable_map),
    )
    plan.resolve(state.dynamic_mappings)
    return plan.build_subset_plan([step_key], job_def, None)


def worker_context(plan_context: Any, plan: Any, run: DagsterRun, retries: Any, executor: Executor) -> Any:
    """A context for executing ``plan`` as a part of the host's ``run``, out of the one that this process made."""
    return type(plan_context)(
        plan_data=plan_context.plan_data._replace(dagster_run=run, execution_plan=plan, retry_mode=retries),
        # The in-process executor reports that it begins and ends; nobody wants that once per step.
        log_manager=DagsterLogManager.create(loggers=[], handlers=[], dagster_run=run),
        executor=executor,
        output_capture=None,
    )


def in_process(plan_context: Any, instance: DagsterInstance) -> Executor:
    """Dagster's own executor that runs a plan in this process."""
    context = InitExecutorContext(
        job=plan_context.job,
        executor_def=in_process_executor,
        executor_config={"retries": {"enabled": {}}},
        instance=instance,
    )
    create: Any = in_process_executor.executor_creation_fn
    return create(context)


def selection_of(step: Any) -> Sequence[str]:
    """The assets whose outputs the step writes, as texts."""
    return [
        output.properties.asset_key.to_user_string() for output in step.step_outputs if output.properties.asset_key
    ]
