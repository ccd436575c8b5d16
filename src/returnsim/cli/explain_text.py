"""An explanation as lines of text, for a terminal of 80 columns."""

import textwrap
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby

from returnsim.analysis.explain import (
    FELT,
    NOT_FOR,
    STAY,
    TERMS,
    Change,
    ExplainedHousehold,
    Offer,
    Registration,
    as_chosen,
    being_registered,
)
from returnsim.analysis.flips import short_path
from returnsim.analysis.groups import FEW, Group, Groups, Moved
from returnsim.assemble import Plan
from returnsim.scenario.schema import Scenario

LINE = 80
FACT, OPTION, NUMBER, TERM, LEVER = 20, 24, 11, 24, 38
GROUP, MOST_GROUPS = 14, 4
MEMBERS = {
    "children": ("child", "children"),
    "women": ("woman of 18 to 59", "women of 18 to 59"),
    "men_conscription_age": ("man of 18 to 42", "men of 18 to 42"),
    "men_older": ("man of 43 to 59", "men of 43 to 59"),
    "elderly": ("of 60 and over", "of 60 and over"),
}
PLACES = {"home": "at home", "died": "died in camp", "onward": "gone elsewhere"}
AS_IT_IS = {
    "levers.siege.severity": "= hardship, settled",
    "levers.threat.level": "= danger, perceived",
}
"""What levers do as they are, once felt; aid and care settle hardship as the siege does."""


def household_lines(told: ExplainedHousehold, scenario: Scenario, plan: Plan) -> Iterator[str]:
    """Tell of one household."""
    first = ", the first in which it is in camp and has an offer of return"
    yield scenario.title
    yield _folded(
        f"Household {told.household} in replicate {told.replicate} (seed {plan.seed}): "
        f"{_on(told.week, told.date)}{first if told.first_offer else ''}."
    )
    yield ""
    yield from (f"{name:{FACT}}{fact}" for name, fact in _facts(told))
    if told.status == "in camp":
        yield from _before_them(told)
        yield from _terms(told)
        yield from _changes(told)
    yield from _closing(scenario, levers=told.status == "in camp")


def groups_lines(told: Groups, scenario: Scenario, plan: Plan) -> Iterator[str]:
    """Tell of groups."""
    weight = float(plan.inputs.parameters.weight[0])
    scale = "" if weight == 1 else f", each standing for {weight:.3g} of the camp's"
    number = "1 replicate" if told.replicates == 1 else f"{told.replicates:,} replicates"
    yield scenario.title
    yield _folded(
        f"Households in camp in {_on(told.week, told.date)}: means over those of {number} (seed "
        f"{plan.seed}){scale}. Terms are in log-odds against staying, of the best way home; "
        "probabilities are of one week, and means of the households' own: who stays chooses "
        "again in the next."
    )
    shown = [name for name in TERMS if any(abs(g.terms[name]) >= 0.005 for g in told.groups)]
    for part in _tables(told.groups):
        yield from ["", *_table(part, shown)]
    yield ""
    yield _folded(
        "A lever with + is raised, with - lowered, and with = left as it is until it is felt."
    )
    few = [
        f"{g.grouping}: {g.name}".removeprefix(": ")
        for g in told.groups
        if 0 < g.households * told.replicates < FEW
    ]
    if few:
        yield _folded(f"Means over fewer than {FEW} households say little: {'; '.join(few)}.")
    left_out = [word for name, word in TERMS.items() if name not in shown]
    if left_out:
        yield _folded(f"About 0 in every group: {', '.join(left_out)}.")
    still = [m.lever for m in told.groups[0].moved if m.share + m.share_as_it_is == 0]
    if still:
        yield _folded(
            "Of these, no value that is looked at makes another choice the likeliest for anybody: "
            f"{', '.join(map(_short, still))}."
        )
    yield from _closing(scenario, levers=True)


def _closing(scenario: Scenario, *, levers: bool) -> Iterator[str]:
    yield ""
    if levers:
        yield _folded(FELT)
    yield _folded(f"{scenario.rests_on()} This shows what follows from them; it is not a forecast.")
    yield _folded(NOT_FOR)


def _folded(text: str) -> str:
    return textwrap.fill(text, LINE, break_long_words=False, break_on_hyphens=False)


def _on(week: int, day: date) -> str:
    return f"week {week}, from {day.day} {day:%B %Y}"


def _short(path: str) -> str:
    return path.removeprefix("levers.")


