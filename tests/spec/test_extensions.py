"""Extensions in specs: data that names what is installed; faults of their options stand where they are written."""

import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from pkbench.errors import Fault, SpecError
from pkbench.plan.run import config_id, expand
from pkbench.spec.document import Spec
from pkbench.spec.load import load_any, load_spec
from pkbench.spec.scale import scale
from pkbench.spec.schema import json_schema
from tests.extend.packages import DATA_SET, MODEL, install, on_path
from tests.small import write_small
from tests.spec.broken import marked, places_of

MIXER = """kind = "s-mixer"
mixing = "normal"
depth = 1
patch = 4
S = 4
C = 6
bias = true
init = "torch-linear"
first_skip = "identity"
"""
LINEAR = 'kind = "extension"\nname = "linear"\n'


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("site")
    with on_path(folder):
        install(folder, "pack", {"pkbench.models": {"linear": "good_module:Linear"}}, {"good_module": MODEL})
        yield folder


def spec_with(folder: Path, table: str, *more: tuple[str, str]) -> tuple[Path, tuple[tuple[int, int], ...]]:
    """The small spec with ``table`` as its first model; the places that are marked in it."""
    text = write_small(folder, ('id = "narrow"\n' + MIXER, f'id = "narrow"\n{table}'), *more).read_text()
    broken = marked(text)
    path = folder / "specs" / "small.toml"
    path.write_text(broken.text)
    return path, broken.places


def faults(path: Path) -> tuple[Fault, ...]:
    with pytest.raises(SpecError) as caught:
        load_any(path)
    return caught.value.faults


def test_a_valid_one_is_a_run_like_any_other(site: Path, tmp_path: Path) -> None:
    path, _ = spec_with(tmp_path, LINEAR + "options = { bias = true }\n")
    first, *_ = expand(scale(load_spec(path).spec, "quick"), {"digits": "0" * 64})
    assert first.config["model"] == {
        "kind": "extension",
        "name": "linear",
        "options": {"scale": 1.0, "bias": True},
        "extension_version": 1,
    }
    assert first.shape.parameters == 64 * 10 + 10
    assert first.run_id == config_id(first.config)


def test_a_default_written_down_is_the_same_run_and_another_version_is_not(site: Path, tmp_path: Path) -> None:
    ids = []
    for options in ("{ bias = true }", "{ bias = true, scale = 1.0 }", "{ bias = false }"):
        path, _ = spec_with(tmp_path, f"{LINEAR}options = {options}\n")
        spec: Spec = load_spec(path).spec
        ids.append(next(iter(expand(scale(spec, "quick"), {"digits": "0" * 64}))).run_id)
    assert ids[0] == ids[1] != ids[2]
    other = tmp_path / "other"
    with on_path(other):
        text = MODEL.replace("result_version = 1", "result_version = 2")
        install(other, "a-pack", {"pkbench.models": {"linear2": "newer_module:Linear"}}, {"newer_module": text})
        path, _ = spec_with(tmp_path, 'kind = "extension"\nname = "linear2"\noptions = { bias = true }\n')
        run = next(iter(expand(scale(load_spec(path).spec, "quick"), {"digits": "0" * 64})))
        assert run.config["model"]["extension_version"] == 2


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (LINEAR.replace('"linear"', '▶"linaer"') + "options = { bias = true }\n", 'did you mean "linear"?'),
        (
            LINEAR.replace('"linear"', '▶"os.path"') + "options = { bias = true }\n",
            "no model extension is called `os.path`",
        ),
        (LINEAR.replace('"linear"', '▶"good_module:Linear"'), "it needs a name of at most 63"),
        (LINEAR.replace('"linear"', '▶"../good_module.py"'), "it needs a name of at most 63"),
        (LINEAR + "options = { bias = ▶1 }\n", "`model.narrow.options.bias` is 1; it needs true or false"),
        (
            LINEAR + "options = { bias = true, scale = ▶inf }\n",
            "`model.narrow.options.scale` is inf; it needs a number",
        ),
        (LINEAR + "options = { bias = true, ▶scael = 1.0 }\n", 'did you mean "scale"?'),
        (LINEAR + "options = ▶{ scale = 1.0 }\n", "`model.narrow.options` has no `bias`; it needs true or false"),
        (LINEAR + "options = ▶3\n", "`model.narrow.options` is 3, a whole number; it needs a table"),
        (LINEAR + "options = { bias = true }\n▶depth = 3\n", "`depth`"),
        (LINEAR + "options = { bias = true }\nsweep = { C = ▶[1, 2] }\n", 'kind = "extension" has no C'),
    ],
)
def test_faults_stand_where_they_are(site: Path, tmp_path: Path, table: str, told: str) -> None:
    path, places = spec_with(tmp_path, table)
    found = faults(path)
    assert places_of(found) == places
    assert told in str(found[0])


