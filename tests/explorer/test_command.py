"""``returnsim explore``: what it refuses, whom it answers, and that it asks nothing of others."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Page

from returnsim.errors import UsageError
from returnsim.explorer.server import HOST, bound
from tests.explorer.shown import CAMP, START, browser_file, command, served, whole

pytestmark = pytest.mark.slow  # a browser and processes of their own: two minutes

ROOT = Path(__file__).parents[2]


def refused(*words: object, start: str = START) -> str:
    asked = [sys.executable, "-c", start, "explore", "--no-open", *map(str, words)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    return done.stderr


def test_a_missing_scenario_is_said(tmp_path: Path):
    assert "nowhere.yaml: no such file" in refused(tmp_path / "nowhere.yaml")


def test_more_workers_than_it_takes_are_refused(camp_file: Path):
    said = refused(camp_file, "--workers", 9)
    assert "--workers" in said
    assert "less than or equal to 8" in said


def test_a_port_in_use_is_said():
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"--port {port}: is in use; name another"):
            bound(HOST, port)


def test_an_address_of_another_machine_is_said():
    with pytest.raises(UsageError, match="--host 192"):
        bound("192.0.2.1", 0)


def test_without_its_extra_it_says_what_to_install(camp_file: Path):
    start = f"import sys; sys.modules['nicegui'] = None; {START}"
    assert "pip install -e '.[explore]'" in refused(camp_file, start=start)


def test_help_does_not_wait_for_the_page():
    code = (
        "import sys; from returnsim.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "assert not {'nicegui', 'numpy', 'matplotlib'} & set(sys.modules), sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "explore", "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_it_listens_on_loopback_alone_and_answers_to_its_own_name_alone(address: str):
    port = urlsplit(address).port
    listening = {
        place.laddr.ip
        for process in psutil.Process().children(recursive=True)
        for place in process.net_connections()
        if place.status == psutil.CONN_LISTEN and place.laddr.port == port
    }
    assert listening == {"127.0.0.1"}
    foreign = urllib.request.Request(address, headers={"Host": "elsewhere.example"})
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(foreign)


def test_it_answers_at_the_address_that_it_prints(camp_file: Path):
    with served(camp_file, "--host", "127.0.0.2") as (address, _):
        assert address.startswith("http://127.0.0.2:")
        assert urllib.request.urlopen(address).status == 200


def test_the_browser_is_told_to_ask_no_other(address: str):
    headers = urllib.request.urlopen(address).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert headers["Referrer-Policy"] == "no-referrer"


def test_page_and_server_work_where_there_is_no_network(camp_file: Path):
    browser_file()
    alone = [shutil.which("unshare") or "unshare", "-rn"]
    try:
        subprocess.run([*alone, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine gives no network namespace of one's own")
    done = subprocess.run(
        [*alone, sys.executable, "-m", "tests.explorer.offline", str(camp_file)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["interfaces"] == ["lo"]
    assert {urlsplit(url).hostname for url in told["asked"] if ":" in url[:6]} <= {
        "127.0.0.1",
        None,
    }
    assert told["charts"] == 4
    assert "pushed by the siege" in told["headline"]


NOTES_WHOM_IT_ASKS = """
import sys
noted = open({log!r}, 'a', buffering=1)
def hook(event, told):
    if event == 'socket.connect':
        noted.write(repr(told[1]) + chr(10))
    if event == 'socket.getaddrinfo':
        noted.write(repr(told[0]) + chr(10))
sys.addaudithook(hook)
"""


def test_without_a_scenario_it_shows_an_invented_camp_and_asks_nobody(
    camp_file: Path, page: Page, tmp_path: Path
):
    log = tmp_path / "asked.txt"
    words = [word for word in command(camp_file) if word != str(camp_file)]
    words[2] = NOTES_WHOM_IT_ASKS.format(log=str(log)) + START
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as shown:
        assert shown.stdout is not None
        page.goto(shown.stdout.readline().strip())
        page.locator("h1", has_text="An invented camp under a partial siege").wait_for()
        whole(page)
        page.goto("about:blank")
        shown.send_signal(signal.SIGINT)
        _, said = shown.communicate(timeout=60)
    assert (shown.returncode, said) == (0, "Ctrl-C ends it.\n")
    lines = log.read_text().splitlines()
    assert lines
    assert {line for line in lines if "127.0.0.1" not in line} == set()


LONG = CAMP.replace("weeks: 24", "weeks: 1000")
LOOKS = 150


def simulating(server: int) -> bool:
    """Whether any process of a server computes; those that wait use no time."""
    workers = psutil.Process(server).children(recursive=True)
    before = {w.pid: sum(w.cpu_times()[:2]) for w in workers}
    psutil.cpu_percent(interval=0.3)
    return any(sum(w.cpu_times()[:2]) - before[w.pid] > 0.05 for w in workers)


def test_a_visitor_who_leaves_leaves_nothing_running(page: Page, tmp_path: Path):
    file = tmp_path / "long.yaml"
    file.write_text(LONG)
    with served(file, "--replicates", 1000) as (address, server):
        page.goto(address)
        page.locator("#status", has_text="replicates").wait_for()
        assert any(simulating(server) for _ in range(LOOKS))
        page.goto("about:blank")
        # All of it would take far longer than all of these looks.
        assert not all(simulating(server) for _ in range(LOOKS))