def _facts(told: ExplainedHousehold) -> Iterator[tuple[str, str]]:
    who, arrival = told.who, told.arrival_week
    if told.status == "not yet arrived":
        yield "not yet in camp", f"it arrives in week {arrival}"
    elif told.status == "gone":
        yield "gone", "nobody of it is in camp any more"
    for party in who.parties:
        yield "left for home", f"{_on(party.week, party.date)}, with {party.guarantor}"
    where = {name: n for name, n in who.places.items() if n and name != "camp"}
    if where:
        yield "now", ", ".join(f"{n} {PLACES.get(name, name)}" for name, n in where.items())
    yield "origin", who.origin
    yield "age of the head", f"{who.head_age:.0f}"
    yield "wanted", "one of its men" if who.wanted else "nobody"
    yield "vulnerable", "somebody ill, pregnant or an infant" if who.vulnerable else "nobody"
    if told.status == "in camp":
        yield from _state(told)


def _state(told: ExplainedHousehold) -> Iterator[tuple[str, str]]:
    who = told.who
    members = [f"{n} {MEMBERS[name][n > 1]}" for name, n in who.in_camp.items() if n]
    yield "in camp", ", ".join(members)
    yield "hardship", f"{who.hardship:.2f}, on a scale from 0 to 1"
    yield "purse", f"{who.reserves:.1f} weeks of subsistence; goods worth {who.goods:.1f}"
    yield "danger at home", f"{who.perceived_threat:.3g} as perceived"
    yield "others", f"{who.moving} of the {who.known} households it knows have gone or registered"
    yield "registered", "no" if who.registration is None else _registered(who.registration)
    if not told.corridor_open:
        yield "the road", "shut this week: those who register wait"


def _registered(registration: Registration) -> str:
    cleared = "cleared" if registration.is_cleared else "not cleared yet"
    return f"{registration.option}, with {registration.guarantor}, since {registration.date}; " + (
        cleared
    )


def _before_them(told: ExplainedHousehold) -> Iterator[str]:
    yield ""
    yield f"{'before it this week':{OPTION}}{'probability':>{NUMBER}}{'log-odds':>{NUMBER}}"
    for offer in told.offers:
        yield _offer(offer, told)
    likeliest, chose = (as_chosen(option or STAY, told) for option in (told.likeliest, told.chose))
    yield f"Likeliest: {likeliest}. By the luck of this replicate: {chose}."


def _offer(offer: Offer, told: ExplainedHousehold) -> str:
    name = f"{as_chosen(offer.option, told):{OPTION}}"
    if offer.closed:
        return f"{name}{offer.probability:>{NUMBER}.3f}{'':{NUMBER}}  closed: {offer.closed}"
    line = f"{name}{offer.probability:>{NUMBER}.3f}{_signed(offer.utility)}"
    line += f"  with {offer.guarantor}" if offer.guarantor else ""
    return f"{line}, barred" if offer.barred else line


def _signed(value: float | None) -> str:
    # Adding zero makes minus zero zero.
    return "" if value is None else f"{round(value, 2) + 0.0:>+{NUMBER}.2f}"


def _terms(told: ExplainedHousehold) -> Iterator[str]:
    if not told.ways:
        return
    widths = [max(NUMBER, len(way.option) + 2) for way in told.ways]
    heads = [f"{way.option:>{w}}" for way, w in zip(told.ways, widths, strict=True)]
    yield ""
    yield f"{'log-odds against staying':{TERM}}{''.join(heads)}"
    rows = [(words, [way.terms[name] for way in told.ways]) for name, words in TERMS.items()]
    rows.append(("sum", [way.utility for way in told.ways]))
    for words, values in rows:
        cells = [f"{round(v, 2) + 0.0:>+{w}.2f}" for v, w in zip(values, widths, strict=True)]
        yield f"  {words:{TERM - 2}}{''.join(cells)}"
    if told.who.registration is not None:
        yield being_registered(told.who.registration)
    for words, values in (
        ("trust in its guarantor", [way.trust for way in told.ways]),
        ("perceived risk of harm", [way.perceived_harm for way in told.ways]),
        ("and of conscription", [way.perceived_conscription for way in told.ways]),
    ):
        cells = [f"{v:>{w}.2f}" for v, w in zip(values, widths, strict=True)]
        yield f"{words:{TERM}}{''.join(cells)}"