def test_faults_of_options_come_with_all_others(site: Path, tmp_path: Path) -> None:
    table = LINEAR + "\n[model.options]\nbias = ▶1\n▶more = 2\n"
    path, places = spec_with(tmp_path, table, ("alpha = 0.05", "alpha = ▶2.0"), ('b = "narrow"', 'b = ▶"nobody"'))
    assert places_of(faults(path)) == places
    assert len(places) == 4


def test_images_that_the_extension_has_no_model_for(site: Path, tmp_path: Path) -> None:
    table = LINEAR + "options = ▶{ bias = true }\n"
    data = ('source = "digits"\nshape = [8, 8, 1]', 'source = "npz"\npath = "x.npz"\nshape = [8, 8, 3]')
    path, places = spec_with(tmp_path, table, data)
    (fault,) = faults(path)
    assert places_of((fault,)) == places
    assert "`model.narrow` has no shape on data digits" in str(fault)
    assert "linear of pack 1.0" in str(fault)
    assert "refuses in shape: it is for one colour" in str(fault)


def test_a_profile_has_no_sizes_for_it(site: Path, tmp_path: Path) -> None:
    scaled = "[profile.quick.model.narrow]\nC = ▶3\n"
    path, places = spec_with(
        tmp_path, LINEAR + "options = { bias = true }\n", ('data = ["digits"]\n', f'data = ["digits"]\n{scaled}')
    )
    assert places_of(faults(path)) == places


FAMILY = LINEAR + "options = { bias = true }\nsweep = { options = { scale = [0.5, 2.0] } }\n"
PROFILE = 'data = ["digits"]\n'
OF_OTHERS = (('b = "narrow"', 'b = "other"'), ("[train]\n", f'[[model]]\nid = "other"\n{MIXER}\n[train]\n'))


def scaled_models(path: Path) -> dict[str, object]:
    return {model.id: getattr(model, "options", None) for model in scale(load_spec(path).spec, "quick").models}


def test_a_sweep_over_an_option_is_a_model_for_each_value(site: Path, tmp_path: Path) -> None:
    path, _ = spec_with(tmp_path, FAMILY, *OF_OTHERS)
    found = scaled_models(path)
    assert found["narrow-scale0.5"] == {"bias": True, "scale": 0.5}
    assert found["narrow-scale2"] == {"bias": True, "scale": 2.0}
    runs = list(expand(scale(load_spec(path).spec, "quick"), {"digits": "0" * 64}))
    alone, _ = spec_with(tmp_path, LINEAR + "options = { bias = true, scale = 2.0 }\n")
    single = next(iter(expand(scale(load_spec(alone).spec, "quick"), {"digits": "0" * 64})))
    assert single.run_id in {run.run_id for run in runs if run.model.id == "narrow-scale2"}
    assert not list(jsonschema.Draft7Validator(json_schema()).iter_errors(tomllib.loads(path.read_text())))


@pytest.mark.parametrize(
    ("lists", "names"),
    [
        ("bias = [true, false]", ["narrow-bias-true", "narrow-bias-false"]),
        ("bias = [true, true], scale = [1.0, 3.0]", ["narrow-scale1", "narrow-scale3"]),
        ("bias = [true, true, false], scale = [1.0, 2.0, 1.0]", ["narrow-1", "narrow-2", "narrow-3"]),
    ],
)
def test_members_are_called_by_their_option(site: Path, tmp_path: Path, lists: str, names: list[str]) -> None:
    path, _ = spec_with(tmp_path, f"{LINEAR}sweep = {{ options = {{ {lists} }} }}\n", *OF_OTHERS)
    assert list(scaled_models(path))[: len(names)] == names


