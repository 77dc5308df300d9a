from pathlib import Path

import pytest

from pkbench.bench import page
from pkbench.bench.compare import compare
from pkbench.bench.results import read
from pkbench.bench.tables import (
    comparison_table,
    cost_table,
    made,
    percent,
    ratio,
    reasons,
    reference_row,
    roofline_table,
    seconds,
    size,
    speed_table,
    tables,
)
from tests.bench.small import case_result, flat, result, row

STEADY = (0.01, 0.01, 0.01, 0.01, 0.01)
OURS = row(
    "ours eager",
    STEADY,
    flops_per_second=2e8,
    gemm_share=0.2,
    floor_ratio=5.0,
    images_per_second=1234.5,
    data_share=0.034,
    peak_bytes=2_000_000,
    peak_kind="step peak",
    startup_seconds=0.5,
    graphs=0,
    recompiles=0,
)
PEER = row("timm eager", tuple(2 * value for value in STEADY), rp_ratio=flat(1.5))
REFUSED = [row(name, reason="bf16 is slow") for name in ("timm eager, autocast", "plain RP eager, autocast")]
CASE = case_result(OURS, *REFUSED, PEER)


def cells(table, name: str) -> dict[str, str]:  # type: ignore[no-untyped-def]
    (found,) = [line for line in table.rows if line[0] == name]
    return dict(zip(table.header, found, strict=True))


def test_speed_is_against_the_first_peer_with_numbers() -> None:
    assert reference_row(CASE) == PEER
    table = speed_table(CASE)
    assert table.title.endswith(": speed against timm eager")
    ours = cells(table, "ours eager")
    assert ours["step"] == "10 ms"
    assert ours["speed"] == "2.00×"
    assert (ours["GFLOP/s"], ours["of GEMM"], ours["of floor"]) == ("0.2", "20 %", "5×")
    assert (ours["images/s"], ours["data"], ours["RP/normal"]) == ("1,234", "3.4 %", "–")
    assert cells(table, "timm eager")["RP/normal"] == "1.50 (1.50 to 1.50)"
    assert table.notes == ("not timed: timm eager, autocast; plain RP eager, autocast (bf16 is slow)",)


def test_without_a_peer_there_is_no_speed() -> None:
    table = speed_table(case_result(OURS))
    assert "against" not in table.title
    assert cells(table, "ours eager")["speed"] == "–"


def test_cost_and_roofline() -> None:
    ours = cells(cost_table(CASE), "ours eager")
    assert (ours["peak memory"], ours["process"], ours["start-up"], ours["compiling"]) == ("2 MB", "–", "500 ms", "–")
    assert cost_table(CASE).notes == ("peak memory: step peak",)
    floor = cells(roofline_table(CASE), "fp32")
    assert (floor["computing"], floor["moving"], floor["floor"]) == ("2 ms", "1 ms", "2 ms, by computing")
    assert roofline_table(CASE).notes[0].startswith("rates: gemm 1024x1024x1024 fp32 1 GFLOP/s, ")


def test_reasons_are_one_line_each() -> None:
    hostile = case_result(row("peer", reason="a\x1b[2Jb\nc"))
    assert reasons(hostile) == ["not timed: peer (a [2Jb c)"]


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (seconds(2.5), "2.5 s"),
        (seconds(0.0123), "12.3 ms"),
        (seconds(0.99999), "1 s"),
        (seconds(4.56e-5), "45.6 µs"),
        (size(999), "999 B"),
        (size(1.5e9), "1.5 GB"),
        (percent(0.5), "50 %"),
        (percent(0.0123), "1.2 %"),
        (ratio(flat(2)), "2.00 (2.00 to 2.00)"),
    ],
)
def test_numbers(shown: str, text: str) -> None:
    assert shown == text


def test_a_comparison_names_what_fails() -> None:
    slow = row("ours eager", tuple(3 * value for value in STEADY))
    table = comparison_table(compare(result(CASE), result(case_result(slow, PEER), threads=2), 0.15))
    assert [line[-1] for line in table.rows if line[1] == "ours eager"] == ["slower, fails"]
    assert [line[2] for line in table.rows if line[1] == "ours eager"] == ["0.333 [0.333, 0.333]"]
    assert [line[-1] for line in table.rows if line[1] == "timm eager"] == ["within noise"]
    assert "below 0.85 too" in table.notes[0]
    assert "threads: 1 before, 2 now" in table.notes


def test_the_page_and_its_figure(tmp_path: Path) -> None:
    whole = result(CASE, case_result(PEER, name="other"))
    written = page.write(whole, tmp_path, comparison_table(compare(whole, whole, 0.1)))
    assert [path.name for path in written] == ["bench.json", "bench.md", "bench.png", "bench.svg"]
    assert read(written[0]) == whole
    text = written[1].read_text(encoding="utf-8")
    assert text.startswith("# Benchmark\n")
    assert f"]({written[3].name})" in text
    assert text.count("\n## ") == len(tables(whole)) + 1
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")
    assert made(whole) == "pkbench 0, torch 2, Python 3; cpu, a chip, 1 threads on 2 cores"
    again = page.write(whole, tmp_path / "again", None)
    assert again[3].read_bytes() == written[3].read_bytes()


def test_a_page_without_numbers_has_no_figure(tmp_path: Path) -> None:
    written = page.write(result(case_result(*REFUSED)), tmp_path, None)
    assert [path.name for path in written] == ["bench.json", "bench.md"]
    assert "![" not in written[1].read_text(encoding="utf-8")
