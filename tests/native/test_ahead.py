"""What the C part asks for ahead of its need: which lines, that they are its own, and that no number depends on it."""

import ctypes
import dataclasses
import itertools
from pathlib import Path

import pytest
import torch
from torch import Tensor

from pkbench.native.library import SOURCES, UnavailableError, library
from pkbench.spec.train import Precision
from pkbench.train.engines import native
from pkbench.train.engines.native import NativeEngine
from tests.native.compiled import compiled
from tests.train.engines.cases import IMAGE, Case

STREAMS = """
#include <stdint.h>
static int64_t *found, count;
#define __builtin_prefetch(address, ...) (found[count++] = (int64_t)(address))
#include "ahead.h"
/* A stream of rows by number, and one of lines, asked for `lines` at a time; returns how often that was. */
__attribute__((visibility("default"))) int64_t ask(const int32_t *rows, int64_t n, int64_t lines, int64_t *to) {
    Ahead ahead = {.streams = 0};
    will_use(&ahead, (Stream){(const char *)1000000, 0, 256, 128, 3});
    will_use(&ahead, (Stream){(const char *)0, rows, 1, 64, 5});
    will_use(&ahead, (Stream){(const char *)640, rows, 320, 192, n});
    int64_t times = 0;
    found = to, count = 0;
    for (; ahead.streams > 0; times++) ask_for_some(&ahead, lines);
    ask_for_some(&ahead, lines);
    return times;
}
"""
WATCHED = """
#include <stdint.h>
static const char *begins[64], *ends[64];
static int64_t ranges, counts[2];
static inline void note(const void *address) {
    counts[0]++;
    for (int64_t i = 0; i < ranges; i++)
        if (begins[i] <= (const char *)address && (const char *)address < ends[i]) return;
    counts[1]++;
}
#define __builtin_prefetch(address, ...) note(address)
#define FAR 0
#include "mixer.c"
PUBLIC void watch(const char *begin, int64_t bytes) { begins[ranges] = begin, ends[ranges++] = begin + bytes; }
PUBLIC void forget(void) { ranges = counts[0] = counts[1] = 0; }
PUBLIC const int64_t *asked(void) { return counts; }
"""


@pytest.mark.parametrize("lines", [1, 2, 5, 100])
@pytest.mark.parametrize("rows", [[0], [7, 2, 9, 2]])
def test_every_line_is_asked_for_once_and_the_last_stream_first(tmp_path: Path, rows: list[int], lines: int) -> None:
    (tmp_path / "streams.c").write_text(STREAMS, encoding="utf-8")
    ask = compiled([tmp_path / "streams.c"], tmp_path).ask
    numbers = torch.tensor(rows, dtype=torch.int32)
    found = torch.zeros(64, dtype=torch.int64)
    ask.argtypes, ask.restype = (ctypes.c_void_p, *[ctypes.c_int64] * 2, ctypes.c_void_p), ctypes.c_int64
    times = ask(numbers.data_ptr(), len(rows), lines, found.data_ptr())
    expected = [640 + 320 * row + byte for row in rows for byte in (0, 64, 128)]
    # Of no memory nothing is asked for, whatever its rows.
    expected += [1_000_000 + 256 * line + byte for line in range(3) for byte in (0, 64)]
    assert found[: len(expected)].tolist() == expected
    assert not found[len(expected) :].any()
    assert times >= len(expected) // (lines + 2)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The engine's part of the library, which asks however small a model is, and notes for what."""
    try:
        whole = library()
    except UnavailableError as error:
        pytest.skip(f"no native engine here: {error}")
    folder = tmp_path_factory.mktemp("watched")
    (folder / "watched.c").write_text(WATCHED, encoding="utf-8")
    found = compiled([folder / "watched.c", SOURCES / "images.c", SOURCES / "policy.c"], folder)
    for name in ("lanes", "tile", "place", "memory", "team", "dismiss", "gradient", "logits", "clip", "adamw", "sgd"):
        known, own = getattr(whole, f"pk_{name}"), getattr(found, f"pk_{name}")
        own.argtypes, own.restype = known.argtypes, known.restype
    found.watch.argtypes, found.watch.restype = (ctypes.c_void_p, ctypes.c_int64), None
    found.forget.argtypes, found.forget.restype = (), None
    found.asked.argtypes, found.asked.restype = (), ctypes.POINTER(ctypes.c_int64)
    return found


def numbers_of(engine: NativeEngine, case: Case) -> list[Tensor]:
    """Logits, a gradient and what a step with it leaves."""
    (batch,) = case.batches(1)
    logits = engine.logits(batch.inputs)
    engine.step(batch, 0.01, None)
    return [logits, engine.gradient, *(parameter.detach() for parameter in engine.model.parameters())]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(
    "case",
    [
        Case(),
        Case("layer", C=36, batch=64),
        Case("layer", gamma=None, C=27, batch=64),
        Case("block", skip_layer=True, S=12, layer_norm=False),
        Case("layer", activation="linear"),
    ],
    ids=str,
)
def test_what_is_asked_for_is_the_runs_own_memory(
    case: Case, precision: Precision, watched: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = dataclasses.replace(case, precision=precision)
    expected = numbers_of(NativeEngine(case.model(), case.recipe(), IMAGE), case)
    monkeypatch.setattr(native, "library", lambda: watched)
    engine = NativeEngine(case.model(), case.recipe(), IMAGE)
    watched.forget()
    for part in (engine.gradient, engine._matrices, engine._about.flat, *itertools.chain.from_iterable(engine._memory)):
        watched.watch(part.data_ptr(), part.nbytes)
    for found, number in zip(numbers_of(engine, case), expected, strict=True):
        assert torch.equal(found, number)
    asked, strays = watched.asked()[:2]
    assert asked > 1000
    assert strays == 0
