"""Products of pairs of bfloat16, by the processor's matrix unit where there is one and by vectors, against float64."""

import ctypes
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from pkbench.native import library as module
from pkbench.native.library import flags
from pkbench.native.tiles import may_use_tiles
from tests.native.compiled import compiled

PROGRAM = """
#include "gemm.h"
#define PUBLIC __attribute__((visibility("default")))
PUBLIC int64_t tiles(void) { return HAS_TILES; }
PUBLIC int64_t lanes(void) { return LANES; }
PUBLIC int64_t words(int64_t n) { return line_words(n); }
PUBLIC void multiply(int64_t rows, int64_t columns, int64_t depth, const void *A, int64_t A_step, const void *B, int64_t B_step, float *C,
                     int64_t C_step, int add) {
    Ahead ahead = {.streams = 0};
    will_use(&ahead, (Stream){(const char *)C, 0, 4 * C_step, 4 * columns, rows});
    gemm_of_pairs(rows, columns, depth, A, A_step, B, B_step, C, C_step, add, &ahead);
}
/* Both forms of a matrix, as a left operand and its transpose. */
PUBLIC void round_both(const float *from, int64_t rows, int64_t columns, void *plain, void *turned) {
    round_matrix(from, rows, columns, columns, plain);
    round_transposed(from, columns, rows, columns, turned);
}
"""
BESIDE = 5.0


@pytest.fixture(scope="module", params=["", "-DNO_TILES", "-DNO_TILES -mno-avx512bf16", "-mno-avx"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The products, compiled for this processor, without its matrix unit, and for lesser processors."""
    folder = tmp_path_factory.mktemp("tiles")
    (folder / "products.c").write_text(PROGRAM, encoding="utf-8")
    library = compiled([folder / "products.c"], folder, *request.param.split())
    for name in ("tiles", "lanes", "words"):
        getattr(library, name).restype = ctypes.c_int64
    library.words.argtypes = (ctypes.c_int64,)
    array, size = ctypes.c_void_p, ctypes.c_int64
    library.multiply.argtypes = (size, size, size, array, size, array, size, array, size, ctypes.c_int)
    library.round_both.argtypes = (array, size, size, array, array)
    return library


def numbers(*shape: int, seed: int) -> Tensor:
    """bfloat16 numbers, which float32 holds exactly."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).bfloat16()


@given(
    rows=st.integers(1, 70),
    vectors=st.integers(1, 5),
    words=st.integers(1, 40) | st.sampled_from([255, 256, 257, 300, 509, 528]),
    apart=st.tuples(st.integers(0, 9), st.integers(0, 9)),
    add=st.booleans(),
    seed=st.integers(0, 9),
)
def test_products_are_those_of_float64(
    made: ctypes.CDLL, rows: int, vectors: int, words: int, apart: tuple[int, int], add: bool, seed: int
) -> None:
    """Of any sizes; nothing beside the result is written, nor read beside the operands."""
    columns = vectors * made.lanes()
    A_step, B_step, C_step = words + apart[0], columns + apart[1], columns + 3
    A, B = numbers(rows, 2 * words, seed=seed), numbers(2 * words, columns, seed=seed + 1)
    C = numbers(rows, columns, seed=seed + 2).float()
    plain = torch.full((rows, 2 * A_step), torch.nan, dtype=torch.bfloat16)
    plain[:, : 2 * words] = A
    paired = torch.full((words, B_step, 2), torch.nan, dtype=torch.bfloat16)
    paired[:, :columns] = torch.stack([B[::2], B[1::2]], dim=-1)
    result = torch.full((rows + 2, C_step), BESIDE)
    result[:rows, :columns] = C
    steps = (plain.data_ptr(), A_step, paired.data_ptr(), B_step, result.data_ptr(), C_step)
    made.multiply(rows, columns, words, *steps, add)
    expected = A.double() @ B.double() + (C.double() if add else 0)
    most = A.double().abs() @ B.double().abs() + C.double().abs()
    assert ((result[:rows, :columns].double() - expected).abs() <= 2e-6 * most).all()
    assert (result[:rows, columns:] == BESIDE).all()
    assert (result[rows:] == BESIDE).all()


@given(rows=st.integers(1, 80), columns=st.integers(1, 80))
def test_matrices_lie_in_lines_filled_up_with_zeros(made: ctypes.CDLL, rows: int, columns: int) -> None:
    matrix = numbers(rows, columns, seed=rows)
    exact = matrix.float()
    found = [
        torch.full((lines, 2 * made.words(n)), torch.nan, dtype=torch.bfloat16)
        for lines, n in ((rows, columns), (columns, rows))
    ]
    made.round_both(exact.data_ptr(), rows, columns, *(part.data_ptr() for part in found))
    for part, expected in zip(found, (matrix, matrix.T), strict=True):
        n = expected.shape[1]
        assert torch.equal(part[:, :n], expected)
        assert not part[:, n:].any()


def test_a_line_has_no_more_words_than_equal_parts_of_it_need(made: ctypes.CDLL) -> None:
    for n in range(1, 3000):
        words = made.words(n)
        least = (n + 1) // 2
        if not made.tiles():
            assert words == least
            continue
        assert words % (parts := -(-least // 16)) == 0
        assert words // parts <= 16
        assert least <= words < least + parts


@pytest.mark.parametrize("allowed", [True, False])
def test_a_library_has_tiles_where_the_system_lets_it(allowed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "may_use_tiles", lambda: allowed)
    flags.cache_clear()
    try:
        assert ("-DNO_TILES" in flags()) is not allowed
    finally:
        flags.cache_clear()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody is asked")
def test_a_system_that_says_no_or_knows_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, ...]] = []

    class Refusal:
        def __call__(self, *numbers: int) -> int:
            asked.append(numbers)
            return -1

    monkeypatch.setattr("ctypes.CDLL", lambda _: SimpleNamespace(syscall=Refusal()))
    monkeypatch.setattr("pkbench.native.tiles.platform.machine", lambda: "x86_64")
    assert not may_use_tiles()
    assert asked == [(158, 0x1023, 18)]
    monkeypatch.setattr("pkbench.native.tiles.platform.machine", lambda: "aarch64")
    assert not may_use_tiles()
    assert len(asked) == 1


def test_where_it_is_refused_all_that_is_said_of_bf16_holds_without() -> None:
    """In a process of its own: what a process was allowed it keeps."""
    try:
        module.library()
    except module.UnavailableError as error:
        pytest.skip(f"no native engine here: {error}")
    if "-DNO_TILES" in flags():
        pytest.skip("no matrix unit here: the other tests are without")
    program = """
import sys
import pytest
from pkbench.native import library
library.may_use_tiles = lambda: False
code = pytest.main(["-q", "-p", "no:cacheprovider", "tests/train/engines/test_native_bf16.py"])
sys.exit(code or "-DNO_TILES" not in library.flags())
"""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=root)
    assert done.returncode == 0, done.stdout[-2000:]
