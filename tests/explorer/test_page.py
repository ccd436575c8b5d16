"""The page in a real browser: what moves, what follows, and what is taken along."""

import csv
import io
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser, Page

from returnsim.scenario.files import load_scenario
from tests.explorer.shown import CAMP, SIEGE, START, move, served, text, whole

pytestmark = pytest.mark.slow  # a browser and processes of their own: two minutes

CHARTS = ("camp", "departures", "harm", "trust")


@pytest.fixture
def shown(page: Page, address: str) -> Page:
    page.goto(address)
    whole(page)
    return page


def taken(page: Page, button: str) -> bytes:
    with page.expect_download() as download:
        page.locator(button).click()
    return Path(download.value.path()).read_bytes()


def test_a_moved_slider_changes_the_numbers_and_says_so_with_the_harm(shown: Page):
    assert "Nothing is changed" in text(shown, "#headline")
    before = text(shown, '[data-chart="departures"] figcaption')
    move(shown, SIEGE, "0")
    whole(shown)
    said = text(shown, "#headline")
    for word in ("return", "pushed by the siege", "detained", "conscripted", "killed", "died"):
        assert word in said
    after = text(shown, '[data-chart="departures"] figcaption')
    assert after != before
    assert "pushed 0 (as written" in after


def test_what_is_written_stays_behind_what_is_changed(shown: Page):
    grey = 'path[stroke="var(--written)"]'
    assert shown.locator(grey).count() == 0
    move(shown, SIEGE, "0.1")
    whole(shown)
    for chart in CHARTS:
        assert shown.locator(f'[data-chart="{chart}"] {grey}').count() > 0, chart


def test_the_newest_change_wins(shown: Page):
    for value in ("0.8", "0.6", "0.3", "0.05"):
        shown.locator(SIEGE).fill(value)
    shown.wait_for_function("() => location.search.includes('0.05')")
    whole(shown)
    assert "0.05" in text(shown, "#changes")
    assert shown.locator(f"{SIEGE} ~ output").inner_text() == "0.05"


def test_a_slider_is_moved_by_the_keyboard(shown: Page):
    slider = shown.locator('[data-control="guarantors.mediator.neutrality"] input[type=range]')
    slider.focus()
    slider.press("ArrowRight")
    shown.wait_for_function("() => location.search.includes('neutrality')")
    assert "0.81" in text(shown, "#changes")


def test_reset_brings_back_what_is_written(shown: Page):
    move(shown, SIEGE, "0.2")
    shown.locator("#reset").click()
    shown.wait_for_function("() => location.search === ''")
    whole(shown)
    assert text(shown, "#changes").strip() == ["What changed against the file", "Nothing."][1]
    assert shown.locator(f"{SIEGE} ~ output").inner_text() == "0.4 to 0.9"


def test_one_change_is_undone_and_the_others_stay(shown: Page):
    move(shown, SIEGE, "0.2")
    move(shown, '[data-control="levers.aid.coverage"] input[type=range]', "0.7")
    shown.locator('[data-control="levers.siege.severity"] .x-undo').click()
    shown.wait_for_function("() => !location.search.includes('siege')")
    assert "levers.aid" in text(shown, "#changes")
    assert "levers.siege" not in text(shown, "#changes")


def test_a_step_of_its_own_is_added_and_moved(shown: Page):
    card = shown.locator('[data-block="levers.siege"]')
    card.get_by_text("Add a step").click()
    card.get_by_label("first day of the step").fill("2021-02-01")
    card.get_by_label("day after the step").fill("2021-03-01")
    card.get_by_role("button", name="Add", exact=True).click()
    card.locator(".x-steps > summary").first.click()
    step = '[data-control="levers.siege[2021-02-01].severity"] input[type=range]'
    move(shown, step, "0.15")
    assert "severity 0.15" in text(shown, "#changes")
    assert "levers.siege%5B2021-02-01%3A2021-03-01%5D.severity%3D0.15" in shown.url
    whole(shown)


def test_the_whole_time_is_set_also_after_a_step_was_added(shown: Page):
    move(shown, SIEGE, "0.5")
    card = shown.locator('[data-block="levers.siege"]')
    card.get_by_text("Add a step").click()
    card.get_by_label("first day of the step").fill("2021-02-01")
    card.get_by_role("button", name="Add", exact=True).click()
    step = '[data-control="levers.siege[2021-02-01].severity"] input[type=range]'
    card.locator(".x-steps > summary").first.click()
    move(shown, step, "0.8")
    assert shown.locator(f"{SIEGE} ~ output").inner_text() == "0.5 to 0.8"
    move(shown, SIEGE, "0.2")
    shown.locator("#changes", has_text="severity 0.2").wait_for()
    assert shown.locator(f"{SIEGE} ~ output").inner_text() == "0.2"
    assert shown.locator(step).count() == 0


