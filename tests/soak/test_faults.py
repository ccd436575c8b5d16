"""Whatever befalls a sweep, gone on with it leaves what one leaves that nothing befell."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.experiments.cluster import Cluster, dask_cluster
from tests.experiments.sweeps import CELLS, command
from tests.soak.rounds import ROUNDS, Round

pytestmark = [pytest.mark.soak, pytest.mark.parametrize("seed", range(ROUNDS))]
Begin = Callable[[str, int], Round]

KILLS = 6
CLOCK = Path(__file__).with_name("jumping_clock.c")
OWN_DISKS = ("unshare", "--user", "--map-root-user", "--mount")
DISKS = 6
PAGE = 4096
YEAR_2100 = 4_102_444_800


def test_kills_leave_no_trace(begin: Begin, seed: int):
    round_ = begin("a sweep killed, with its workers", seed)
    for _ in range(KILLS):
        process = round_.start()
        if round_.is_in_time(process):
            round_.kill(process)
        else:
            round_.end(process)
    round_.finish()


def test_workers_killed_leave_no_trace(begin: Begin, seed: int):
    round_ = begin("a worker killed", seed)
    process = round_.start()
    for _ in range(KILLS):
        if not round_.is_in_time(process):
            break
        workers = process.workers()
        if workers:
            with suppress(psutil.NoSuchProcess):
                round_.chance.choice(workers).kill()
                round_.injected += 1
    round_.end(process)
    round_.finish()


def test_sweeps_in_one_folder_run_nothing_twice(begin: Begin, seed: int):
    round_ = begin("two sweeps more in the same folder", seed)
    processes = [round_.start()]
    for _ in range(2):
        round_.injected += round_.is_in_time(processes[0])
        processes.append(round_.start())
    told = [round_.end(process) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    round_.again += sum(cells["ran"] for cells in told) - CELLS
    round_.finish()


def test_a_sweep_killed_beside_another_leaves_it_its_cells(begin: Begin, seed: int):
    round_ = begin("one of two sweeps in a folder killed", seed)
    first, second = round_.start(), round_.start()
    if round_.is_in_time(first):
        round_.kill(first)
    else:
        round_.end(first)
    round_.end(second)
    assert second.returncode == 0
    round_.finish()


@pytest.mark.parametrize("what", ["bytes", "files"])
def test_a_full_disk_loses_nothing(begin: Begin, seed: int, what: str):
    round_ = begin(f"a disk without room for more {what}", seed)
    least, most, option = _rooms(round_.whole.folder)[what]
    # Each round begins with a little more room, for the first files are those that come once.
    rooms = [least * (1 + seed)]
    rooms += sorted(round_.chance.randint(rooms[0], most) for _ in range(DISKS - 1))
    sweep = shlex.join(
        command("sweep", round_.file, "--out", "disk/out", "--json", *round_.options)
    )
    lines = ["set -e", "mount -t tmpfs -o size=50m tmpfs disk"]
    for number, room in enumerate(rooms):
        lines += [
            f"mount -o remount,{option.format(room)} disk",
            f"{sweep} >{number}.out 2>{number}.err && code=0 || code=$?",
            f"echo $code >{number}.code",
            f"find disk/out -path '*/store/??/*.json' | wc -l >{number}.kept",
        ]
    (round_.folder / "disk").mkdir()
    _on_own_disks(round_, "\n".join([*lines, "cp -r disk/out out"]))
    kept = [_number(round_.folder / f"{number}.kept") for number in range(DISKS)]
    assert kept == sorted(kept)
    for number in range(DISKS):
        code = _number(round_.folder / f"{number}.code")
        round_.injected += code != 0
        round_.hear(code, (round_.folder / f"{number}.err").read_text())
    round_.finish()


def test_the_time_of_day_does_not_matter(begin: Begin, seed: int, tmp_path: Path):
    round_ = begin("a clock that jumps by years, and files dated so", seed)
    compiler = shutil.which("cc")
    if compiler is None:
        round_.not_possible = "no compiler for the clock"
        pytest.skip(round_.not_possible)
    clock = tmp_path / "clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", clock, CLOCK, "-ldl"], check=True)
    for _ in range(3):
        jumps = str(round_.chance.randrange(2**32))
        round_.environment = {"LD_PRELOAD": str(clock), "JUMPS": jumps}
        process = round_.start()
        if round_.is_in_time(process):
            round_.kill(process)
        else:
            round_.injected += 1
            round_.end(process)
        for path in round_.out.rglob("*"):
            date = round_.chance.randrange(YEAR_2100)
            os.utime(path, (date, date))
    round_.finish()


def test_workers_of_a_cluster_killed_leave_no_trace(begin: Begin, seed: int, tmp_path: Path):
    round_ = begin("a worker of a cluster killed", seed)
    with _cluster(round_, tmp_path) as cluster:
        process = round_.start()
        for _ in range(KILLS // 2):
            if not round_.is_in_time(process):
                break
            round_.chance.choice([one for one in cluster.workers if one.poll() is None]).kill()
            round_.injected += 1
            cluster.add_worker()
        round_.end(process)
        round_.finish()


def test_a_scheduler_killed_leaves_no_trace(begin: Begin, seed: int, tmp_path: Path):
    round_ = begin("the scheduler of a cluster killed", seed)
    with _cluster(round_, tmp_path) as cluster:
        for _ in range(KILLS // 2):
            process = round_.start()
            if not round_.is_in_time(process):
                round_.end(process)
                break
            cluster.scheduler.kill()
            cluster.scheduler.wait()
            round_.injected += 1
            is_back_at_once = round_.chance.random() < 0.5
            if not is_back_at_once:
                round_.end(process)
            cluster.start_scheduler()
            cluster.add_worker()
            cluster.add_worker()
            if is_back_at_once:
                round_.end(process)
        round_.finish()


@contextmanager
def _cluster(round_: Round, folder: Path) -> Iterator[Cluster]:
    """Two workers of Dask, which the round's sweep uses."""
    (folder / "cluster").mkdir()
    with dask_cluster(folder / "cluster", workers=2) as cluster:
        round_.options = ("--scheduler", cluster.address)
        yield cluster


def _rooms(folder: Path) -> dict[str, tuple[int, int, str]]:
    """The least room on a disk, more than a finished sweep takes, and how it is set."""
    paths = list(folder.rglob("*"))
    pages = sum(-(-path.stat().st_size // PAGE) for path in paths if path.is_file())
    return {
        "bytes": (PAGE, PAGE * (pages + pages // 4), "size={},nr_inodes=0"),
        "files": (1, 4 + len(paths) + len(paths) // 4, "size=50m,nr_inodes={}"),
    }


def _number(file: Path) -> int:
    return int(file.read_text())


def _on_own_disks(round_: Round, script: str) -> None:
    """Run lines of a shell that mounts what nobody else sees."""
    try:
        subprocess.run([*OWN_DISKS, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        round_.not_possible = "processes may not mount disks of their own"
        pytest.skip(round_.not_possible)
    subprocess.run([*OWN_DISKS, "sh", "-c", script], check=True, cwd=round_.folder)
