"""How the page looks in a real browser: on a phone, a tablet and a desk, light and dark, without a script, on paper."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.report.page.browsing import DARK, LIGHT, ask, click, count, open_page, set_up


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
@pytest.mark.parametrize("name", ["plain", "hostile"])
@pytest.mark.parametrize("width", [390, 820, 1440])
def test_nothing_sticks_out(chromium: Any, pages: dict[str, str], width: int, name: str, scheme: str) -> None:
    open_page(chromium, pages[name], width=width, height=844, scheme=scheme)
    assert ask(chromium, "document.documentElement.scrollWidth") == width
    chromium.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")
    assert ask(chromium, "document.documentElement.scrollWidth") == width
    outside = ask(
        chromium,
        "[...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && !e.closest('.scroll, pre, .vh, .skip, .symbols')"
        " && !e.matches('.vh, .symbols') && (r => r.width && (r.right > innerWidth + 1 || r.left < -1))(e.getBoundingClientRect()))"
        ".map(e => `${e.tagName} ${e.getAttribute('class')} ${e.textContent.slice(0, 60)}`)",
    )
    assert outside == []


@pytest.mark.parametrize("width", [390, 1440])
def test_labels_of_axes_do_not_touch(chromium: Any, pages: dict[str, str], width: int) -> None:
    open_page(chromium, pages["plain"], width=width)
    touching = ask(
        chromium,
        "[...document.querySelectorAll('.x-tick, .y-tick, .row-axis svg')].flatMap(group => {"
        " const boxes = [...group.querySelectorAll('text')].map(t => t.getBoundingClientRect());"
        " return boxes.slice(1).filter((b, i) => { const a = boxes[i];"
        "  return a.right > b.left && a.left < b.right && a.bottom - 3 > b.top && a.top < b.bottom - 3; }).map(() => group.textContent) })",
    )
    assert touching == []


def test_light_and_dark_are_chosen_and_remembered(chromium: Any, pages: dict[str, str]) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    open_page(chromium, pages["plain"], scheme=DARK)
    dark = ask(chromium, ground)
    assert ask(chromium, "document.getElementById('theme').getAttribute('aria-pressed')") == "true"
    open_page(chromium, pages["plain"], scheme=LIGHT)
    light = ask(chromium, ground)
    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(21, 23, 28)")
    click(chromium, "#theme")
    assert ask(chromium, ground) == dark
    chromium.get(pages["plain"])
    assert ask(chromium, ground) == dark
    click(chromium, "#theme")
    assert ask(chromium, ground) == light


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_every_text_has_contrast_where_it_stands(chromium: Any, pages: dict[str, str], scheme: str) -> None:
    open_page(chromium, pages["plain"], scheme=scheme)
    chromium.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")
    poor = ask(
        chromium,
        """(() => {
          const parse = (c) => c.match(/[\\d.]+/g).map(Number);
          const light = (c) => { const [r, g, b] = c.slice(0, 3).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
          const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
            if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
          const found = new Set();
          const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walk.nextNode()) {
            const e = walk.currentNode.parentElement;
            if (!walk.currentNode.textContent.trim() || !e.checkVisibility() || e.closest('.heat, title, option')) continue;
            const style = getComputedStyle(e);
            const a = light(parse(e.closest('svg') ? style.fill : style.color)), b = light(ground(e));
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < 4.5) found.add(`${e.tagName} ${e.className} ${ratio.toFixed(2)}`);
          }
          return [...found];
        })()""",
    )
    assert poor == []


def test_without_a_script_all_is_shown(chromium: Any, pages: dict[str, str]) -> None:
    open_page(chromium, pages["plain"], script=False)
    try:
        from selenium.webdriver.common.by import By

        # What selenium asks runs beside the page's own script, which does not.
        shown = [element.is_displayed() for element in chromium.find_elements(By.CSS_SELECTOR, ".line, .card, .figure")]
        assert len(shown) > 20
        assert all(shown)
        assert not chromium.find_element(By.ID, "filters").is_displayed()
        assert not chromium.find_element(By.ID, "theme").is_displayed()
        assert chromium.get_log("browser") == []
    finally:
        set_up(chromium)


def test_nothing_moves_after_it_is_shown(chromium: Any, pages: dict[str, str]) -> None:
    open_page(chromium, pages["plain"])
    shift = chromium.execute_async_script(
        "const done = arguments[0]; let sum = 0;"
        "new PerformanceObserver((list) => { for (const e of list.getEntries()) sum += e.value })"
        ".observe({ type: 'layout-shift', buffered: true });"
        "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(sum), 200)));"
    )
    assert shift == 0


def test_on_paper_everything_is_unfolded_and_light(chromium: Any, pages: dict[str, str]) -> None:
    open_page(chromium, pages["plain"], scheme=DARK)
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert ask(chromium, "getComputedStyle(document.documentElement).colorScheme") == "light"
    assert count(chromium, ".bar, #filters, #tip") == 0
    made = chromium.execute_cdp_cmd("Page.printToPDF", {"printBackground": False})
    assert base64.b64decode(made["data"]).startswith(b"%PDF")
    assert count(chromium, "[aria-label=Runs] td") > 0
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert ask(chromium, "document.querySelectorAll('details[open]').length") == 0, "folded again afterwards"
