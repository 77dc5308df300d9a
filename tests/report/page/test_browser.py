"""The page in a real browser: filters, sorting, points of figures, with a pointer and with the keyboard alone; hostile texts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.report.page.browsing import ask, click, count, open_page, press, wait_for


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
    wait_for(chromium, "document.querySelector(':target')?.checkVisibility()")
    assert count(chromium, ".card") == count(chromium, ".line") > 1, "the filter is gone"


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
    wait_for(chromium, "document.querySelector(':target').checkVisibility()")  # its fold opens
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
