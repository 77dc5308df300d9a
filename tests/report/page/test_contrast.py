"""Every pair of colours that can meet on the page, light and dark, by WCAG 2.2's formula."""

import colorsys
import re
from itertools import product
from pathlib import Path

import pytest
from matplotlib import colormaps
from matplotlib.colors import to_hex

from pkbench.report import page, style
from pkbench.report.page.heat_maps import LIGHT, cka
from tests.report.page.made import compared

CSS = "\n".join(path.read_text(encoding="utf-8") for path in Path(page.__file__).parent.glob("*.css"))
PAIRS = {name: (light, dark) for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", CSS)}
RULES = re.sub(r"/\*.*?\*/", "", CSS, flags=re.DOTALL)
THEMES = {"light": 0, "dark": 1}


def named(prefix: str) -> list[str]:
    return [name for name in PAIRS if name.startswith(prefix)]


def channels(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_the_formula() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


def test_colours_have_names_and_roles() -> None:
    assert len(named("text-")) == 6
    assert len(named("surface-")) == 5
    assert len(named("mark-")) == 10
    bare = re.findall(r": *(#[0-9a-fA-F]{3,8})\b", re.sub(r"--[\w-]+:[^;]*;", "", RULES))
    assert sorted(set(bare)) == ["#000000", "#ffffff"], "only numbers on a heat map have colours of their own"
    allowed = {
        "color": r"var\(--text-[\w-]+\)|inherit|var\(--surface-page\)",
        "background": r"var\(--surface-[\w-]+\)|none|var\(--text-ink\)",
        "stroke": r"var\(--(?:mark-[\w-]+|line)\)|none|currentColor",
        "fill": r"var\(--(?:mark-[\w-]+|text-soft|shade|surface-page)\)|none|#000000|#ffffff",
    }
    for name, pattern in allowed.items():
        values = re.findall(rf"(?<![\w-]){name}: ([^;}}]+?)\s*[;}}]", RULES)
        assert values, name
        assert [value for value in values if not re.fullmatch(pattern, value)] == []


@pytest.mark.parametrize("theme", THEMES)
def test_text_can_be_read_on_every_surface(theme: str) -> None:
    at = THEMES[theme]
    poor = {
        (text, surface): round(ratio, 2)
        for text, surface in product(named("text-"), named("surface-"))
        if (ratio := contrast(PAIRS[text][at], PAIRS[surface][at])) < 4.5
    }
    assert poor == {}


@pytest.mark.parametrize("theme", THEMES)
def test_marks_and_borders_can_be_seen_on_every_surface(theme: str) -> None:
    at = THEMES[theme]
    poor = {
        (mark, surface): round(ratio, 2)
        for mark, surface in product(named("mark-"), [*named("surface-page"), *named("surface-soft"), "shade"])
        if (ratio := contrast(PAIRS[mark][at], PAIRS[surface][at])) < 3.0
    }
    assert poor == {}


@pytest.mark.parametrize("theme", THEMES)
def test_series_have_the_hues_of_the_figures(theme: str) -> None:
    for number, colour in enumerate(style.CYCLE):
        ours = colorsys.rgb_to_hls(*channels(PAIRS[f"mark-{number}"][THEMES[theme]]))
        theirs = colorsys.rgb_to_hls(*channels(colour))
        if theirs[2] == 0.0:  # black has no hue
            assert ours[2] < 0.2
            continue
        apart = abs(ours[0] - theirs[0])
        assert min(apart, 1 - apart) < 0.04, (number, colour)


def test_numbers_on_a_heat_map_can_be_read() -> None:
    drawn = cka(compared())
    assert drawn is not None
    cells = [cell for map_ in drawn.maps for cell in map_.cells]
    assert len(cells) == 4
    ink = {"on-light": "#000000", "on-dark": "#ffffff"}
    assert all(contrast(cell.fill, ink[cell.look]) >= 4.5 for cell in cells if cell.text)


def test_any_shade_of_a_heat_map_has_readable_numbers() -> None:
    for step in range(101):
        value = step / 100
        ink = "#000000" if value > LIGHT else "#ffffff"
        assert contrast(to_hex(colormaps["cividis"](value)), ink) >= 4.5, value