def _changes(told: ExplainedHousehold) -> Iterator[str]:
    yield ""
    moved = [change for change in told.changes if change.at is not None]
    if moved:
        yield f"{'smallest change of one lever':{LEVER}}{'now':>7}{'then':>9}{'of range':>10}  to"
    for change in moved:
        yield _change(change, told)
    still = [_short(change.lever) for change in told.changes if change.at is None]
    if still:
        yield _folded(
            "Of these, no value that is looked at makes another choice the likeliest: "
            f"{', '.join(still)}."
        )


def _change(change: Change, told: ExplainedHousehold) -> str:
    to = as_chosen(change.to or STAY, told)
    name = f"  {_short(change.lever):{LEVER - 2}}"
    if change.change == 0:
        return f"{name}{_value(change.today):>7}{'as is, once felt':>19}  {to}"
    share = f"{change.change:+.0%}" if abs(change.change or 0) >= 0.01 else f"{change.change:+.1%}"
    return f"{name}{_value(change.today):>7}{_value(change.at):>9}{share:>10}  {to}"


def _value(value: float | bool | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}"


def _tables(groups: Sequence[Group]) -> Iterator[Sequence[Group]]:
    """What stands side by side: one grouping at a time, everyone beside the first."""
    everyone, *others = groups
    for i, (_, members) in enumerate(groupby(others, key=lambda group: group.grouping)):
        together = [*members] if i else [everyone, *members]
        number = -(-len(together) // MOST_GROUPS)
        size = -(-len(together) // number)
        yield from (together[start : start + size] for start in range(0, len(together), size))


def _table(groups: Sequence[Group], terms: Sequence[str]) -> Iterator[str]:
    yield from _heads(groups)
    plain = [
        ("households, a replicate", [_count(g.households) for g in groups]),
        ("choose home this week", [_share(g.home) for g in groups]),
        ("home is the likeliest", [_share(g.likeliest_home) for g in groups]),
        ("have a way home", [_share(g.with_a_way) for g in groups]),
        ("best to send some ahead", [_share(g.by_a_split) for g in groups]),
        *((f"  {TERMS[name]}", [_term(g.terms[name]) for g in groups]) for name in terms),
        ("  sum", [_term(g.utility) for g in groups]),
        ("trust in its guarantor", [_number(g.trust) for g in groups]),
    ]
    for name, cells in plain:
        yield f"{name:{TERM}}{_cells(cells)}"
    yield "another choice is likeliest: share of households, median change of the lever"
    for i in range(len(groups[0].moved)):
        yield from _moved([group.moved[i] for group in groups])


def _heads(groups: Sequence[Group]) -> Iterator[str]:
    """Names over their columns, folded where they are long, the last lines side by side."""
    names = [textwrap.wrap(group.name, GROUP - 1) for group in groups]
    lines = max(map(len, names))
    padded = [[""] * (lines - len(name)) + name for name in names]
    for i in range(lines):
        what = groups[-1].grouping if i == lines - 1 else ""
        yield f"{what:{TERM}}{_cells([name[i] for name in padded])}"


def _moved(moved: Sequence[Moved]) -> Iterator[str]:
    lever, is_switch = moved[0].lever, isinstance(moved[0].highest, bool)
    if lever in AS_IT_IS and any(m.share_as_it_is > 0 for m in moved):
        yield f"{AS_IT_IS[lever]:{TERM}}{_cells([_share(m.share_as_it_is) for m in moved])}"
    for sign, found in (
        ("+", [(m.share_raised, m.median_raised) for m in moved]),
        ("-", [(m.share_lowered, -m.median_lowered) for m in moved]),
    ):
        if any(share > 0 for share, _ in found):
            cells = [
                "" if not share > 0 else _share(share) + ("" if is_switch else f" {_by(by)}")
                for share, by in found
            ]
            yield f"{_cut(f'{sign} {short_path(lever)}', TERM - 1):{TERM}}{_cells(cells)}"


def _cells(cells: Sequence[str]) -> str:
    return "".join(f"{cell:>{GROUP}}" for cell in cells)


def _cut(text: str, width: int = GROUP - 1) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _share(share: float) -> str:
    if share != share:
        return "-"
    return f"{share:.1%}" if 0 < share < 0.095 else f"{share:.0%}"


def _count(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 or number == 0 else f"{number:.2g}"


def _term(value: float) -> str:
    return "-" if value != value else f"{round(value, 2) + 0.0:+.2f}"


def _by(change: float) -> str:
    return f"{change:+.0f}" if abs(change) >= 9.995 else f"{change:+.2f}"


def _number(value: float) -> str:
    return "-" if value != value else f"{value:.2f}"