def test_what_stands_beside_a_box_is_what_is_so_now(shown: Page):
    card = shown.locator('[data-block="levers.corridor"]')
    card.locator("summary").first.click()
    card.get_by_text("Add a step").click()
    card.get_by_label("first day of the step").fill("2021-02-01")
    card.get_by_role("button", name="Add", exact=True).click()
    box = card.locator('[data-control="levers.corridor[2021-01-04:].open"] > .x-box')
    box.get_by_text("yes (by steps now)").wait_for()
    box.locator("input").click()
    box.get_by_text("yes", exact=True).wait_for()


def test_what_cannot_be_is_said_and_nothing_is_changed(shown: Page):
    card = shown.locator('[data-block="levers.siege"]')
    card.get_by_text("Add a step").click()
    card.get_by_label("first day of the step").fill("2021-02-01")
    card.get_by_label("day after the step").fill("2021-05-01")
    card.get_by_role("button", name="Add", exact=True).click()
    shown.locator("#problem", has_text="begins in between").wait_for()
    assert shown.locator("#changes").inner_text().strip() == "Nothing."


def test_the_scenario_taken_along_is_run_by_the_command_line(shown: Page, tmp_path: Path):
    move(shown, SIEGE, "0.25")
    file = tmp_path / "taken.yaml"
    file.write_bytes(taken(shown, "#take-scenario"))
    severity = load_scenario(file).levers.siege[0].severity.value
    assert severity == 0.25
    asked = ("--replicates", "1", "--workers", "1", "--no-figures", "--json")
    run = [sys.executable, "-c", START, "run", str(file), *asked]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_table_and_the_figures_are_taken_along(shown: Page):
    move(shown, SIEGE, "0.25")
    whole(shown)
    rows = list(csv.DictReader(io.StringIO(taken(shown, "#take-table").decode())))
    names = [row["outcome"] for row in rows]
    assert "returned" in names
    assert "detained after return" in names
    assert float(rows[names.index("returned")]["written_median"]) > 0
    with ZipFile(io.BytesIO(taken(shown, "#take-figures"))) as archive:
        assert {"harm.png", "camp_population.svg"} <= set(archive.namelist())


def test_a_link_shows_what_its_sender_saw(shown: Page, browser: Browser):
    move(shown, SIEGE, "0.3")
    move(shown, '[data-control="guarantors.mediator.enforcement"] input[type=range]', "0.95")
    whole(shown)
    other = browser.new_context().new_page()
    other.goto(shown.url)
    whole(other)
    for place in ("#headline", "#changes", '[data-chart="harm"] figcaption'):
        assert text(other, place) == text(shown, place)
    other.context.close()


def test_two_visitors_share_nothing(shown: Page, browser: Browser, address: str):
    other = browser.new_context().new_page()
    other.goto(address)
    whole(other)
    move(shown, SIEGE, "0")
    whole(shown)
    assert "Nothing is changed" in text(other, "#headline")
    move(other, '[data-control="levers.aid.coverage"] input[type=range]', "1")
    whole(other)
    assert "levers.aid" not in text(shown, "#changes")
    assert "levers.siege" not in text(other, "#changes")
    other.context.close()


@pytest.mark.parametrize(
    "query",
    [
        "set=posterior=/etc/passwd",
        "set=observations=/etc/passwd",
        "set=extends=/etc/passwd",
        "set=levers.siege.severity=2",
        "set=levers.sieg.severity=0",
        "set=levers.siege.severity=!!python/object:os.system",
        "set=population.people=1e12",
        "set=levers.arrivals.people_per_week=1e12",
        "household=-1",
        "file=/etc/passwd",
    ],
)
def test_a_link_that_may_not_be_followed_shows_what_is_written(
    page: Page, address: str, query: str
):
    page.goto(f"{address}?{query}")
    page.locator("#problem", has_text="The link could not be followed").wait_for()
    assert "root:" not in page.content()
    assert page.locator("#changes").inner_text().strip() == "Nothing."


def test_a_household_is_told_with_what_it_heard_and_why_it_chooses(shown: Page):
    shown.locator("#household > summary").click()
    shown.get_by_label("Household", exact=True).fill("3")
    shown.get_by_role("button", name="Look", exact=True).click()
    told = shown.locator(".x-told")
    told.get_by_role("heading", name="Whom they know").wait_for()
    for heading in ("Who they are", "What they heard", "Why they choose so"):
        assert told.get_by_role("heading", name=heading).is_visible()
    assert told.get_by_role("rowheader", name="intercept").first.is_visible()
    assert "household=3" in shown.url
    told.locator(".x-contacts button").first.click()
    shown.wait_for_function("() => !location.search.includes('household=3')")


