"""What is handed out: an sdist and a wheel, their version, and what a shell completes."""

import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from returnsim import __version__
from returnsim.scenario.files import load_scenario, scenario_hash
from returnsim.starter import World, copy_world

ROOT = Path(__file__).parents[1]
SCENARIOS = ROOT / "scenarios"
VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
RELEASED = re.compile(VERSION.pattern + r", (\d{4}-\d\d-\d\d)")
HERE = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")


def run(*command: object, cwd: Path | None = None) -> str:
    """Run to its end, with the scripts of this environment found first."""
    beside = {"PATH": os.pathsep.join((sysconfig.get_path("scripts"), HERE["PATH"]))}
    words = [str(word) for word in command]
    done = subprocess.run(
        words, capture_output=True, text=True, cwd=cwd, env={**HERE, **beside}, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(folder: Path, *how: str) -> Path:
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, *how, ROOT)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel that the sdist builds."""
    return build(tmp_path_factory.mktemp("dist"))


def environment(folder: Path, with_pip: bool = False) -> Path:
    venv.create(folder, with_pip=with_pip, symlinks=True)
    return folder / "bin"


def install(scripts: Path, wheel: Path, *how: str) -> None:
    pip = (sys.executable, "-m", "pip", "--python", scripts / "python")
    run(*pip, "--disable-pip-version-check", "install", "--quiet", *how, wheel)


def run_a_first_camp(scripts: Path, folder: Path) -> None:
    """Type what a newcomer types, in a folder that knows nothing of the repository."""

    def returnsim(*words: object) -> str:
        return run(scripts / "returnsim", *words, cwd=folder)

    assert returnsim("--version") == f"returnsim {__version__}\n"
    assert "Commands:" in returnsim("--help")
    assert json.loads(returnsim("schema")) == json.loads((SCENARIOS / "schema.json").read_text())
    told = json.loads(returnsim("schema", "--experiment"))
    assert told == json.loads((ROOT / "experiments/schema.json").read_text())
    written = returnsim("new", "camp").split()
    assert returnsim("check", *written).count(": fine (") == len(written) == 2
    returnsim("run", "camp/camp.yaml", "--replicates", "2", "--households", "60")
    assert (folder / "results/camp/weekly.parquet").is_file()
    assert list((folder / "results/camp/figures").glob("*.png"))
    written = returnsim("new", "kosovo", "--from", "kosovo").split()
    assert ": fine (" in returnsim("check", written[0])


def test_the_wheel_is_the_same_from_the_sdist_and_from_the_repository(wheel, tmp_path):
    directly = build(tmp_path, "--wheel")
    assert directly.name == wheel.name
    with zipfile.ZipFile(directly) as one, zipfile.ZipFile(wheel) as other:
        assert {name: one.read(name) for name in one.namelist()} == {
            name: other.read(name) for name in other.namelist()
        }


def test_the_wheel_has_all_of_the_package_and_nothing_that_is_not_of_it(wheel):
    def below(folder: Path, within: str) -> set[str]:
        files = (file for file in folder.rglob("*") if "__pycache__" not in file.parts)
        return {f"{within}/{file.relative_to(folder)}" for file in files if file.is_file()}

    with zipfile.ZipFile(wheel) as opened:
        names = {name for name in opened.namelist() if ".dist-info/" not in name}
    assert names == {
        *below(ROOT / "src/returnsim", "returnsim"),
        *below(ROOT / "benchmarks/peers", "returnsim/peers"),
        *below(SCENARIOS, "returnsim/worlds"),
    }


@pytest.mark.slow
def test_the_wheel_runs_where_there_is_no_repository(wheel, tmp_path):
    scripts = environment(tmp_path / "env")
    install(scripts, wheel, "--no-index", "--no-deps")
    get_path = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(run(scripts / "python", "-c", get_path).strip())
    # A path file read from there would bring this repository in: only those of `packages` are read.
    here = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}
    (packages / "dependencies.pth").write_text("\n".join(here))
    found = run(scripts / "python", "-c", "import returnsim; print(returnsim.__file__)")
    assert Path(found.strip()) == packages / "returnsim/__init__.py"
    run_a_first_camp(scripts, tmp_path)


@pytest.mark.slow
def test_the_wheel_runs_with_what_it_asks_for_and_nothing_else(wheel, tmp_path):
    scripts = environment(tmp_path / "env", with_pip=True)
    install(scripts, wheel, "--constraint", str(ROOT / "constraints.txt"))
    run_a_first_camp(scripts, tmp_path)


def test_all_that_the_tests_need_is_pinned_at_a_version_that_is_asked_for():
    pins = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        pin = Requirement(line)
        if pin.marker is None or pin.marker.evaluate():
            pins[canonicalize_name(pin.name)] = next(iter(pin.specifier)).version
    wanted, seen = [Requirement("returnsim[dev]")], set()
    while wanted:
        one = wanted.pop()
        name = canonicalize_name(one.name)
        assert name == "returnsim" or one.specifier.contains(pins[name]), str(one)
        for extra in {"", *one.extras} - {extra for known, extra in seen if known == name}:
            seen.add((name, extra))
            needed = map(Requirement, requires(name) or [])
            wanted += [
                need for need in needed if not need.marker or need.marker.evaluate({"extra": extra})
            ]
    assert {name for name, _ in seen} - {"returnsim"} <= set(pins)


def test_the_wheel_is_named_after_the_version_of_the_package(wheel):
    assert wheel.name == f"returnsim-{__version__}-py3-none-any.whl"


def test_the_citation_and_the_changes_tell_the_version_of_the_package():
    citation = YAML(typ="safe").load(ROOT / "CITATION.cff")
    assert citation["version"] == __version__
    heads = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert heads[0] == "Unreleased"
    released = [RELEASED.fullmatch(head).groups() for head in heads[1:]]
    numbers = [tuple(map(int, numbers)) for *numbers, _ in released]
    assert numbers == sorted(set(numbers), reverse=True)
    assert numbers[:1] <= [tuple(map(int, VERSION.fullmatch(__version__).groups()))]
    # Cited with a date only once it is out.
    dates = {".".join(numbers): date for *numbers, date in released}
    assert str(citation.get("date-released")) == str(dates.get(__version__))


def test_every_world_of_the_repository_can_be_begun_with():
    assert {folder.name for folder in SCENARIOS.iterdir() if folder.is_dir()} == set(World)


@pytest.mark.parametrize("world", World)
def test_a_copy_of_a_world_simulates_the_same_and_finds_its_schema_beside_it(world, tmp_path):
    written = copy_world(world, tmp_path)
    assert written[0].name == world.scenario
    assert (tmp_path / "schema.json").read_bytes() == (SCENARIOS / "schema.json").read_bytes()
    assert {file.name for file in written} - {"schema.json"} == {
        file.name for file in (SCENARIOS / world).iterdir()
    }
    for file in written:
        text = file.read_bytes()
        if b"$schema=" in text:
            assert text.startswith(b"# yaml-language-server: $schema=schema.json\n")
            copied, shipped = load_scenario(file), load_scenario(SCENARIOS / world / file.name)
            assert scenario_hash(copied) == scenario_hash(shipped)


ASK = """
source <(returnsim --show-completion bash)
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_returnsim_completion returnsim
printf '%s\\n' "${COMPREPLY[@]}"
"""


@needs_bash
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["ch"], ["check"]),
        (["store", ""], ["ls", "verify", "gc"]),
        (["new", "here", "--from", "r"], ["rohingya", "rukban"]),
        (["run", "camp.yaml", "--rep"], ["--replicates"]),
        (["check", "camp"], [""]),  # the shell's own turn: files
    ],
)
def test_bash_is_told_commands_options_and_worlds(typed, offered):
    assert run("bash", "--norc", "-c", ASK, "bash", "returnsim", *typed).splitlines() == offered


@needs_bash
def test_bash_completes_a_file_as_it_is_typed(tmp_path):
    (tmp_path / "a-camp.yaml").touch()
    ours, theirs = pty.openpty()
    scripts = sysconfig.get_path("scripts")
    plain = {"PATH": f"{scripts}:{HERE['PATH']}", "PS1": "next> ", "TERM": "dumb"}
    shell = subprocess.Popen(
        ["bash", "--norc", "-i"],
        **dict.fromkeys(("stdin", "stdout", "stderr"), theirs),
        cwd=tmp_path,
        env={**HERE, **plain, "INPUTRC": os.devnull, "HISTFILE": os.devnull},
        start_new_session=True,
    )
    os.close(theirs)

    def wait_for(text: bytes) -> None:
        seen = b""
        while text not in seen:
            assert select.select([ours], [], [], 120)[0], seen
            seen += os.read(ours, 1024)

    try:
        wait_for(b"next> ")
        os.write(ours, b"source <(returnsim --show-completion bash)\n")
        wait_for(b"next> ")
        os.write(ours, b"returnsim check a-\t")
        wait_for(b"camp.yaml ")
    finally:
        os.close(ours)
        shell.kill()
        shell.wait()


@pytest.mark.parametrize(
    ("shell", "registers"),
    [
        ("bash", "complete -o default -F"),
        ("zsh", "#compdef returnsim"),
        ("fish", "complete --command returnsim"),
    ],
)
def test_the_script_of_the_shell_that_is_named_is_printed(shell, registers):
    assert registers in run("returnsim", "--show-completion", shell)


@needs_bash
def test_what_is_installed_is_what_was_shown(tmp_path, monkeypatch):
    monkeypatch.setitem(HERE, "HOME", str(tmp_path))
    run("returnsim", "--install-completion", "bash")
    installed = tmp_path / ".bash_completions/returnsim.sh"
    assert installed.read_text().strip() == run("returnsim", "--show-completion", "bash").strip()
    assert str(installed) in (tmp_path / ".bashrc").read_text()