def test_a_profile_gives_options_and_lists_of_its_own(site: Path, tmp_path: Path) -> None:
    own = (
        "[profile.quick.model.narrow]\noptions = { bias = false }\nsweep = { options = { scale = [3.0, 4.0, 5.0] } }\n"
    )
    path, _ = spec_with(tmp_path, FAMILY, (PROFILE, PROFILE + own), *OF_OTHERS)
    found = scaled_models(path)
    assert [found[f"narrow-scale{n}"] for n in (3, 4, 5)] == [{"bias": False, "scale": float(n)} for n in (3, 4, 5)]
    assert "narrow-scale2" not in found


@pytest.mark.parametrize(
    ("table", "profile", "told"),
    [
        ("sweep = { options = { bias = ▶true } }", "", "is true; it needs an array of 1 to 1000 values"),
        ("sweep = { options = { bias = ▶[] } }", "", "it needs an array of 1 to 1000 values"),
        (
            "sweep = { options = { bias = [true, ▶2] } }",
            "",
            "item 2 of `model.narrow.sweep.options.bias` is 2; it needs",
        ),
        ("sweep = { options = { bias = [▶2, ▶3] } }", "", "item 1 of `model.narrow.sweep.options.bias` is 2; it needs"),
        ("options = { bias = true }\nsweep = { options = { ▶bais = [1, 2] } }", "", 'did you mean "bias"?'),
        ("options = { bias = true }\nsweep = { options = { bias = ▶[true] } }", "", "gives options.bias and sweeps"),
        (
            "sweep = ▶{ options = { bias = [true, false], scale = [1.0] } }",
            "",
            "options.bias has 2, options.scale has 1",
        ),
        ("options = { bias = true }", "options = { scale = ▶inf }", "is inf; it needs a number"),
        ("options = { bias = true }", "options = { ▶scael = 1.0 }", 'did you mean "scale"?'),
        (
            "options = { bias = true }\nsweep = { options = { scale = [1.0, 2.0] } }",
            "sweep = { options = { scale = [1.0, ▶inf] } }",
            "item 2 of `profile.quick.model.narrow.sweep.options.scale` is inf",
        ),
        (
            "options = { bias = true }\nsweep = { options = { scale = [1.0, 2.0] } }",
            "options = { scale = ▶1.0 }",
            "gives `model.narrow` one options.scale, and it sweeps over it",
        ),
        (
            "sweep = { options = { scale = [1.0, 2.0], bias = [true, false] } }",
            "sweep = ▶{ options = { scale = [1.0, 2.0] } }",
            "a sweep without options.bias",
        ),
    ],
)
def test_faults_of_swept_options_stand_where_they_are(
    site: Path, tmp_path: Path, table: str, profile: str, told: str
) -> None:
    own = f"[profile.quick.model.narrow]\n{profile}\n" if profile else ""
    path, places = spec_with(tmp_path, f"{LINEAR}{table}\n", (PROFILE, PROFILE + own), *OF_OTHERS)
    found = faults(path)
    assert places_of(found) == places, [str(fault) for fault in found]
    assert told in str(found[0])


def test_options_are_an_extensions_alone(site: Path, tmp_path: Path) -> None:
    table = MIXER.replace("C = 6\n", "C = 6\nsweep = { options = { scale = ▶[1.0, 2.0] } }\n")
    path, places = spec_with(tmp_path, table)
    found = faults(path)
    assert places_of(found) == places
    assert 'kind = "s-mixer" has no options.scale' in str(found[0])


def test_an_audit_has_formulas_of_its_own(site: Path, tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "specs" / "audit.toml").read_text()
    head = text[: text.index("[[configuration]]")]
    model = f'[configuration.model]\nid = "x"\n{LINEAR}options = {{ bias = true }}\n'
    own = '[[configuration]]\nid = "x"\nplace = "p"\nimage = [8, 8, 1]\nclasses = 10\n' + model
    claim = '[[claim]]\nid = "c"\nkind = "total"\nstatement = "s"\nplace = "p"\nconfiguration = "x"\nquantity = "m"\n'
    path = tmp_path / "audit.toml"
    path.write_text(head + own + claim + "stated = 3.0\ntolerance = 0.1\n")
    assert any("has a model of an extension's" in str(fault) for fault in faults(path))


