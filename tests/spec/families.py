"""A small valid spec whose models, claims and comparisons a test writes itself; ``▶`` marks where a fault belongs."""

from pathlib import Path

from pkbench.errors import Fault
from pkbench.plan.run import Run, expand
from pkbench.spec.document import ProfileName
from pkbench.spec.scale import Scaled, scale
from tests.spec.broken import faults_in, load, marked, places_of

CHECKSUM = "c" * 64

HEAD = """
[experiment]
id = "table1"
title = "A small spec"
paper = "Fig. 6"
kind = "train"

[[data]]
id = "digits"
source = "digits"
shape = [8, 8, 1]
classes = 10
test_count = 450
validation_count = 250
split_seed = 0
normalize = "none"

[train]
seeds = [0, 1, 2]
epochs = 2
batch_size = 64
drop_last = true
label_smoothing = 0.0
precision = "fp32"
cpu_threads = 1
eval_every = 1
select_lr_by = "validation-error"
optimizer = { kind = "adamw", lr = [0.01], weight_decay = 0.0, betas = [0.9, 0.999], eps = 1e-8 }
schedule = { kind = "cosine", warmup_epochs = 0.0, warmup_lr = 0.0, final_lr = 0.0 }
augment = { crop_padding = 0, flip = false, policy = "none" }

[profile.quick]
scope = "Digits"
data = ["digits"]
"""


def model(sizes: str, name: str = "m", kind: str = 'kind = "mlp-mixer"\nmixing = "normal"\ngamma = 4') -> str:
    """A table of a model; what stands in ``sizes`` comes last, depth and patch are 2 and 4 unless they stand there."""
    common = {"depth": "2", "patch": "4", "bias": "true", "init": '"torch-linear"', "first_skip": '"layer"'}
    given = "\n".join(f"{key} = {value}" for key, value in common.items() if f"{key} = " not in sizes)
    return f'\n▷[[model]]\nid = "{name}"\n{kind}\n{given}\n{sizes}\n'


SW = 'kind = "sw-mlp"\nmask = "exact"\nmask_value = "one"\ncompute = "auto"\npool = "mean"\ngamma = 1.0'


def claim(kind: str = "trend", **more: object) -> str:
    """A claim; values are TOML."""
    common = {
        "id": '"c"',
        "kind": f'"{kind}"',
        "statement": '"s"',
        "place": '"p"',
        "a": '"m"',
        "metric": '"test_error"',
    }
    own = {"trend": {"direction": '"falls"', "margin": "0.0", "x": '"C"'}, "less": {"margin": "0.0"}}.get(kind, {})
    fields = common | {"alpha": "0.05"} | own | {key: str(value) for key, value in more.items()}
    return "\n▷[[claim]]\n" + "".join(f"{key} = {value}\n" for key, value in fields.items() if value != "None")


def compare(**more: object) -> str:
    """A comparison of m with n; values are TOML."""
    common = {"id": '"k"', "kind": '"cka"', "statement": '"s"', "a": '"m"', "b": '"n"'}
    fields = common | {"batch": "64", "passes": "1", "seed": "0"} | more
    return "\n▷[[compare]]\n" + "".join(f"{key} = {value}\n" for key, value in fields.items())


def at_quick(text: str, name: str = "m") -> str:
    """What profile quick says of a model."""
    return f"\n[profile.quick.model.{name}]\n{text}\n"


def check(folder: Path, *tables: str) -> tuple[Fault, ...]:
    """The faults of the spec with ``tables``: there has to be one at every mark, and none elsewhere."""
    broken = marked((HEAD + "".join(tables)).replace("▷", ""))
    faults = faults_in(folder, broken.text)
    assert sorted(set(places_of(faults))) == sorted(set(broken.places)), [str(fault) for fault in faults]
    return faults


def at(folder: Path, *tables: str, profile: ProfileName = "quick") -> Scaled:
    """The spec with ``tables`` at ``profile``; it must be valid."""
    return scale(load(folder, (HEAD + "".join(tables)).replace("▷", "")).spec, profile)


def runs(scaled: Scaled) -> list[Run]:
    """All of its runs."""
    return list(expand(scaled, {data.id: CHECKSUM for data in scaled.data}))
