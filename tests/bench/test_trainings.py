"""Ours and the peers' trainings really train, on batches made the same way."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import nn

from pkbench.bench import ours
from pkbench.bench.images import LoaderFeed, ResidentFeed, random_images
from pkbench.bench.ours import find_engines, ours_of
from pkbench.bench.peer_training import GraphCounter, PeerTraining
from pkbench.bench.peers import plain_random
from pkbench.bench.variant import Label, UnavailableError
from pkbench.errors import UsageError
from pkbench.native import library
from pkbench.native.images import Pictures
from pkbench.plan.engine import ENGINES
from tests.bench.small import MIXER, S_MIXER, SPARSE, compile_at_once
from tests.small import ON_CPU

CPU = torch.device("cpu")


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    compile_at_once(monkeypatch)


def peer(label: Label, **options: Any) -> tuple[PeerTraining, nn.Module]:
    model = plain_random(MIXER)
    feed = ResidentFeed(MIXER, random_images(MIXER, CPU))
    return PeerTraining(model, feed, CPU, label, fused=True), model


def test_images_are_the_same_every_time() -> None:
    first, again = random_images(MIXER, CPU), random_images(MIXER, CPU)
    assert torch.equal(first.train.images, again.train.images)
    assert torch.equal(first.test.labels, again.test.labels)
    assert (len(first.train), len(first.test), len(first.validation)) == (32 * 8, 16, 0)
    assert first.train.images.shape[1:] == (3, 8, 8)


def test_a_resident_feed_goes_round() -> None:
    data = random_images(MIXER, CPU)
    feed = ResidentFeed(MIXER, data)
    batches = [feed.next() for _ in range(64)]
    assert all(inputs.shape == (8, 3, 8, 8) and inputs.dtype == torch.float32 for inputs, _ in batches)
    for start in (0, 32):
        labels = torch.cat([labels for _, labels in batches[start : start + 32]])
        assert torch.equal(labels.bincount(), data.train.labels.bincount())
    assert not torch.equal(batches[0][1], batches[32][1])
    assert torch.equal(torch.cat([labels for _, labels in feed.test()]), data.test.labels)


def test_a_loader_feeds_the_same_images() -> None:
    data = random_images(MIXER, CPU)
    feed = LoaderFeed(MIXER, data, CPU)
    try:
        found = list(feed.test())
        assert torch.equal(torch.cat([labels for _, labels in found]), data.test.labels)
        torch.testing.assert_close(torch.cat([inputs for inputs, _ in found]), data.to_input(data.test.images))
        labels = torch.cat([feed.next()[1] for _ in range(32)])
        assert torch.equal(labels.bincount(), data.train.labels.bincount())
        assert feed.next()[0].shape == (8, 3, 8, 8)
    finally:
        feed.close()


@pytest.mark.skipif(not library.available(), reason="no native library here")
def test_data_of_an_engine_that_makes_inputs_itself_is_what_making_them_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def inputs(pictures: Pictures, into: torch.Tensor | None = None) -> torch.Tensor:
        made.append((len(pictures), into is not None))
        return whole(pictures, into)

    whole = Pictures.inputs
    monkeypatch.setattr(Pictures, "inputs", inputs)
    (variant, *_) = ours_of(MIXER, ["native"], 1, CPU)
    training = variant.build()
    training.step()
    assert not made
    training.data()
    training.data()
    assert made == [(8, False), (8, True)]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_peer_trains(precision: str) -> None:
    training, model = peer(Label("a", "peer", "random", precision))  # type: ignore[arg-type]
    before = [parameter.detach().clone() for parameter in model.parameters()]
    training.step()
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())
    assert not any(torch.equal(one, two) for one, two in zip(before, model.parameters(), strict=True))
    after = [parameter.detach().clone() for parameter in model.parameters()]
    training.data()
    training.evaluate()
    assert all(torch.equal(one, two) for one, two in zip(after, model.parameters(), strict=True))
    assert model.training
    assert training.graphs() == 0


def test_graphs_of_a_compiled_peer_are_counted(compiler: None) -> None:
    training, model = peer(Label("a", "peer", "random", compiled=True))
    assert training.graphs() == 0
    training.step()
    assert training.graphs() == 1
    training.evaluate()
    assert training.graphs() == 2
    for _ in range(3):
        training.step()
        training.evaluate()
    assert training.graphs() == 2
    assert model.training


def test_graphs_of_our_compiled_passes_are_counted(compiler: None) -> None:
    variants = {variant.label.name: variant for variant in ours_of(MIXER, ["batch-last"], 1, CPU)}
    for name in ("ours batch-last, compiled", "ours RP batch-last, compiled"):
        assert variants[name].label.compiled
        training = variants[name].build()
        graphs = []
        for action in (training.step, training.evaluate, training.step, training.evaluate):
            action()
            graphs.append(training.graphs())
        assert graphs == [1, 2, 2, 2]
        training.close()


def test_our_compiled_passes_take_the_same_step(compiler: None) -> None:
    variants = {variant.label.name: variant for variant in ours_of(MIXER, ["batch-last"], 1, CPU)}
    weights = []
    for suffix in ("", ", compiled"):
        training = variants[f"ours RP batch-last{suffix}"].build()
        training.step()
        found = training._trainer.model if not suffix else training._stack.models[0]  # type: ignore[attr-defined]
        weights.append(torch.cat([parameter.detach().flatten() for parameter in found.parameters()]))
    torch.testing.assert_close(weights[1], weights[0], rtol=1e-3, atol=1e-5)


def test_without_a_compiler_the_row_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._dynamo.backends import registry

    def none(name: str) -> None:
        raise RuntimeError(name)

    monkeypatch.setattr(registry, "lookup_backend", none)
    with pytest.raises(UnavailableError, match=r"torch\.compile is not available: RuntimeError"):
        GraphCounter().compile(nn.Linear(2, 2))


@pytest.mark.parametrize("case", [MIXER, S_MIXER, SPARSE], ids=lambda case: case.name)
def test_ours_trains_past_the_end_of_an_epoch(case) -> None:  # type: ignore[no-untyped-def]
    for variant in ours_of(case, ["reference"], 1, CPU):
        training = variant.build()
        for _ in range(34):
            training.step()
        training.data()
        training.evaluate()
        assert training.graphs() == 0
        training.close()


def test_ours_changes_its_weights() -> None:
    variant = ours_of(MIXER, ["reference"], 1, CPU)[0]
    training = variant.build()
    model = training._trainer.model  # type: ignore[attr-defined]
    before = [parameter.detach().clone() for parameter in model.parameters()]
    training.data()
    assert all(torch.equal(one, two) for one, two in zip(before, model.parameters(), strict=True))
    training.step()
    assert not any(torch.equal(one, two) for one, two in zip(before, model.parameters(), strict=True))


def test_every_engine_takes_the_same_step() -> None:
    weights = []
    for engine in ON_CPU:
        found = {variant.label.name: variant for variant in ours_of(MIXER, [engine], 1, CPU)}
        training = found[f"ours RP {engine}"].build()
        assert training._trainer.engine.name == engine  # type: ignore[attr-defined]
        training.step()
        training.evaluate()
        weights.append(torch.cat([p.detach().flatten() for p in training._trainer.model.parameters()]))  # type: ignore[attr-defined]
    for other in weights[1:]:
        torch.testing.assert_close(other, weights[0], rtol=1e-3, atol=1e-5)


def test_an_engine_says_what_it_cannot_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    def reason(case, place: int) -> str:  # type: ignore[no-untyped-def]
        with pytest.raises(UnavailableError) as caught:
            ours_of(case, ["native"], 1, CPU)[place].build()
        return str(caught.value)

    assert reason(SPARSE, 0) == "it knows Mixers only, not a model of kind sw-mlp"

    def none() -> None:
        raise library.UnavailableError("no C compiler here (cc)")

    monkeypatch.setattr("pkbench.train.engines.native.library", none)
    assert "no C compiler here (cc)" in reason(MIXER, 0)


@pytest.mark.parametrize("place", [0, 1])
def test_runs_at_once_train_each_on_its_own(place: int) -> None:
    variants = ours_of(MIXER, ["batch-last"], 1, CPU, stack=3)
    variant = [variant for variant in variants if variant.label.runs == 3][place]
    assert (variant.label.runs, variant.label.name[-10:]) == (3, " 3 at once")
    training = variant.build()
    models = training._stack.models  # type: ignore[attr-defined]
    before = [[parameter.detach().clone() for parameter in model.parameters()] for model in models]
    training.data()
    assert all(
        torch.equal(a, b)
        for model, old in zip(models, before, strict=True)
        for a, b in zip(model.parameters(), old, strict=True)
    )
    for _ in range(34):
        training.step()
    training.evaluate()
    for model, old in zip(models, before, strict=True):
        assert not any(torch.equal(a, b) for a, b in zip(model.parameters(), old, strict=True))
    assert not torch.equal(before[0][0], before[1][0])
    assert training.graphs() == 0
    training.close()


def test_stacks_stand_beside_the_runs_they_are_made_of() -> None:
    labels = {variant.label.name: variant.label for variant in ours_of(MIXER, ENGINES, 1, CPU, stack=4)}
    stacked = {name for name, label in labels.items() if label.runs == 4}
    assert stacked == {
        f"ours{rp} {engine}{suffix}, 4 at once"
        for rp in ("", " RP")
        for engine in ("fused", "batch-last")
        for suffix in ("", ", bf16")
    }
    for name in stacked:
        assert name.removesuffix(", 4 at once") in labels
        normal = labels[name].normal
        assert (normal is None) == (labels[name].mixing == "normal")
        assert normal is None or normal in stacked
    assert not any(variant.label.runs > 1 for variant in ours_of(SPARSE, ENGINES, 1, CPU, stack=4))


def test_our_labels() -> None:
    def labels(case) -> list[tuple[str, str, str, str | None]]:  # type: ignore[no-untyped-def]
        found = [variant.label for variant in ours_of(case, ["native"], 1, CPU)]
        assert {label.owner for label in found} == {"ours"}
        return [(label.name, label.mixing, label.precision, label.normal) for label in found]

    assert labels(MIXER) == [
        ("ours native", "normal", "fp32", None),
        ("ours RP native", "random", "fp32", "ours native"),
        ("ours native, bf16", "normal", "bf16", None),
        ("ours RP native, bf16", "random", "bf16", "ours native, bf16"),
    ]
    assert [name for name, _, _, _ in labels(SPARSE)] == [
        "ours dense mask native",
        "ours sparse native",
        "ours dense mask native, bf16",
        "ours sparse native, bf16",
    ]


def test_tf32_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "has_tf32", lambda _: True)
    found = [variant.label for variant in ours_of(MIXER, ["fused"], 1, CPU) if variant.label.precision == "tf32"]
    assert [(label.name, label.normal) for label in found] == [
        ("ours fused, tf32", None),
        ("ours RP fused, tf32", "ours fused, tf32"),
    ]


def test_engines_by_name() -> None:
    assert find_engines([]) == list(ENGINES)
    assert find_engines(["reference", "reference"]) == ["reference"]
    with pytest.raises(UsageError, match="--engine warp is no engine; native or fused or batch-last or reference"):
        find_engines(["warp"])


def test_a_peers_weights_do_not_touch_the_process_random_stream() -> None:
    from pkbench.bench.peers import _seeded

    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    models = [_seeded(partial(plain_random, MIXER)) for _ in range(2)]
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(next(models[0].parameters()), next(models[1].parameters()))
