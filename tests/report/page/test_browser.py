"""The page in a real browser: everything a reader does, with a pointer, with the keyboard alone, on a phone, on paper."""

from __future__ import annotations

import base64
from typing import Any

import pytest

LIGHT, DARK = "light", "dark"


def set_up(chromium: Any, *, width: int = 1440, height: int = 1000, scheme: str = LIGHT, script: bool = True) -> None:
    chromium.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    features = [
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not script})


def open_page(chromium: Any, address: str, **how: Any) -> None:
    """Load ``address`` anew with nothing remembered."""
    set_up(chromium, **how)
    chromium.get("about:blank")
    chromium.get_log("browser")
    chromium.get(address)
    if how.get("script", True):
        chromium.execute_script("try { localStorage.clear() } catch {}")
        chromium.get(address)


def ask(chromium: Any, script: str, *arguments: Any) -> Any:
    return chromium.execute_script(f"return ({script})", *arguments)


def count(chromium: Any, selector: str) -> int:
    """Elements that are laid out."""
    code = "[...document.querySelectorAll(arguments[0])].filter(e => e.checkVisibility()).length"
    return int(ask(chromium, code, selector))


def press(chromium: Any, *keys: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    for key in keys:
        ActionChains(chromium).send_keys(key).perform()


def click(chromium: Any, selector: str) -> None:
    from selenium.webdriver.common.by import By

    element = chromium.find_element(By.CSS_SELECTOR, selector)
    chromium.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    element.click()


@pytest.mark.parametrize("name", ["plain", "hostile"])
def test_it_loads_without_a_word_on_the_console(chromium: Any, pages: dict[str, str], name: str) -> None:
    open_page(chromium, pages[name])
    assert chromium.get_log("browser") == []
    assert ask(chromium, "performance.getEntriesByType('resource').length") == 0
    assert chromium.title.startswith("Verdicts on ")
    assert chromium.title.endswith(" · pkbench")


def test_hostile_texts_stay_texts(chromium: Any, pages: dict[str, str]) -> None:
    open_page(chromium, pages["hostile"])
    title = chromium.title
    # Every element is touched, as a curious reader would.
    chromium.execute_script(
        "for (const e of document.querySelectorAll('body *'))"
        " for (const name of ['pointerover', 'pointermove', 'mouseover', 'click', 'focusin'])"
        " if (e.tagName !== 'A' && e.id !== 'theme') e.dispatchEvent(new Event(name, { bubbles: true, cancelable: true }));"
    )
    assert chromium.title == title
    assert ask(chromium, "document.images.length + document.querySelectorAll('script').length") == 1
    assert "<img src=x onerror=" in ask(chromium, "document.body.innerText")
    assert chromium.get_log("browser") == []


def test_the_policy_stops_what_is_not_the_pages_own(chromium: Any, pages: dict[str, str]) -> None:
    open_page(chromium, pages["plain"])
    chromium.execute_script(
        "const s = document.createElement('script'); s.textContent = 'document.title = \"stolen\"'; document.body.append(s);"
        "const i = document.createElement('img'); i.src = 'data:image/gif;base64,R0lGODlhAQABAAAAACw='; document.body.append(i);"
    )
    assert "stolen" not in chromium.title
    assert any("Content Security Policy" in entry["message"] for entry in chromium.get_log("browser"))


def test_filters(chromium: Any, pages: dict[str, str]) -> None:
    open_page(chromium, pages["plain"])
    whole = count(chromium, ".line")
    assert whole == count(chromium, ".card") == ask(chromium, "document.querySelectorAll('.line').length")
    click(chromium, "input[value=supported]")
    assert count(chromium, ".line[data-verdict=supported]") == 0
    rest = count(chromium, ".line")
    assert 0 < rest < whole
    assert count(chromium, ".card") == count(chromium, ".chip") == rest
    assert ask(chromium, "document.getElementById('shown').textContent") == f"{rest} of {whole} claims"
    click(chromium, "button[type=reset]")
    assert count(chromium, ".line") == whole
    for field, value in (("spec", "curves"), ("profile", "paper"), ("profile", "computed")):
        chromium.execute_script(
            "const f = document.getElementById('filters').elements[arguments[0]]; f.value = arguments[1];"
            "f.dispatchEvent(new Event('input', { bubbles: true }))",
            field,
            value,
        )
        assert 0 < count(chromium, ".line") < whole
        assert count(chromium, f".line:not([data-{field}={value}])") == 0
        click(chromium, "button[type=reset]")
    click(chromium, "input[type=search]")
    press(chromium, "lowest near C = S")
    assert count(chromium, ".line") == 1
    assert count(chromium, ".spec") == 1
    press(chromium, " nowhere")
    assert count(chromium, ".line") == 0
    assert ask(chromium, "document.getElementById('none').checkVisibility()")


def test_a_link_shows_what_the_filter_hid(chromium: Any, pages: dict[str, str]) -> None:
    open_page(chromium, pages["plain"])
    click(chromium, "input[type=search]")
    press(chromium, "nowhere")
    assert count(chromium, ".card") == 0
    chromium.execute_script("location.hash = 'claim:small:quick:less:digits'")
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(chromium, 30).until(lambda _: count(chromium, ".card") > 0)
    assert ask(chromium, "document.querySelector(':target').checkVisibility()")


def test_tables_sort_both_ways_with_blanks_last(chromium: Any, pages: dict[str, str]) -> None:
    open_page(chromium, pages["plain"])
    chromium.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")
    column = "[...document.querySelector('[id=\"spec:failing:quick\"] [aria-label=Runs] tbody').rows].map(r => r.cells[5].textContent)"
    head = "[id='spec:failing:quick'] [aria-label=Runs] th:nth-child(6)"
    click(chromium, f"{head} button")
    assert ask(chromium, column) == ["1.00", "2.00", "3.00", "–"]
    assert ask(chromium, "document.querySelector(arguments[0]).getAttribute('aria-sort')", head) == "ascending"
    click(chromium, f"{head} button")
    assert ask(chromium, column) == ["3.00", "2.00", "1.00", "–"]
    assert count(chromium, "[id='spec:failing:quick'] [aria-label=Runs] th[aria-sort]") == 1
    # Numbers with thousands and spreads go by what they are, names by their letters.
    click(chromium, "[id='spec:small:quick'] [aria-label=Models] th:nth-child(7) button")
    sizes = "[...document.querySelector('[id=\"spec:small:quick\"] [aria-label=Models] tbody').rows].map(r => r.cells[6].textContent)"
    assert ask(chromium, sizes) == ["2,048", "2,448"]


def test_a_point_says_its_value_and_leads_to_its_run(chromium: Any, pages: dict[str, str]) -> None:
    open_page(chromium, pages["plain"])
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By

    point = chromium.find_element(By.CSS_SELECTOR, "[id='spec:small:quick'] .p.seed use")
    chromium.execute_script("arguments[0].scrollIntoView({block: 'center'})", point)
    ActionChains(chromium).move_to_element(point).perform()
    assert ask(chromium, "document.getElementById('tip').innerText").startswith("a, seed 0: 1.00")
    assert count(chromium, ".p.kin") == 1, "the same seed of the other model"
    ActionChains(chromium).click().perform()
    link = chromium.find_element(By.CSS_SELECTOR, "#tip a")
    run_id = link.text
    link.click()
    assert ask(chromium, "decodeURIComponent(location.hash)") == f"#run:small:quick:{run_id}"
    assert ask(chromium, "document.querySelector(':target').checkVisibility()"), "its fold is open"
    assert count(chromium, "#tip") == 0


def test_everything_can_be_reached_with_the_keyboard(chromium: Any, pages: dict[str, str]) -> None:
    from selenium.webdriver.common.keys import Keys

    open_page(chromium, pages["plain"])
    press(chromium, Keys.TAB)
    assert ask(chromium, "document.activeElement.className") == "skip"
    seen: set[str] = set()
    for _ in range(400):
        press(chromium, Keys.TAB)
        where, outlined = ask(
            chromium,
            "(e => [`${e.tagName} ${e.id} ${e.getAttribute('class')}`.toLowerCase(),"
            " e.matches('.p') ? e.classList.contains('here') : getComputedStyle(e).outlineStyle !== 'none'])"
            "(document.activeElement)",
        )
        if where.startswith("body"):
            break
        assert outlined, f"focus cannot be seen on {where}"
        seen.add(where.split()[0] + (" p" if " p " in f"{where} " else ""))
    assert {"a", "button", "input", "select", "summary", "div", "svg p", "g p"} <= seen
    chromium.execute_script("document.querySelector('[id=\"spec:small:quick\"] .p').focus()")
    press(chromium, Keys.ARROW_RIGHT)
    assert ask(chromium, "document.activeElement.getAttribute('aria-label')").startswith("a, seed 1: 2.00")
    press(chromium, Keys.END, Keys.HOME, Keys.ENTER)
    assert ask(chromium, "document.activeElement.closest('#tip') !== null"), "Enter goes into what the point says"
    press(chromium, Keys.ESCAPE)
    assert ask(chromium, "document.activeElement.getAttribute('aria-label')").startswith("a, seed 0: 1.00")
    assert count(chromium, "#tip") == 0
    stops = ask(chromium, "document.querySelectorAll('[data-points] .p[tabindex=\"0\"]').length")
    assert stops == ask(chromium, "document.querySelectorAll('[data-points]:has(.p)').length"), "a stop a figure"


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
