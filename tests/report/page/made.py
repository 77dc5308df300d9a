"""Pages to look at: several specs at several profiles, computed claims, and one whose every text is hostile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pkbench.report.checks import CheckStudy
from pkbench.report.page.build import html_page
from pkbench.report.study import Study
from pkbench.spec.document import Spec
from pkbench.spec.scale import scale
from pkbench.store.files import Scan
from tests.claims import factory
from tests.report.made import families, filled, study_of
from tests.report.test_checks import both

HOSTILE = (
    "</title></style></script><script>document.title='stolen'</script><img src=x onerror=\"document.title='stolen'\">"
    "\" onmouseover=\"document.title='stolen'\" x='{{ 7*7 }} {% raw %} ]]> <!-- \u202emoc.live \x9b2J &lt;b&gt; javascript:alert(1)"
)
"""What a text of a spec or a record may hold: HTML, attributes, templates, and marks that turn text around."""


def renamed(made: factory.Study, name: str, **texts: str) -> factory.Study:
    """``made`` as a spec called ``name``; run ids do not depend on it. ``texts`` replace fields of ``[experiment]``."""
    raw = made.scaled.spec.model_dump(exclude_none=True)
    raw["experiment"] |= {"id": name} | texts
    made.scaled = scale(Spec.model_validate(raw), made.scaled.profile_name)
    return made


def compared() -> Study:
    """Two models and their comparison over three pairs of seeds."""
    made = renamed(filled(compares=(factory.COMPARE,)), "pairs")
    made.compare("same", (0.9, 0.8, 0.7))
    scan = Scan(made.comparisons, ())
    return study_of(made, compared=scan)


def several() -> list[Study]:
    """Four specs, one at two profiles, one with nothing run."""
    failing = filled(errors={"a": (1.0, 2.0, 3.0)})
    failing.put(factory.failed(failing.run("b", 0), message="loss is nan"))
    return [
        study_of(filled()),
        study_of(filled("paper")),
        study_of(renamed(families(), "curves")),
        compared(),
        study_of(renamed(failing, "failing"), problems=("failing/runs/x.json: it is not a whole JSON record",)),
        study_of(renamed(filled(errors={}), "nothing")),
    ]


def page(folder: Path) -> str:
    """The page of :func:`several` and of an audit."""
    return html_page(several(), [both(folder)])


def hostile(folder: Path) -> tuple[list[Study], list[CheckStudy]]:
    """A study and an audit whose texts are all :data:`HOSTILE`."""
    claims: list[dict[str, Any]] = [
        claim | {"statement": HOSTILE, "place": HOSTILE} for claim in (factory.LESS, factory.VALUE)
    ]
    number = factory.reported("a", 12.0, 1.0, 3, place=HOSTILE, quoted_from=HOSTILE)
    made = filled(claims=claims, numbers=(number,), profile="paper", errors={"a": (1.0, 2.0)})
    raw = made.scaled.spec.model_dump(exclude_none=True)
    raw["experiment"] |= {"title": HOSTILE, "paper": HOSTILE}
    raw["assumption"] = {HOSTILE: HOSTILE}
    raw["profile"]["paper"]["scope"] = HOSTILE
    made.scaled = scale(Spec.model_validate(raw), "paper")
    made.put(factory.failed(made.run("b", 0), message=HOSTILE))
    for run_id, record in made.records.items():
        environment = record.environment.model_copy(update={"processor": HOSTILE, "platform": HOSTILE})
        made.records[run_id] = record.model_copy(update={"environment": environment})
    study = study_of(made, problems=(HOSTILE,), warnings=(HOSTILE,))
    quoted = HOSTILE.replace("\\", "").replace("'", "").replace('"', "").replace("\x9b", "")
    return [study], [both(folder, _audit(quoted))]


def _audit(text: str) -> str:
    """An audit spec with ``text`` as its statements."""
    from tests.spec.test_check_specs import AUDIT

    lines = [f"statement = '{text}'" if line.startswith("statement = ") else line for line in AUDIT.splitlines()]
    return "\n".join(lines) + "\n"
