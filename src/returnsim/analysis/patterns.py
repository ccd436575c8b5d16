"""A scenario held against its pattern card, and rival rules of decision against the same card."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from returnsim.analysis.card import Check, LoadedCard, World
from returnsim.analysis.defined import divided
from returnsim.analysis.measures import Measured, rule_broken_by
from returnsim.analysis.worlds import Answers
from returnsim.errors import Problem, ScenarioError
from returnsim.scenario.files import load_scenario, load_tree, scenario_of
from returnsim.scenario.overrides import Override, Overrides, read_overrides
from returnsim.scenario.paths import parsed
from returnsim.scenario.precedence import bare
from returnsim.scenario.problems import in_order, shown
from returnsim.scenario.schema import Scenario
from returnsim.scenario.tree import OF_A_NUMBER, Mark, Node, at, dotted, plain, why_no_file
from returnsim.scenario.written import scenario_hash
from returnsim.scenario.yaml_text import Unreadable, read_text, read_yaml

BAND = (0.05, 0.95)
NOT_OF_A_RIVAL = ("extends", "title", "question", "observations", "patterns")


class Judged(NamedTuple):
    """A check and what came of it.

    Attributes
    ----------
    pattern, name : str
        Of the pattern and of the check.
    check : Check
        As written.
    value, low90, high90 : float
        Median and middle 90 % of the replicates in which it is defined.
    share : float
        Share of the replicates that meet the rule; NaN where there is none.
    passes : bool or None
        Whether the median meets the rule; None where it is told only.
    differs : bool or None
        Whether the middle 90 % of what differs from the other world leave out none; None without
        another world.
    """

    pattern: str
    name: str
    check: Check
    value: float
    low90: float
    high90: float
    share: float
    passes: bool | None
    differs: bool | None

    @property
    def verdict(self) -> str:
        """In a word or two."""
        if not np.isfinite(self.value):
            return "not defined" if self.passes is None else "FAIL: not defined"
        words = [] if self.passes is None else ["pass" if self.passes else "FAIL"]
        if self.differs is not None:
            words.append("differs from none" if self.differs else "not told from none")
        return ", ".join(words) or "told only"


class Held(NamedTuple):
    """A card and what came of every check.

    Attributes
    ----------
    loaded : LoadedCard
        The card.
    judged : tuple of Judged
        In its order.
    rival : str or None
        The rival rule that stood in for the scenario's own.
    """

    loaded: LoadedCard
    judged: tuple[Judged, ...]
    rival: str | None = None

    def failed(self) -> list[str]:
        """Patterns of which a check fails."""
        return list(dict.fromkeys(one.pattern for one in self.judged if one.passes is False))

    def ruled(self) -> list[str]:
        """Patterns that can fail: of the others every check is told only."""
        return list(dict.fromkeys(one.pattern for one in self.judged if one.passes is not None))


class _Question(NamedTuple):
    pattern: str
    name: str
    check: Check
    world: Scenario
    than: Scenario | None


class Prepared(NamedTuple):
    """A card whose worlds have been read and checked, ready to be run."""

    loaded: LoadedCard
    questions: tuple[_Question, ...]
    rival: str | None

    def pairs(self) -> Iterator[tuple[Scenario, Measured]]:
        """What to ask of which world."""
        for question in self.questions:
            for world in (question.world, question.than):
                if world is not None:
                    yield world, Measured(question.check.measure)


def prepare(
    loaded: LoadedCard, file: Path, overrides: Overrides = (), rival: str | None = None
) -> Prepared:
    """Read every world of a card, and check that each measure can be taken there.

    Parameters
    ----------
    loaded : LoadedCard
        The card.
    file : Path
        The scenario that it is held against.
    overrides : sequence of str or mapping
        Changes to the scenario and to every other world.
    rival : str, optional
        One of the card's rivals, to stand in for the scenario's rule in every world.

    Raises
    ------
    ScenarioError
        With all that is wrong.
    """
    problems: list[Problem] = []
    common = [*read_overrides(overrides, problems), *_of_rival(loaded, rival, problems)]
    worlds = _Worlds(loaded, file, common, problems)
    questions = [
        _Question(pattern, name, check, world, than)
        for pattern, told in loaded.card.patterns.items()
        for name, check in told.checks.items()
        for world, than in worlds.of(pattern, name, check)
    ]
    if problems:
        raise ScenarioError(in_order(problems))
    return Prepared(loaded, tuple(questions), rival)


def hold(prepared: Prepared, answers: Answers) -> Held:
    """Judge the checks of a card.

    Parameters
    ----------
    prepared : Prepared
        From `prepare`.
    answers : mapping
        From `returnsim.analysis.worlds.ask_all`, of ``prepared.pairs()`` at least.
    """
    judged = []
    for question in prepared.questions:
        check = question.check
        values = answers[scenario_hash(question.world), Measured(check.measure)]
        if question.than is not None:
            other = answers[scenario_hash(question.than), Measured(check.measure)]
            values = against(values, other, check)
        judged.append(judge(question.pattern, question.name, check, values))
    return Held(prepared.loaded, tuple(judged), prepared.rival)


def against(
    values: Float[np.ndarray, "R"], other: Float[np.ndarray, "R"], check: Check
) -> Float[np.ndarray, "R"]:
    """Set a measure against the same one in another world, replicate by replicate."""
    if check.than is None or check.than.as_ == "difference":
        return np.asarray(values - other)
    return divided(values, other)


def judge(pattern: str, name: str, check: Check, values: Float[np.ndarray, "R"]) -> Judged:
    """Hold the values of a check to its rule.

    Parameters
    ----------
    pattern, name : str
        Of the pattern and of the check.
    check : Check
        The check.
    values : array, shape (R,)
        NaN where it is not defined.
    """
    there = values[np.isfinite(values)]
    value, low, high = (
        (float(np.median(there)), *np.quantile(there, BAND).tolist())
        if len(there)
        else (np.nan, np.nan, np.nan)
    )
    lowest, highest = check.limits()
    none = 1.0 if check.than is not None and check.than.as_ == "ratio" else 0.0
    return Judged(
        pattern,
        name,
        check,
        value,
        low,
        high,
        np.nan if check.report else float(((lowest <= values) & (values <= highest)).mean()),
        None if check.report else bool(lowest <= value <= highest),
        None if check.than is None else bool(low > none or high < none),
    )


class _Worlds:
    """Reads the worlds of a card, each once; what is wrong is added to the problems."""

    def __init__(
        self, loaded: LoadedCard, file: Path, common: Sequence[Override], problems: list[Problem]
    ) -> None:
        self._loaded, self._file, self._common = loaded, file, common
        self._problems = problems
        self._trees: dict[Path, Node | None] = {}
        self._made: dict[str, Scenario | None] = {}

    def of(
        self, pattern: str, name: str, check: Check
    ) -> Iterator[tuple[Scenario, Scenario | None]]:
        """The world of a check and that which it is set against, if both can be had."""
        place = ("patterns", pattern, "checks", name)
        world = self._world(check, place)
        than = None if check.than is None else self._world(check.than, (*place, "than"))
        if world is None or (check.than is not None and than is None):
            return
        node = at(self._loaded.root, (*place, "measure")) or self._loaded.root
        mark = node.key_mark or node.mark
        rules = {
            rule_broken_by(part, one): None
            for one in (world, than)
            if one is not None
            for part in check.measure.parts()
        }
        path = dotted((*place, "measure"))
        self._problems += [
            Problem(mark.file, mark.line, mark.column, path, "", rule) for rule in rules if rule
        ]
        yield world, than

    def _world(self, world: World, place: tuple[str, ...]) -> Scenario | None:
        file = self._file
        if world.scenario is not None:
            file = self._loaded.file.parent / world.scenario
        own = _set_in(self._loaded, place)
        key = repr((file, [(path, shown(node), node.mark) for path, node in own]))
        if key not in self._made:
            self._made[key] = self._read(file, own, place)
        return self._made[key]

    def _read(self, file: Path, own: Sequence[Override], place: tuple[str, ...]) -> Scenario | None:
        node = at(self._loaded.root, (*place, "scenario"))
        if not file.is_file() and node is not None:
            mark, path = node.mark, dotted((*place, "scenario"))
            rule = why_no_file(file, "*.yaml")
            self._problems.append(
                Problem(mark.file, mark.line, mark.column, path, shown(node), rule)
            )
            return None
        try:
            if file not in self._trees:
                self._trees[file] = load_tree(file)
            tree = self._trees[file]
            if tree is None:
                return None
            changes = [*self._common, *own]
            if file != self._file:
                changes = [*self._fitted_for(tree), *own]
            return scenario_of(tree, file.stem, changes)
        except ScenarioError as error:
            self._trees.setdefault(file, None)
            self._problems += error.problems
            return None

    def _fitted_for(self, tree: Node) -> list[Override]:
        """What is changed in all worlds, with the draws of the scenario for one that has none.

        A world has the same people as the scenario, but for what its own file says otherwise.
        """
        by_name = any(change.path == "posterior" for change in self._common)
        changes = [change for change in self._common if change.path != "posterior"]
        if not by_name and at(tree, ("posterior",)) is not None:
            return changes
        if self._file not in self._trees:
            self._trees[self._file] = load_tree(self._file)
        base = self._trees[self._file]
        posterior = None
        if base is not None:
            posterior = scenario_of(base, self._file.stem, self._common).posterior
        if base is None or posterior is None:
            return list(self._common)
        # By themselves: what is drawn in the one may be written in the other.
        ours, theirs = bare(base), bare(tree)
        alike = {
            path: draws
            for path, draws in posterior.draws.items()
            if _written(ours, path) == _written(theirs, path)
        }
        node = Node(posterior.keeping(alike), Mark(None))
        return [*changes, Override("posterior", node)]


def _written(tree: Node, path: str) -> object:
    node = at(tree, parsed(path).keys)
    return None if node is None else plain(node)


def _set_in(loaded: LoadedCard, place: tuple[str, ...]) -> list[Override]:
    node = at(loaded.root, (*place, "set"))
    parts = node.value if node is not None and isinstance(node.value, dict) else {}
    return [Override(path, part) for path, part in parts.items()]


def _of_rival(loaded: LoadedCard, name: str | None, problems: list[Problem]) -> list[Override]:
    """What a rival changes, in its own file and by its values, as changes to any world."""
    if name is None:
        return []
    written = loaded.card.rivals[name].scenario
    own = _set_in(loaded, ("rivals", name))
    if written is None:
        return own
    file = loaded.file.parent / written
    node = at(loaded.root, ("rivals", name, "scenario"))
    if not file.is_file() and node is not None:
        mark, path = node.mark, dotted(("rivals", name, "scenario"))
        rule = why_no_file(file, "*.yaml")
        problem = Problem(mark.file, mark.line, mark.column, path, shown(node), rule)
        problems.append(problem)
        return own
    try:
        load_scenario(file)
        root = read_yaml(read_text(file), file, problems)
    except ScenarioError as error:
        problems += error.problems
        return own
    except Unreadable as error:
        problems += error.problems
        return own
    parts: Mapping[str, Node] = root.value if isinstance(root.value, dict) else {}
    kept = {key: part for key, part in parts.items() if key not in NOT_OF_A_RIVAL}
    posterior = kept.pop("posterior", None)
    changes = [o for key, part in kept.items() for o in _flattened((key,), part)]
    if posterior is not None:
        # In one file a posterior has the last word over the values beside it.
        changes.append(Override("posterior", posterior))
    return [*changes, *own]


def _flattened(path: tuple[str, ...], node: Node) -> Iterator[Override]:
    parts = node.value
    if not isinstance(parts, dict) or parts.keys() <= OF_A_NUMBER:
        yield Override(".".join(path), node)
        return
    for key, part in parts.items():
        yield from _flattened((*path, key), part)
