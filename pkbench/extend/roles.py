"""What can be extended, and by which entry points."""

from __future__ import annotations

from typing import Any, Final

from pkbench.extend.claim import ClaimExtension
from pkbench.extend.data import DataExtension
from pkbench.extend.executor import ExecutorExtension
from pkbench.extend.load import Role
from pkbench.extend.model import ModelExtension

MODELS: Final[Role[ModelExtension[Any]]] = Role("model", "pkbench.models", ModelExtension)  # type: ignore[type-abstract]
DATA: Final[Role[DataExtension[Any]]] = Role("data", "pkbench.data", DataExtension)  # type: ignore[type-abstract]
EXECUTORS: Final[Role[ExecutorExtension]] = Role("executor", "pkbench.executors", ExecutorExtension)  # type: ignore[type-abstract]
CLAIMS: Final[Role[ClaimExtension[Any]]] = Role("claim", "pkbench.claims", ClaimExtension)  # type: ignore[type-abstract]

ROLES: Final[tuple[Role[Any], ...]] = (MODELS, DATA, CLAIMS, EXECUTORS)
"""All of them."""
