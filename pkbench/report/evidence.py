"""The parts of a page a sceptical reader looks for: limits of the numbers, and where each comes from."""

from __future__ import annotations

from pkbench.report.provenance import circumstances, data_used, run_rows
from pkbench.report.sections import table
from pkbench.report.study import Study
from pkbench.report.trust import trust
from pkbench.report.words import markdown, mean_sd, rate


def how_far(study: Study) -> list[str]:
    """The sentences of :func:`pkbench.report.trust.trust` as a list."""
    return ["#### How far to trust this", "", *(f"- {markdown(text)}" for text in trust(study)), ""]


def provenance(study: Study) -> list[str]:
    """Every number's run, code, machine and data, folded away."""
    rows = run_rows(study)
    if not rows:
        return []
    lines = [
        "#### Provenance",
        "",
        "<details><summary>Runs, code, machines and data behind these numbers</summary>",
        "",
    ]
    lines += table(
        ("code", "hardware", "Python", "PyTorch", "NumPy", "platform", "threads", "runs"),
        (
            (*map(markdown, (c.code, c.hardware, c.python, c.torch, c.numpy, c.platform)), str(c.threads), str(n))
            for c, n in circumstances(study)
        ),
    )
    lines += table(
        ("data", "SHA-256 of its files", "training images", "validation", "test"),
        (
            (f"`{d.data_id}`", f"`{d.checksum}`", f"{d.train:,}", f"{d.validation:,}", f"{d.test:,}")
            for d in data_used(study)
        ),
    )
    lines += table(
        ("run", "model", "data", "lr", "seed", "test error, %", "state"),
        (
            (
                f"`{row.run_id}`",
                f"`{row.model}`",
                f"`{row.data}`",
                rate(row.lr),
                str(row.seed),
                mean_sd(row.test_error, None),
                row.status if row.counts or row.status == "failed" else "finished, other learning rate",
            )
            for row in rows
        ),
    )
    return [*lines, "</details>", ""]
