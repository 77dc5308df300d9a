"""Extensions are found by name, loaded only when named, and every way in which one can be broken is one line."""

import sys
from pathlib import Path

import pytest

from pkbench.errors import ExtensionError
from pkbench.extend.installed import installed
from pkbench.extend.load import load, resolved, validated
from pkbench.extend.roles import MODELS
from tests.extend.packages import MODEL, install

GROUP = "pkbench.models"


def refused(name: str = "linear") -> str:
    with pytest.raises(ExtensionError) as caught:
        load(MODELS, name)
    assert caught.value.exit_code == 2
    assert "\n" not in caught.value.message
    return caught.value.message


def test_listing_imports_nothing(site: Path) -> None:
    install(site, "one-pack", {GROUP: {"linear": "bad_module:Linear"}}, {"bad_module": "raise SystemExit(3)"}, "2.1")
    (found,) = (one for one in installed(GROUP) if one.name == "linear")
    assert (found.distribution, found.version, found.value) == ("one-pack", "2.1", "bad_module:Linear")
    assert "bad_module" not in sys.modules


def test_only_what_is_named_is_imported_and_once(site: Path) -> None:
    points = {GROUP: {"linear": "good_module:Linear", "other": "bad_module:Other"}}
    install(site, "pack", points, {"good_module": MODEL, "bad_module": "raise RuntimeError"})
    assert load(MODELS, "linear") is load(MODELS, "linear")
    assert "bad_module" not in sys.modules


def test_what_fails_is_tried_once(site: Path) -> None:
    counts = "import sys\nsys.tries = getattr(sys, 'tries', 0) + 1\nraise RuntimeError"
    install(site, "pack", {GROUP: {"linear": "counted_module:Linear"}}, {"counted_module": counts})
    assert refused() == refused()
    assert sys.tries == 1  # type: ignore[attr-defined]
    del sys.tries  # type: ignore[attr-defined]


def test_an_unknown_name_lists_what_is_there(site: Path) -> None:
    install(site, "pack", {GROUP: {"linear": "m_a:Linear"}}, {})
    message = refused("linaer")
    assert "linear (pack 1.0)" in message
    assert 'did you mean "linear"?' in message


@pytest.mark.parametrize(
    "name", ["os", "os.path", "good_module:Linear", "../site/good_module.py", "good_module.Linear"]
)
def test_modules_and_paths_are_no_names(site: Path, name: str) -> None:
    install(site, "pack", {GROUP: {"linear": "good_module:Linear"}}, {"good_module": MODEL})
    assert f"no model extension is called `{name}`" in refused(name)
    assert "good_module" not in sys.modules


def test_one_name_of_two_packages(site: Path) -> None:
    for package in ("first-pack", "second-pack"):
        install(site, package, {GROUP: {"linear": "good_module:Linear"}}, {"good_module": MODEL})
    message = refused()
    assert "first-pack 1.0" in message
    assert "second-pack 1.0" in message
    assert "uninstall all but one" in message


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("raise RuntimeError('broken\\nin two lines')", "cannot be imported: RuntimeError: broken in two lines"),
        ("import no_such_library", "cannot be imported: ModuleNotFoundError"),
        ("raise SystemExit(3)", "cannot be imported: SystemExit: 3"),
        ("Other = 1", "cannot be imported: AttributeError"),
        ("Linear = 3", "is 3; it has to be a subclass of ModelExtension"),
        ("class Linear: api = 1", "has to be a subclass of ModelExtension"),
        (MODEL.replace("api = 1", "api = 7"), "is written for api 7; this pkbench has api 1"),
        (MODEL.replace("api = 1", ""), "is written for api None"),
        (MODEL.replace("result_version = 1", ""), "has result_version = None"),
        (MODEL.replace("result_version = 1", "result_version = True"), "has result_version = True"),
        (MODEL.replace("options = LinearOptions", "options = dict"), "subclass of pkbench.extend.base.Options"),
        (MODEL.replace("def build", "def other"), "cannot be made: TypeError"),
        (MODEL.replace("    def build", "    def __init__(self, x): pass\n    def build"), "cannot be made: TypeError"),
    ],
)
def test_what_is_broken_is_said_with_its_package(site: Path, text: str, told: str) -> None:
    install(site, "broken-pack", {GROUP: {"linear": "broken_module:Linear"}}, {"broken_module": text})
    message = refused()
    assert told in message
    assert "linear of broken-pack 1.0 (entry point pkbench.models: broken_module:Linear)" in message


def test_an_entry_point_that_is_none(site: Path) -> None:
    install(site, "broken-pack", {GROUP: {"linear": "not an entry point"}}, {})
    assert "broken-pack" in refused()


def test_options_are_resolved_with_their_defaults(site: Path) -> None:
    install(site, "pack", {GROUP: {"linear": "good_module:Linear"}}, {"good_module": MODEL})
    loaded = load(MODELS, "linear")
    assert resolved(loaded, {"bias": True}) == {"scale": 1.0, "bias": True}
    for wrong in ({}, {"bias": 1}, {"bias": True, "scale": float("inf")}, {"bias": True, "more": 1}):
        with pytest.raises(ValueError, match="validation error"):
            resolved(loaded, wrong)


def test_options_whose_validation_crashes(site: Path) -> None:
    crash = "    @field_validator('scale')\n    @classmethod\n    def _c(cls, value):\n        return 1 // 0\n\n\nclass Linear("
    text = "from pydantic import field_validator\n" + MODEL.replace("\n\nclass Linear(", crash)
    install(site, "pack", {GROUP: {"linear": "crash_module:Linear"}}, {"crash_module": text})
    with pytest.raises(ExtensionError, match="failed to validate options: ZeroDivisionError"):
        validated(load(MODELS, "linear"), {"bias": True, "scale": 2.0})


def test_what_fails_in_a_call_is_the_extensions(site: Path) -> None:
    install(site, "pack", {GROUP: {"linear": "good_module:Linear"}}, {"good_module": MODEL})
    loaded = load(MODELS, "linear")
    with (
        pytest.raises(ExtensionError, match=r"linear of pack 1\.0 .* refuses in shape: no") as caught,
        loaded.calling("shape"),
    ):
        raise ValueError("no")
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(ExtensionError, match="failed in shape: KeyError"), loaded.calling("shape"):
        raise KeyError("x")
    with pytest.raises(MemoryError), loaded.calling("shape"):
        raise MemoryError
