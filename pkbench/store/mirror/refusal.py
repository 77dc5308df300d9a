"""Why MLflow did not take something, in one line without credentials."""

from __future__ import annotations

import re

from filelock import Timeout

from pkbench.errors import PkbenchError
from pkbench.store.mirror.target import Target, masked

_SAFE = "nothing is lost: `pkbench sync` pushes the records when it does"
_LONGEST = 300
_KNOWN = (
    (re.compile(r"connection refused", re.IGNORECASE), "does not answer: connection refused"),
    (re.compile(r"timed? ?out", re.IGNORECASE), "does not answer in time"),
    (re.compile(r"name resolution|resolve|name or service not known", re.IGNORECASE), "is not found: no such host"),
    (re.compile(r"connection (?:aborted|reset)|remote end closed", re.IGNORECASE), "closes the connection"),
    (
        re.compile(r"no space left|disk is full|disk i/o error|insufficient storage", re.IGNORECASE),
        "cannot be written: the disk is full",
    ),
    (
        re.compile(r"\b401\b|\b403\b|unauthorized|forbidden", re.IGNORECASE),
        "refuses the name or password (MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD)",
    ),
    (re.compile(r"(?:error code|too many) 5\d\d\b", re.IGNORECASE), "has a fault of its own (it answered 5xx)"),
    (re.compile(r"unable to open database|readonly database|permission denied", re.IGNORECASE), "cannot be written"),
)


class MirrorError(PkbenchError):
    """MLflow does not take what is pushed. The records are safe in the store."""


def refusal(target: Target, error: Exception) -> MirrorError:
    """``error``, which came out of MLflow, as one of ours."""
    if isinstance(error, Timeout):
        return MirrorError("another process has been pushing to the same mirror for a while", remedy="try again later")
    text = str(error)
    for pattern, reason in _KNOWN:
        if pattern.search(text):
            return MirrorError(f"MLflow at {target.shown} {reason}", remedy=_SAFE)
    first = next(iter(masked(text).strip().splitlines()), "")[:_LONGEST]
    return MirrorError(
        f"MLflow at {target.shown} does not take the records: {type(error).__name__}: {first}", remedy=_SAFE
    )
