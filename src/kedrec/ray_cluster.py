"""Ray as it is started here: quiet, reporting to nobody, on this machine alone unless the settings name a cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import SecretStr

from kedrec.config import Settings
from kedrec.errors import ConfigError, MissingExtra

__all__ = ["machines", "ray_cluster", "settings_there"]

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""What Ray does on these systems by default: everything listens on 127.0.0.1 alone. It is read at import."""
STORE = 128 * 2**20
"""Bytes of Ray's object store on this machine; what is sent is small."""


def settings_there(settings: Settings) -> Settings:
    """The settings of a worker, wherever it is: whole paths, and the key that this process would use."""
    key = settings.api_key or SecretStr(os.environ.get("OPENAI_API_KEY", ""))
    return settings.model_copy(
        update={
            "home": settings.home.resolve(),
            "weights": settings.weights.resolve() if settings.weights else None,
            "api_key": key if key.get_secret_value() else None,
        }
    )


@contextmanager
def ray_cluster(settings: Settings, workers: int) -> Iterator[Any]:
    """Be connected to the cluster that the settings name, or to one that is started here and ends with this.

    A connection that this process has already is used and left open.

    Args:
        settings: `ray_address`.
        workers: processes to start, where it is started here.

    Yields:
        The module `ray`.

    Raises:
        MissingExtra: Ray is not installed.
        ConfigError: no cluster is at that address, or one that is started here would be open to others.
    """
    for name, value in {**QUIET, **(LOOPBACK if (settings.ray_address or "127.").startswith("127.") else {})}.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError:
        raise MissingExtra("--engine ray", "ray") from None
    if ray.is_initialized():
        yield ray
        return
    if settings.ray_address is None:
        _start(ray, workers)
    else:
        try:
            ray.init(**_quiet(), address=settings.ray_address)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise ConfigError(f"No Ray cluster at KEDREC_RAY_ADDRESS={settings.ray_address}: {error}") from None
    try:
        yield ray
    finally:
        ray.shutdown()


def machines(ray: Any) -> list[str]:
    """Ids of the machines of a cluster that are alive."""
    return [node["NodeID"] for node in ray.nodes() if node["Alive"]]


def _start(ray: Any, workers: int) -> None:
    ray.init(**_quiet(), address="local", num_cpus=workers, include_dashboard=False, object_store_memory=STORE)
    here = ray.util.get_node_ip_address()
    if not here.startswith("127."):
        ray.shutdown()
        raise ConfigError(
            f"Ray would listen on {here}, where others can reach it: it was imported before this. Import it later, or"
            " call ray.init() yourself first."
        )


def _quiet() -> dict[str, Any]:
    return {"log_to_driver": False, "logging_level": "error"}
