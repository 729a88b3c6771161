# SPDX-License-Identifier: LGPL-2.1-or-later
"""The pages of the event log, in a real Chromium, with scripts and without."""
import shutil

import pytest

from webclient import Client, make_token

webdriver = pytest.importorskip("selenium.webdriver", reason="python3-selenium is not installed")
from selenium.common.exceptions import StaleElementReferenceException  # noqa: E402 pylint: disable=wrong-import-position
from selenium.webdriver.common.by import By  # noqa: E402 pylint: disable=wrong-import-position
from selenium.webdriver.common.keys import Keys  # noqa: E402 pylint: disable=wrong-import-position
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402 pylint: disable=wrong-import-position

PREFIX = "org.atoll.prod"


def browser(tmp_path, *, scripts=True, width=1280, height=900):
    if shutil.which("chromedriver") is None:
        pytest.skip("chromium-driver is not installed")
    options = webdriver.ChromeOptions()
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 f"--user-data-dir={tmp_path / f'chrome-{scripts}-{width}'}",
                 f"--window-size={width},{height}"):
        options.add_argument(word)
    if not scripts:
        options.add_experimental_option(
            "prefs", {"profile.managed_default_content_settings.javascript": 2})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.chrome.service.Service(shutil.which("chromedriver"))
    return webdriver.Chrome(service=service, options=options)


@pytest.fixture
def log(serve, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    token = make_token(state)
    server = serve(None, "--state", state)
    client = Client(server.port, token)
    client.url = server.url
    for number in range(40):
        client.publish(f"{PREFIX}.{['compose', 'build'][number % 2]}.tree.done",
                       {"summary": f"thing {number} <script>document.title='bad'</script>"},
                       objects=[f"rpm:{['bash', 'zsh'][number % 2]}"],
                       severity=["info", "error"][number % 5 == 0])
    return client


@pytest.fixture
def open_browser(tmp_path):
    drivers = []

    def start(**options):
        drivers.append(browser(tmp_path, **options))
        return drivers[-1]

    yield start
    for driver in drivers:
        driver.quit()


def texts(driver, selector):
    """Of all elements at one moment: a live page replaces them."""
    while True:
        try:
            return [element.text for element in driver.find_elements(By.CSS_SELECTOR, selector)]
        except StaleElementReferenceException:
            continue


def assert_quiet(driver):
    """Nothing was refused by the page's policy, no script failed."""
    severe = [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    assert severe == []


def test_live_updates(log, open_browser):
    driver = open_browser()
    driver.get(f"{log.url}/log")
    wait = WebDriverWait(driver, 300)
    wait.until(lambda d: "live" in texts(d, "#live .state"))
    assert len(texts(driver, ".event")) == 25
    made = log.publish(f"{PREFIX}.image.disk.made", {"summary": "new & <b>bold</b>"},
                       severity="warning", objects=["image:qcow2"])
    wait.until(lambda d: texts(d, ".event .topic")[0] == "image.disk.made")
    newest = driver.find_element(By.CSS_SELECTOR, ".event")
    assert "new & <b>bold</b>" in newest.text and "WARNING" in newest.text.upper()
    newest.find_element(By.CSS_SELECTOR, ".topic").click()
    wait.until(lambda d: d.current_url.endswith(f"/log/{made['seq']}"))
    body = driver.find_element(By.TAG_NAME, "main").text
    for wanted in (made["id"], made["hash"], "image:qcow2", "Inclusion proof"):
        assert wanted in body
    assert_quiet(driver)


def test_live_filters_and_pause(log, open_browser):
    driver = open_browser()
    driver.get(f"{log.url}/log?category=build")
    wait = WebDriverWait(driver, 300)
    wait.until(lambda d: "live" in texts(d, "#live .state"))
    log.publish(f"{PREFIX}.compose.tree.done", {"summary": "not here"})
    log.publish(f"{PREFIX}.build.tree.done", {"summary": "but this"})
    wait.until(lambda d: texts(d, ".event .summary")[0] == "but this")
    assert "not here" not in texts(driver, ".event .summary")
    button = driver.find_element(By.CSS_SELECTOR, "#live button")
    button.click()
    wait.until(lambda d: "paused" in texts(d, "#live .state"))
    log.publish(f"{PREFIX}.build.tree.done", {"summary": "while paused"})
    button.click()
    wait.until(lambda d: texts(d, ".event .summary")[0] == "while paused")
    assert_quiet(driver)


def test_search_and_pages(log, open_browser):
    driver = open_browser()
    driver.get(f"{log.url}/log")
    wait = WebDriverWait(driver, 300)
    driver.find_element(By.CSS_SELECTOR, ".filters summary").send_keys(Keys.ENTER)
    field = driver.find_element(By.NAME, "package")
    field.send_keys("bash", Keys.ENTER)
    wait.until(lambda d: "package=bash" in d.current_url)
    assert texts(driver, ".total") == ["20 in all"] or texts(driver, ".total") == ["20"]
    assert {"compose.tree.done"} == set(texts(driver, ".event .topic"))
    driver.get(f"{log.url}/log?rows_per_page=10")
    first = texts(driver, ".event .seq")
    driver.find_element(By.CSS_SELECTOR, "a[rel=next]").click()
    wait.until(lambda d: "page=2" in d.current_url)
    second = texts(driver, ".event .seq")
    assert len(first) == len(second) == 10 and not set(first) & set(second)
    assert driver.title == "Events – atoll"
    assert_quiet(driver)


def test_without_scripts(log, open_browser):
    driver = open_browser(scripts=False)
    driver.get(f"{log.url}/log")
    assert len(texts(driver, ".event")) == 25
    assert not driver.find_element(By.ID, "live").is_displayed()
    driver.find_element(By.CSS_SELECTOR, ".filters summary").click()
    driver.find_element(By.NAME, "category").send_keys("build")
    driver.find_element(By.CSS_SELECTOR, ".filters button").click()
    wait = WebDriverWait(driver, 300)
    wait.until(lambda d: "category=build" in d.current_url)
    assert set(texts(driver, ".event .topic")) == {"build.tree.done"}
    driver.find_element(By.CSS_SELECTOR, ".event .topic").click()
    wait.until(lambda d: "/log/" in d.current_url)
    assert "Signature" in driver.find_element(By.TAG_NAME, "main").text


@pytest.mark.parametrize("path", ["/", "/log", "/log?package=bash&severity=40", "/log/5",
                                  "/log?page=0", "/log/99999"])
def test_fits_a_phone(log, open_browser, path):
    driver = open_browser(width=500, height=844)
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True})
    driver.get(log.url + path)
    width, inner = driver.execute_script(
        "return [document.documentElement.scrollWidth, window.innerWidth]")
    assert (width, inner) == (390, 390)
    small = driver.execute_script(
        "return [...document.querySelectorAll('button, input, select')].filter(e => e.offsetParent)"
        ".filter(e => e.offsetHeight < 32).map(e => e.outerHTML)")
    assert small == []
