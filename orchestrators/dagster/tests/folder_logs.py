"""A compute log manager of the kind that Dagster has for S3 and its like; its cloud is a folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dagster import Field, StringSource
from dagster._core.storage.cloud_storage_compute_log_manager import CloudStorageComputeLogManager
from dagster._core.storage.compute_log_manager import ComputeIOType
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._serdes import ConfigurableClass, ConfigurableClassData


class FolderLogs(CloudStorageComputeLogManager[Any], ConfigurableClass):
    def __init__(
        self, folder: str, local_folder: str, inst_data: ConfigurableClassData | None = None
    ) -> None:
        self._cloud = Path(folder)
        self._local = LocalComputeLogManager(local_folder)
        self._inst_data = inst_data

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        return {"folder": Field(StringSource), "local_folder": Field(StringSource)}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> FolderLogs:
        return cls(inst_data=inst_data, **config_value)

    @property
    def local_manager(self) -> LocalComputeLogManager:
        return self._local

    @property
    def upload_interval(self) -> int | None:
        return None

    def _object(self, log_key: Sequence[str], io_type: ComputeIOType, partial: bool) -> Path:
        return self._cloud.joinpath(*log_key, f"{io_type.value}{'.partial' if partial else ''}")

    def delete_logs(self, log_key: Sequence[str] | None = None, prefix: Sequence[str] | None = None) -> None:
        shutil.rmtree(self._cloud.joinpath(*(log_key or prefix or ())), ignore_errors=True)

    def download_url_for_type(self, log_key: Sequence[str], io_type: ComputeIOType) -> str | None:
        return None

    def display_path_for_type(self, log_key: Sequence[str], io_type: ComputeIOType) -> str:
        return str(self._object(log_key, io_type, False))

    def cloud_storage_has_logs(
        self, log_key: Sequence[str], io_type: ComputeIOType, partial: bool = False
    ) -> bool:
        return self._object(log_key, io_type, partial).exists()

    def upload_to_cloud_storage(
        self, log_key: Sequence[str], io_type: ComputeIOType, partial: bool = False
    ) -> None:
        stored = self._object(log_key, io_type, partial)
        stored.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self._local.get_captured_local_path(log_key, _extension(io_type), partial), stored)

    def download_from_cloud_storage(
        self, log_key: Sequence[str], io_type: ComputeIOType, partial: bool = False
    ) -> None:
        local = Path(self._local.get_captured_local_path(log_key, _extension(io_type), partial))
        local.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self._object(log_key, io_type, partial), local)

    def on_subscribe(self, subscription: Any) -> None: ...

    def on_unsubscribe(self, subscription: Any) -> None: ...


def _extension(io_type: ComputeIOType) -> str:
    return {"stdout": "out", "stderr": "err"}[io_type.value]
