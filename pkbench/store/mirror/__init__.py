"""The mirror of the store in MLflow: pushed from the records, never read back as truth, never needed to train."""

from pkbench.store.mirror.background import BackgroundMirror, MirrorOutcome
from pkbench.store.mirror.catch_up import Mirror, SyncSummary, sync
from pkbench.store.mirror.refusal import MirrorError
from pkbench.store.mirror.target import Target, is_installed, resolve_target

__all__ = [
    "BackgroundMirror",
    "Mirror",
    "MirrorError",
    "MirrorOutcome",
    "SyncSummary",
    "Target",
    "is_installed",
    "resolve_target",
    "sync",
]
