"""What a reader does with a page in a browser, for the tests that have one."""

from __future__ import annotations

from typing import Any

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


def wait_for(chromium: Any, script: str, *arguments: Any) -> None:
    """Until ``script`` holds: a change of the address tells its page only after what made it has returned."""
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(chromium, 30, poll_frequency=0.02).until(
        lambda _: ask(chromium, script, *arguments), f"never: {script}"
    )


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