def test_a_household_that_is_not_named_is_in_the_link_all_the_same(shown: Page):
    shown.locator("#household > summary").click()
    shown.get_by_role("button", name="Look", exact=True).click()
    shown.locator("#household .x-status", has_text="Household 0 in replicate 0").wait_for()
    assert shown.get_by_label("Household", exact=True).input_value() == "0"
    assert "household=0&replicate=0" in shown.url


def test_what_is_being_typed_outlives_what_comes_in(shown: Page):
    shown.locator("#household > summary").click()
    week = shown.get_by_label("Week", exact=True)
    shown.locator(SIEGE).fill("0.7")
    week.fill("23")
    shown.wait_for_function("() => location.search.includes('0.7')")
    whole(shown)
    shown.locator("#status", has_text="All").wait_for()
    assert week.input_value() == "23"
    shown.get_by_label("Household", exact=True).fill("3")
    shown.get_by_role("button", name="Look", exact=True).click()
    shown.locator("#household .x-status", has_text="week 23").wait_for()


def test_an_unknown_household_is_said_to_be_none(page: Page, address: str):
    page.goto(f"{address}?household=9999")
    page.locator("#household .x-status", has_text="there is none").wait_for()


def test_everything_that_moves_has_a_name_and_says_what_it_rests_on(shown: Page):
    sliders = shown.locator("input[type=range]")
    names = [sliders.nth(i).get_attribute("aria-label") for i in range(sliders.count())]
    assert len(names) > 30
    assert all(names)
    assert len(set(names)) == len(names)
    tips = [tip for tip in shown.locator(".x-tip p").all_text_contents() if "Unit:" in tip]
    assert len(tips) >= len(names)
    assert all("No source: a guess" in tip or "Source:" in tip for tip in tips)
    assert any("Source: a survey" in tip for tip in tips)


def test_every_chart_says_in_words_what_it_shows(shown: Page):
    for chart in CHARTS:
        said = shown.locator(f'[data-chart="{chart}"] [role=img]').get_attribute("aria-label")
        assert said is not None
        assert "median" in said


def test_a_run_that_is_too_short_to_tell_the_pushed_says_so(page: Page, camp_file: Path):
    with served(camp_file, "--set", "behaviour.intercept=-4") as (address, _):
        page.goto(address)
        whole(page)
        assert "not yet known whether the siege pushed them" in text(page, "#caution")
        assert "cannot be told" in text(page, '[data-chart="departures"] figcaption')
        page.goto("about:blank")


def test_a_narrow_window_shows_all_without_scrolling_sideways(page: Page, address: str):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(address)
    whole(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("link", name="Levers").click()
    move(page, SIEGE, "0")
    whole(page)
    assert "pushed by the siege" in text(page, "#headline")


def test_a_dark_screen_has_a_dark_page(browser: Browser, address: str):
    def colours(scheme: str) -> list[str]:
        visited = browser.new_context(color_scheme=scheme).new_page()
        visited.goto(address)
        whole(visited)
        found = visited.evaluate(
            "[getComputedStyle(document.body).backgroundColor,"
            " getComputedStyle(document.querySelector('figure text')).fill]"
        )
        visited.context.close()
        return found

    light, dark = colours("light"), colours("dark")
    assert light[0] == "rgb(255, 255, 255)"
    assert light[0] != dark[0]
    assert light[1] != dark[1]


NASTY = """</script><script>window.struck=1</script><img src=x onerror="window.struck=2"> \
[bold]`${window.struck=3}` {{ 7*7 }} "quoted" 'so' \u202eتجربة"""


def test_a_nasty_title_is_a_text(page: Page, tmp_path: Path):
    file = tmp_path / "nasty.yaml"
    quoted = NASTY.replace("\\", "\\\\").replace('"', '\\"')
    rest = CAMP.replace("title: A made-up camp\n", "").replace("the hills", "<b>the hills</b>")
    file.write_text(f'title: "{quoted}"\n{rest}', encoding="utf-8")
    with served(file) as (address, _):
        page.goto(address)
        whole(page)
        assert page.locator("h1").text_content() == NASTY
        assert page.evaluate("window.struck") is None
        page.locator("#household > summary").click()
        page.get_by_role("button", name="Look", exact=True).click()
        page.get_by_role("heading", name="Whom they know").wait_for()
        assert page.locator("h1 b, dd b").count() == 0
        assert load_scenario_text(taken(page, "#take-scenario"), tmp_path).title == NASTY
        page.goto("about:blank")


def load_scenario_text(content: bytes, folder: Path):
    file = folder / "taken.yaml"
    file.write_bytes(content)
    return load_scenario(file)
