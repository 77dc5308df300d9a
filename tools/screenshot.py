"""Make the README's picture of the HTML report: a desk in light and a phone in dark, as one small PNG.

    python tools/screenshot.py [PAGE] [PICTURE]        reports/report.html and docs/images/report.png, if not named

Needs Chromium and its driver (on Debian: apt install chromium chromium-driver) and the dev extra.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

ROOT = Path(__file__).resolve().parent.parent
SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--hide-scrollbars",
)
DESK, PHONE = (1180, 900), (390, 900)
GAP = 24
GROUND = "#8a8a8a"
COLOURS = 240
"""Of the picture's palette: text stays crisp, and the file small."""


def start(profile: str) -> webdriver.Chrome:
    """Chromium without a window.

    Raises:
        SystemExit: it is not installed.
    """
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        sys.exit(
            "tools/screenshot.py: needs chromium and chromedriver (on Debian: apt install chromium chromium-driver)"
        )
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for switch in (*SWITCHES, f"--user-data-dir={profile}"):
        options.add_argument(switch)
    return webdriver.Chrome(options=options, service=Service(driver))


def shot(chromium: webdriver.Chrome, page: Path, size: tuple[int, int], scheme: str, what: str) -> Image.Image:
    """A screen of ``size`` that shows ``page`` from the first element on that the selector ``what`` finds."""
    width, height = size
    chromium.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    features = [
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    chromium.get("about:blank")
    chromium.get(page.resolve().as_uri())
    chromium.execute_script("document.querySelector(arguments[0]).scrollIntoView()", what)
    return Image.open(io.BytesIO(chromium.get_screenshot_as_png())).convert("RGB")


def main() -> None:
    """Make the picture."""
    named = [Path(argument) for argument in sys.argv[1:]]
    page = named[0] if named else ROOT / "reports" / "report.html"
    picture = named[1] if len(named) > 1 else ROOT / "docs" / "images" / "report.png"
    if not page.is_file():
        sys.exit(f"tools/screenshot.py: there is no {page}; pkbench report --html writes it")
    with tempfile.TemporaryDirectory() as profile:
        chromium = start(profile)
        try:
            shots = [
                shot(chromium, page, DESK, "light", "#top"),
                shot(chromium, page, PHONE, "dark", "[id='spec:fig-6'] .figure:has(.plots)"),
            ]
        finally:
            chromium.quit()
    whole = Image.new("RGB", (sum(image.width for image in shots) + GAP, DESK[1]), GROUND)
    whole.paste(shots[0], (0, 0))
    whole.paste(shots[1], (shots[0].width + GAP, 0))
    picture.parent.mkdir(parents=True, exist_ok=True)
    whole.quantize(COLOURS, dither=Image.Dither.NONE).save(picture, optimize=True)
    print(f"{picture}: {picture.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