CLAIM = """
[[claim]]
id = "outside"
kind = "extension"
name = "gap"
options = { limit = 3 }
statement = "s"
place = "nowhere"
a = "random"
metric = "test_error"
margin = 0.0
alpha = 0.05
"""
GAP = """
from pkbench.extend.base import Options
from pkbench.extend.claim import ClaimExtension


class GapOptions(Options):
    limit: int


class Gap(ClaimExtension[GapOptions]):
    api = 1
    options = GapOptions

    def assess(self, options, a, b, margin, alpha):
        raise ValueError("nothing")
"""


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("limit = 3", 'limit = ▶"3"'), "`claim.outside.options.limit`"),
        (('name = "gap"', 'name = ▶"gab"'), 'did you mean "gap"?'),
        (('a = "random"', 'a = ▶"nobody"'), "no model is called `nobody`"),
        (('a = "random"', 'a = "random"\nb = ▶"nobody"'), "no model is called `nobody`"),
        (('a = "random"', 'a = "random"\nb = ▶"random"'), "compares `random` with itself"),
        (('metric = "test_error"', 'metric = ▶"gradient_norm"'), "which is not measured"),
    ],
)
def test_claims_of_extensions_are_checked_like_others(
    site: Path, tmp_path: Path, change: tuple[str, str], told: str
) -> None:
    other = tmp_path / "site"
    with on_path(other):
        install(other, "claims-pack", {"pkbench.claims": {"gap": "gap_checked:Gap"}}, {"gap_checked": GAP})
        assert change[0] in CLAIM
        end = 'data = ["digits"]\n'
        path, places = spec_with(tmp_path, MIXER, (end, end + CLAIM.replace(*change)))
        found = faults(path)
        assert places_of(found) == places
        assert told in str(found[0])
        path, _ = spec_with(tmp_path, MIXER, (end, end + CLAIM))
        assert load_spec(path).spec.claim[-1].kind == "extension"


SOURCE = 'source = "extension"\nname = "set"\noptions = { shift = 1 }'


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (SOURCE.replace("shift = 1", "shift = ▶1.5"), "`data.digits.options.shift` is 1.5"),
        (SOURCE.replace('"set"', '▶"sets"'), 'did you mean "set"?'),
        (SOURCE + '\n▶resize = "bilinear"', "`resize`"),
    ],
)
def test_data_of_extensions_is_checked_like_other(site: Path, tmp_path: Path, source: str, told: str) -> None:
    other = tmp_path / "site"
    with on_path(other):
        install(
            other,
            "data-pack",
            {"pkbench.data": {"set": "set_checked:Set"}},
            {"set_checked": DATA_SET.replace("BODY", "pass")},
        )
        path, places = spec_with(tmp_path, MIXER, ('source = "digits"', source))
        found = faults(path)
    assert places_of(found) == places
    assert told in str(found[0])


def test_editors_know_extensions_and_leave_their_options_to_them() -> None:
    example = Path(__file__).parents[2] / "examples" / "pkbench-example" / "specs" / "conv-mixer.toml"
    check = jsonschema.Draft7Validator(json_schema())
    spec = tomllib.loads(example.read_text())
    assert list(check.iter_errors(spec)) == []
    del spec["model"][0]["name"]
    assert list(check.iter_errors(spec))


def test_a_thousand_unknown_extensions_are_soon_refused(site: Path, tmp_path: Path) -> None:
    table = '[[model]]\nid = "m{0}"\nkind = "extension"\nname = "none-{0}"\n\n'
    path = write_small(tmp_path, ("[train]\n", "".join(table.format(i) for i in range(900)) + "[train]\n"))
    start = time.process_time()
    assert "no model extension is called `none-0`" in str(faults(path)[1])
    assert time.process_time() - start < 10
