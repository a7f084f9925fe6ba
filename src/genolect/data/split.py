"""Which stretches train, validate and test. The rule that keeps every later figure honest lives here.

Whole chromosomes are held out where the genome has enough of them; otherwise one contiguous arc each of the longest
record, with a margin of bases that belong to no role on either side.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from genolect.errors import ConfigurationError, InputError, shown
from genolect.sequence.interval import Interval

Role = Literal["training", "validation", "test"]
HELD_OUT_SHARE = 0.1
LARGEST_HELD_OUT_SHARE = 0.2
ARC_MARGIN = 10_000
ARC_CENTRES = {"validation": 0.3, "test": 0.7}
SHORTEST_FOR_ARCS = 100


@dataclass(frozen=True)
class Split:
    """Disjoint stretches per role.

    Attributes
    ----------
    training, validation, test : tuple of Interval
        The stretches.
    rule : str
        How they were chosen, as a sentence for the report.
    """

    training: tuple[Interval, ...]
    validation: tuple[Interval, ...]
    test: tuple[Interval, ...]
    rule: str

    def regions(self) -> dict[Role, tuple[Interval, ...]]:
        """Stretches by role."""
        return {"training": self.training, "validation": self.validation, "test": self.test}


def choose_split(lengths: Mapping[str, int], *, validation: Sequence[str] = (), test: Sequence[str] = ()) -> Split:
    """Choose what is held out.

    Parameters
    ----------
    lengths : mapping of str to int
        Bases per record.
    validation, test : sequence of str
        Records named by the user; what is not named is chosen by size (about a tenth of the genome each).

    Returns
    -------
    Split
        Disjoint roles that cover the genome, margins of arcs left out.

    Raises
    ------
    ConfigurationError
        If a named record does not exist or has two roles, or a role is left without a record.
    InputError
        If the genome is too short to hold anything out.

    Examples
    --------
    >>> split = choose_split({"1": 900, "2": 100, "3": 110, "4": 90})
    >>> [interval.name for interval in split.test + split.validation]
    ['3', '2']
    """
    _check_names(lengths, validation, test)
    chosen_test = list(dict.fromkeys(test)) or _near_share(lengths, exclude=set(validation))
    chosen_validation = list(dict.fromkeys(validation)) or _near_share(lengths, exclude=set(chosen_test))
    held_out = {*chosen_test, *chosen_validation}
    share = sum(lengths[name] for name in held_out) / sum(lengths.values())
    named = bool(validation or test)
    if not named and not (chosen_test and chosen_validation and share <= 2 * LARGEST_HELD_OUT_SHARE):
        return _arcs(lengths)
    training = [name for name in lengths if name not in held_out]
    if not (training and chosen_test and chosen_validation):
        raise ConfigurationError(
            f"holding out {', '.join([*chosen_test, *chosen_validation])} leaves a role without a record",
            fix="name fewer records with --validation and --test, or none to let genolect choose",
        )
    how = "named by the user" if named else f"chosen by size, about {HELD_OUT_SHARE:.0%} of the genome each"
    return Split(
        training=_whole(lengths, training),
        validation=_whole(lengths, chosen_validation),
        test=_whole(lengths, chosen_test),
        rule=f"Whole records held out, {how}.",
    )


def _check_names(lengths: Mapping[str, int], validation: Sequence[str], test: Sequence[str]) -> None:
    for name in (*validation, *test):
        if name not in lengths:
            raise ConfigurationError(
                f"the genome has no record {shown(name)}", fix=f"choose among: {', '.join(list(lengths)[:20])}"
            )
    if twice := set(validation) & set(test):
        raise ConfigurationError(f"{sorted(twice)[0]} is named for validation and for test", fix="name it once")


def _near_share(lengths: Mapping[str, int], *, exclude: Collection[str]) -> list[str]:
    """Pick the record whose size is nearest to the wanted share, or gather small ones; never the longest."""
    target = HELD_OUT_SHARE * sum(lengths.values())
    longest = max(lengths, key=lambda name: lengths[name])
    free = sorted((n for n in lengths if n not in exclude and n != longest), key=lambda n: -lengths[n])
    if not free:
        return []
    nearest = min(free, key=lambda name: abs(lengths[name] - target))
    if lengths[nearest] >= target / 2:
        return [nearest]
    gathered, size = [], 0
    for name in free:
        if size + lengths[name] <= target:
            gathered.append(name)
            size += lengths[name]
    return gathered if size >= target / 2 else []


def _whole(lengths: Mapping[str, int], names: Sequence[str]) -> tuple[Interval, ...]:
    return tuple(Interval(name, 0, lengths[name]) for name in names)


def _arcs(lengths: Mapping[str, int]) -> Split:
    longest = max(lengths, key=lambda name: lengths[name])
    total = lengths[longest]
    if total < SHORTEST_FOR_ARCS:
        raise InputError(
            f"the longest record, {shown(longest)}, has {total} bases, too few to hold some of them out",
            fix="give a longer genome",
        )
    half = int(HELD_OUT_SHARE * total / 2)
    margin = min(ARC_MARGIN, total // 50)
    held_out = {}
    training = [Interval(name, 0, length) for name, length in lengths.items() if name != longest]
    position = 0
    for role, centre in ARC_CENTRES.items():
        middle = int(centre * total)
        held_out[role] = Interval(longest, middle - half, middle + half)
        training.append(Interval(longest, position, middle - half - margin))
        position = middle + half + margin
    training.append(Interval(longest, position, total))
    return Split(
        training=tuple(training),
        validation=(held_out["validation"],),
        test=(held_out["test"],),
        rule=(
            f"Too few records to hold out whole ones: one contiguous arc of {longest} each, {HELD_OUT_SHARE:.0%} of "
            f"it, with a margin of {margin:,} bases on either side that no role uses."
        ),
    )
