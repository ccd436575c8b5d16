"""One visitor's look at a scenario: the newest change wins, and a picture grows while they look."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from returnsim.assemble import Plan, plan_run
from returnsim.errors import ReturnsimError
from returnsim.explorer.changes import Changes, Source, with_change
from returnsim.explorer.desk import Desk, Errand, SupersededError
from returnsim.explorer.picture import (
    Batch,
    Half,
    Kept,
    Picture,
    joined,
    key_of,
    live_half,
    neutral,
    picture_of,
    steps,
)
from returnsim.scenario.schema import Scenario


@dataclass(frozen=True, eq=False)
class Seen:
    """What there is to see.

    Attributes
    ----------
    written, changed : Picture or None
        The scenario as written and with the visitor's changes, of the same replicates; the same
        where nothing is changed, None where nothing is simulated yet. Where none is done, those of
        the change before.
    done, asked : int
        Replicates simulated, and to be simulated.
    problem : str
        Why there is no more; empty where nothing is wrong.
    """

    written: Picture | None = None
    changed: Picture | None = None
    done: int = 0
    asked: int = 0
    problem: str = ""

    @property
    def pair(self) -> tuple[Picture, Picture] | None:
        """Written and changed; None while the first picture of the newest change is on its way."""
        if not self.done or self.written is None or self.changed is None:
            return None
        return self.written, self.changed

    @property
    def is_whole(self) -> bool:
        """Whether all replicates are there."""
        return self.done == self.asked


class Grown:
    """A picture that grows step by step, for as long as anybody wants it.

    Parameters
    ----------
    scenario : Scenario
        What it is of.
    source : Source
        How it is simulated.
    desk : Desk
        Where.
    kept : Kept
        What was simulated before.
    """

    def __init__(self, scenario: Scenario, source: Source, desk: Desk, kept: Kept) -> None:
        self.scenario = scenario
        plan = plan_run(scenario, source.seed, source.households)
        self.plan: Plan = plan._replace(engine=source.engine)
        self._source, self._desk, self._kept = source, desk, kept
        self._parts: list[Batch] = []
        self._picture: Picture | None = None

    async def grow(self, numbers: list[int], errand: Errand) -> None:
        """Add some replicates, unless they are there."""
        if any(part.numbers == numbers for part in self._parts):
            return
        mine, theirs = await asyncio.gather(
            self._half(self.scenario, numbers, errand),
            self._half(neutral(self.scenario), numbers, errand),
        )
        part = await asyncio.to_thread(joined, self.plan, numbers, mine, theirs)
        if not any(there.numbers == numbers for there in self._parts):
            self._parts.append(part)
            self._picture = None

    @property
    def picture(self) -> Picture | None:
        """What there is of it."""
        if self._picture is None and self._parts:
            self._picture = picture_of(self.scenario, self.plan, self._parts)
        return self._picture

    async def _half(self, scenario: Scenario, numbers: list[int], errand: Errand) -> Half:
        source = self._source
        key = key_of(scenario, source.seed, source.households, numbers)
        half = self._kept.get(key)
        if half is None:
            how = (source.seed, source.households, source.engine, numbers)
            half = await errand.run(live_half, scenario, *how)
            self._kept.keep(key, half)
        return half


class Session:
    """What one visitor changes and sees. Nothing in it is another's.

    Parameters
    ----------
    source : Source
        The scenario as written.
    desk : Desk
        Where simulations run.
    kept : Kept
        What was simulated before, of whatever scenario.
    show : callable
        Is given what there is to see, whenever there is more.
    """

    def __init__(
        self, source: Source, desk: Desk, kept: Kept, show: Callable[[Seen], None]
    ) -> None:
        self.source = source
        self.changes: dict[str, Any] = {}
        self.scenario = source.scenario
        self.seen = Seen(asked=source.replicates)
        self._desk, self._kept, self._show = desk, kept, show
        self._written = Grown(source.scenario, source, desk, kept)
        self._changed = self._written
        self._errand: Errand | None = None
        self._task: asyncio.Task[None] | None = None

    def set(self, path: str, value: Any) -> None:
        """Change one value.

        Raises
        ------
        UsageError
            If it cannot be so; nothing is changed then.
        """
        self.replace(with_change(self.changes, path, value))

    def undo(self, path: str) -> None:
        """Take a change back.

        Raises
        ------
        UsageError
            If another change rests on it; nothing is changed then.
        """
        self.replace({name: value for name, value in self.changes.items() if name != path})

    def replace(self, changes: Changes) -> None:
        """Put other changes in the place of all; the simulation of those before is given up."""
        self.adopt(changes)
        self.start()

    def adopt(self, changes: Changes) -> None:
        """Put other changes in the place of all, and simulate nothing yet."""
        scenario = self.source.changed(changes)
        changed = self._written
        if changes:
            changed = Grown(scenario, self.source, self._desk, self._kept)
        self.changes, self.scenario, self._changed = dict(changes), scenario, changed

    def start(self) -> None:
        """Simulate what is still missing."""
        self.stop()
        self._tell(Seen(self.seen.written, self.seen.changed, 0, self.source.replicates))
        errand = self._errand = Errand(self._desk)
        self._task = asyncio.create_task(self._grow(errand))

    def stop(self) -> None:
        """Give up whatever is being simulated."""
        if self._errand is not None:
            self._errand.give_up()
            self._errand = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def errand(self) -> Errand:
        """A further errand, such as a household's; whoever takes it gives it up."""
        return Errand(self._desk)

    async def _grow(self, errand: Errand) -> None:
        asked, done = self.source.replicates, 0
        try:
            for numbers in steps(asked):
                # What was changed comes first where there is something to set it against.
                await self._changed.grow(numbers, errand)
                await self._written.grow(numbers, errand)
                done += len(numbers)
                self._tell(Seen(*self._pictures(done), done, asked))
        except SupersededError:
            return
        except ReturnsimError as error:
            self._tell(Seen(*self._pictures(done), done, asked, str(error)))
        finally:
            errand.give_up()

    def _pictures(self, done: int) -> tuple[Picture | None, Picture | None]:
        if not done:
            return None, None
        written, changed = self._written.picture, self._changed.picture
        return written and written.first(done), changed and changed.first(done)

    def _tell(self, seen: Seen) -> None:
        self.seen = seen
        self._show(seen)
