"""Carrying out the comparisons of trained models, after the runs they need."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pkbench.execute.context import Context, environment
from pkbench.execute.events import ComparisonEnded, Event, Note
from pkbench.execute.holds import Holds
from pkbench.plan.compare import Comparison
from pkbench.plan.run import Run
from pkbench.reading import read_regular
from pkbench.store.comparison_record import ComparisonRecord
from pkbench.store.files import Store
from pkbench.tensors import MAX_BYTES

if TYPE_CHECKING:
    import torch

    from pkbench.data.dataset import Dataset


def compare(
    wanted: Sequence[Comparison],
    context: Context,
    load_data: Callable[[Run], Dataset],
    emit: Callable[[Event], None],
    should_stop: Callable[[], bool],
    *,
    fresh: bool,
) -> None:
    """Compute those of ``wanted`` that have no sound record and whose runs are finished; the others wait for their runs."""
    store = Store(context.results)
    by_id = {comparison.run_id: comparison for comparison in wanted}

    def compute(name: str) -> None:
        # Looked up now that it is held: another process may have computed it meanwhile.
        if store.read_comparison(context.spec.id, name) is not None and not fresh:
            return
        comparison = by_id[name]
        try:
            record = _record(comparison, store, context, load_data, should_stop)
        except (OSError, ValueError) as error:
            names = f"{comparison.a.label} and {comparison.b.label}"
            emit(Note(f"comparison {comparison.compare.id} of {names} is not possible: {error}"))
            return
        if record is not None:
            store.write(record)
            emit(ComparisonEnded(comparison.compare.id, comparison.a.label, comparison.b.label, record.diagonal_mean))

    Holds(store.folder(context.spec.id)).each(list(by_id), compute, emit, should_stop)


def _record(
    comparison: Comparison,
    store: Store,
    context: Context,
    load_data: Callable[[Run], Dataset],
    should_stop: Callable[[], bool],
) -> ComparisonRecord | None:
    """The comparison's record; ``None`` where one of its runs is not finished, or it was stopped."""
    import torch

    from pkbench.probes.cka import CkaAccumulator
    from pkbench.probes.features import block_features, mixing_blocks
    from pkbench.seeding import stream_seed

    started = time.perf_counter()
    threads = comparison.a.train.cpu_threads
    torch.set_num_threads(threads)
    of_a, of_b = (_trained(run, store, context) for run in (comparison.a, comparison.b))
    if of_a is None or of_b is None:
        return None
    (a, weights_a), (b, weights_b) = of_a, of_b
    data = load_data(comparison.a)
    how = comparison.compare
    blocks_a, blocks_b = tuple(mixing_blocks(a)), tuple(mixing_blocks(b))
    accumulator = CkaAccumulator(len(blocks_a), len(blocks_b))
    images = len(data.test.labels) // how.batch * how.batch
    if not images:
        raise ValueError(f"there are {len(data.test.labels)} test images, fewer than a batch of {how.batch}")
    with torch.inference_mode(), block_features(a) as features_a, block_features(b) as features_b:
        for number in range(how.passes):
            generator = torch.Generator().manual_seed(stream_seed("cka order", how.seed, number))
            order = torch.randperm(len(data.test.labels), generator=generator)[:images].to(data.test.images.device)
            for chosen in torch.split(order, how.batch):
                if should_stop():
                    return None
                inputs = data.to_input(data.test.images.index_select(0, chosen))
                a(inputs)
                b(inputs)
                accumulator.update(list(features_a.values()), list(features_b.values()))
    return ComparisonRecord(
        format=1,
        run_id=comparison.run_id,
        spec=context.spec,
        profile=context.profile,
        compare=how.id,
        config=dict(comparison.config),
        seeds=(comparison.a.seed, comparison.b.seed),
        blocks_a=blocks_a,
        blocks_b=blocks_b,
        matrix=tuple(tuple(_finite(value) for value in row) for row in accumulator.matrix().tolist()),
        weights_sha256=(weights_a, weights_b),
        images=images,
        seconds=time.perf_counter() - started,
        ended=time.time(),
        environment=environment(context.device, threads),
        code=context.code,
        invocation=context.invocation,
    )


def _trained(run: Run, store: Store, context: Context) -> tuple[torch.nn.Module, str] | None:
    """The model of ``run`` with its final weights, proven by the record's hash, and that; ``None`` where it is not finished."""
    import torch

    from pkbench.models.build import build
    from pkbench.train.weights import load_weights

    record = store.read(context.spec.id, run.run_id or "")
    if record is None or record.weights_sha256 is None:
        return None
    model = build(run.model, run.shape, run.seed)
    content = read_regular(store.weights_path(context.spec.id, record.run_id), MAX_BYTES)
    load_weights(model, content, record.weights_sha256)
    return model.to(torch.device(context.device)).eval(), record.weights_sha256


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
