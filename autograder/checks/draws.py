"""Properties of random draws, for `Exercise.satisfies`: `moments`, `distinct`, `independent`.

An author asks for draws with keys of theirs, and these say whether what came back can be chance:

>>> draws = [np.random.default_rng(seed).normal(size=(10, 25)) for seed in (1, 2)]
>>> holds = moments(mean=0, variance=1)
>>> holds(draws)
''
>>> holds([2 * draw for draw in draws])[:63]
'The variance of the 500 numbers is 3.7 times what it should be,'

A right answer is called wrong by chance at most once in `1 / FALSE_ALARM` questions. TRUSTED SIDE
during grading.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import combinations
from statistics import NormalDist
from typing import Any, NamedTuple, overload

import numpy as np

from autograder.checks.compare import disagreement
from autograder.checks.leaves import Floats, Picked, everything, leaves, picked

# How often a right answer may be called wrong by chance, for each property of each question. A
# course with a thousand students and twenty such questions, each with keys of the student's own,
# then has one false alarm in fifty runs. Mistakes are far outside: half the variance, or the same
# key twice, is caught with a few hundred numbers.
FALSE_ALARM = 1e-6

# How often the smallest mistakes that matter may go unseen: there have to be as many numbers as
# that takes. They are half the variance (1/m for 2/m), and a mean that is off by half a standard
# deviation.
UNSEEN = 1e-2
FACTOR, SHIFT = 0.5, 0.5

# How likely a correlation is by chance follows for normal draws, and is up to 3 times as likely for
# uniform or Laplace draws, 50 times for exponential ones (measured, 8 to 50 numbers). A key that is
# used twice makes it 1, so it costs nothing to ask for a hundredfold.
CAUTION = 100

# Of an array that is compared: the fewest numbers that tell, and the most that it takes; and the
# share of them that differ. Fewer do in masks and biases, which may be the same by chance.
FEWEST, MOST, DIFFERENT = 8, 10_000, 0.9

# Rows and columns of an array that are compared with one another: a key that serves for all of
# them shows in the first few.
LINES = 20

Draws = Callable[[Sequence[Any]], str]
Labelled = tuple[str, Floats]


def moments(
    *,
    mean: float | None = None,
    variance: float | None = None,
    kurtosis: float = 3.0,
    of: Picked = everything,
) -> Draws:
    """The numbers of all answers together have a mean and a variance, as far as chance lets them.

    He's rule for a layer with five inputs, asked with a few keys::

        inputs = [(jax.random.key(seed), [5, 10, 2]) for seed in range(8)]
        exercise.satisfies(
            "the weights of the first layer have the variance 2/5",
            student.init_params,
            inputs,
            properties.moments(mean=0, variance=2 / 5, of=lambda params: params[0]["W"]),
        )

    The mean may be off by z standard deviations / √n, the variance by what a gamma distribution
    with its standard error allows. Both assume independent draws.

    Parameters
    ----------
    mean, variance
        Of the distribution. Where no variance is given, the numbers' own takes its place.
    kurtosis
        The fourth central moment over the squared variance, which says how far a sample's variance
        strays: 3 for normal draws. That is enough for all with lighter tails, such as uniform
        (1.8) and truncated normal ones; exponential draws have 9.
    of
        What to look at in an answer; by default all numbers.

    Raises
    ------
    ValueError
        If neither mean nor variance is given, or one that cannot be; and when asked of fewer
        numbers than it takes to see half or twice the variance, or a mean that is off by half a
        standard deviation. For normal draws these are 247.
    """
    if (mean is None and variance is None) or (variance is not None and variance <= 0):
        raise ValueError("moments: give a mean, a variance above 0, or both")
    if kurtosis <= 1:
        raise ValueError(f"moments(kurtosis={kurtosis}): a kurtosis lies above 1")
    comparisons = (mean is not None) + (variance is not None)
    z = -NormalDist().inv_cdf(FALSE_ALARM / comparisons / 2)

    def check(answers: Sequence[Any]) -> str:
        numbers = _pooled(answers, of)
        _enough(numbers.size, _needed(z, kurtosis if variance is not None else None))
        spread = float(np.var(numbers, ddof=1)) if variance is None else variance
        # The variance first: where it is too large, the mean strays further than its own tells.
        said = _wrong_variance(numbers, variance, kurtosis, z) if variance else ""
        return said or ("" if mean is None else _wrong_mean(numbers, mean, math.sqrt(spread), z))

    return check


def _pooled(answers: Sequence[Any], of: Picked) -> Floats:
    """All numbers that are looked at, in one row."""
    arrays = [array for answer in answers for _, array in leaves(picked(of, answer))]
    return np.concatenate([np.ravel(array) for array in arrays] or [np.zeros(0)])


def _needed(z: float, kurtosis: float | None) -> int:
    """How many numbers show the smallest mistakes all but certainly; None: the mean alone.

    Of the variance the cube root is judged, as in `_wrong_variance`. Half of it is harder to see
    than twice as much.
    """
    unseen, root = -NormalDist().inv_cdf(UNSEEN), math.cbrt(FACTOR)
    for_mean = ((z + unseen) / SHIFT) ** 2
    if kurtosis is None:
        return math.ceil(for_mean)
    for_variance = (kurtosis - 1) / 9 * ((z + unseen * root) / (1 - root)) ** 2
    return math.ceil(max(for_mean, for_variance))


def _enough(count: int, needed: int) -> None:
    if count < needed:
        raise ValueError(
            f"{count} numbers are too few to tell a mistake from chance: it takes {needed}, over "
            "all inputs together"
        )


def _wrong_mean(numbers: Floats, mean: float, deviation: float, z: float) -> str:
    """Say that the mean is farther off than z standard errors, or ""."""
    off = float(np.mean(numbers)) - mean
    if abs(off) <= z * deviation / math.sqrt(numbers.size):
        return ""
    way = "large" if off > 0 else "small"
    by = f" by {abs(off) / deviation:.2g} of their standard deviation" if deviation else ""
    return f"The mean of the {numbers.size} numbers is too {way}{by}, more than chance explains."


def _wrong_variance(numbers: Floats, variance: float, kurtosis: float, z: float) -> str:
    """Say that the variance is farther off than chance takes it, or "".

    A sample's variance has the standard error σ²√((κ-1)/(n-1)). Its distribution leans to the
    right; the cube root of it hardly does, exactly so for a gamma distribution (Wilson and Hilferty
    1931), which it follows for normal draws.
    """
    ratio = float(np.var(numbers, ddof=1)) / variance
    error = (kurtosis - 1) / (numbers.size - 1) / 9  # the variance of the cube root
    if abs(math.cbrt(ratio) - (1 - error)) <= z * math.sqrt(error):
        return ""
    return (
        f"The variance of the {numbers.size} numbers is {ratio:.2g} times what it should be, "
        "more than chance explains."
    )


@overload
def distinct(answers: Sequence[Any]) -> str: ...
@overload
def distinct(*, of: Picked = ...) -> Draws: ...
def distinct(answers: Sequence[Any] | None = None, *, of: Picked = everything) -> str | Draws:
    """No two answers are the same, and inside an answer each array has numbers of its own.

    Give inputs that differ in their key. It sees a key that is left out, an array whose numbers or
    rows are all the same, and one key for two layers of the same shape. Where some of an answer is
    rightly the same each time, such as biases of 0, say what is drawn::

        properties.distinct(of=lambda params: [layer["W"] for layer in params])

    Raises
    ------
    ValueError
        When asked of a single answer: the author's mistake.
    """
    if answers is None:
        return partial(distinct, of=of)
    if len(answers) < 2:
        raise ValueError("one answer cannot be distinct: give inputs that differ in their key")
    arrays = [[*leaves(picked(of, answer))] for answer in answers]
    said = (sentence for found in arrays if (sentence := _repeated(found)))
    return _same_answers(arrays) or next(said, "")


def _same_answers(arrays: Sequence[Sequence[tuple[str, Floats]]]) -> str:
    """Say that two answers are the same in all that is looked at, or ""."""
    for (i, one), (j, other) in combinations(enumerate(arrays, 1), 2):
        pairs = zip(one, other, strict=False)
        if len(one) == len(other) and all(np.array_equal(a, b) for (_, a), (_, b) in pairs):
            return f"Answers {i} and {j} are the same, although their keys differ."
    return ""


def _repeated(arrays: Sequence[tuple[str, Floats]]) -> str:
    """Say that the numbers in an array are all the same, or those of another one, or ""."""
    for place, array in arrays:
        for kind, lines in [("numbers", np.ravel(array)), *_lines(array)]:
            if len(lines) > 1 and lines[0].size and np.all(lines == lines[0]):
                return f"The {kind}{_at(place)} are all the same: each should be drawn by itself."
    for (place, array), (other, again) in combinations(arrays, 2):
        if array.size > 1 and np.array_equal(array, again):
            return f"The numbers{_at(place)} and{_at(other)} are the same: each needs its own key."
    return ""


@overload
def independent(answers: Sequence[Any]) -> str: ...
@overload
def independent(*, of: Picked = ...) -> Draws: ...
def independent(answers: Sequence[Any] | None = None, *, of: Picked = everything) -> str | Draws:
    """Numbers that were drawn apart are uncorrelated.

    Compared are the arrays of all answers with one another, those of different shapes by the
    numbers that both have, and the first rows and columns of each array. It sees one key for two
    layers even where they have different scales or shapes, since `jax.random.normal(key, (5, 10))`
    begins with the numbers of `jax.random.normal(key, (10, 2))`::

        properties.independent(of=lambda params: [layer["W"] for layer in params])

    Arrays in which numbers repeat, such as biases of 0 and masks, are passed over; `distinct`
    compares these.

    Raises
    ------
    ValueError
        When no two arrays, rows or columns have eight numbers to compare.
    """

    if answers is None:
        return partial(independent, of=of)
    drawn = [*_labelled(answers, of)]
    pairs = [*combinations(filter(_tells, drawn), 2)]
    for label, array in drawn:
        for kind, lines in _lines(array):
            named = [(f"{kind[:-1]} {i} of {label}", line) for i, line in enumerate(lines)]
            pairs += combinations(filter(_tells, named[:LINES]), 2)
    if not pairs:
        raise ValueError(f"there are no two arrays of {FEWEST} numbers to compare")
    worst = min((_correlated(*pair) for pair in pairs), key=lambda found: found.chance)
    return str(worst) if worst.chance * len(pairs) * CAUTION < FALSE_ALARM else ""


@overload
def deterministic(answers: Sequence[Any]) -> str: ...
@overload
def deterministic(*, of: Picked = ...) -> Draws: ...
def deterministic(answers: Sequence[Any] | None = None, *, of: Picked = everything) -> str | Draws:
    """All answers are the same.

    Give inputs with the same key, which may differ in what must not matter. (That the same question
    has the same answer needs no word: each is put twice.) ::

        exercise.satisfies(
            "the key alone decides",
            student.noise,
            [(key, (5,)), (jnp.array(key), (5,))],
            properties.deterministic,
        )
    """
    if answers is None:
        return partial(deterministic, of=of)
    first, *others = (picked(of, answer) for answer in answers)
    said = next(filter(None, (disagreement(other, first) for other in others)), "")
    return said and f"The same key gave two different answers. {said}"


def _labelled(answers: Sequence[Any], of: Picked) -> Iterator[Labelled]:
    """Every array that is looked at, with what a sentence calls it."""
    for number, answer in enumerate(answers, 1):
        which = f" in answer {number}" if len(answers) > 1 else ""
        for place, array in leaves(picked(of, answer)):
            yield f"the numbers{_at(place)}{which}", array


def _lines(array: Floats) -> Iterator[tuple[str, Floats]]:
    """The rows of an array, and its columns, each as a matrix of lines."""
    if array.ndim > 1 and array.size:
        yield "rows", array.reshape(array.shape[0], -1)
        yield "columns", array.reshape(-1, array.shape[-1]).T


def _tells(drawn: Labelled) -> bool:
    """Whether there are numbers enough to compare, and hardly any repeats."""
    numbers = np.ravel(drawn[1])[:MOST]
    return numbers.size >= FEWEST and len(np.unique(numbers)) >= DIFFERENT * numbers.size


class _Correlated(NamedTuple):
    """Two arrays, by what sentences call them, and how their numbers correlate."""

    one: str
    other: str
    r: float
    chance: float

    def __str__(self) -> str:
        return (
            f"{self.one[0].upper()}{self.one[1:]} and {self.other} go together (correlation "
            f"{self.r:.2f}), more than chance explains. Each needs its own key."
        )


def _correlated(one: Labelled, other: Labelled) -> _Correlated:
    """Two arrays beside each other, by the numbers that both have."""
    count = min(one[1].size, other[1].size, MOST)
    r = _correlation(np.ravel(one[1])[:count], np.ravel(other[1])[:count])
    return _Correlated(one[0], other[0], r, chance(r, count))


def _correlation(a: Floats, b: Floats) -> float:
    """Pearson's correlation; 0 where one of the two does not vary."""
    a, b = a - np.mean(a), b - np.mean(b)
    size = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / size if size else 0.0


def chance(r: float, n: int) -> float:
    """How likely it is at most that n pairs of independent normal numbers correlate by |r| or more.

    The density of r is (1 - r²)^((n-4)/2) / B(1/2, (n-2)/2), by Fisher (1915). Times r, which
    hardly varies in the tail, it has a closed integral. Unlike Fisher's z that is good far out: it
    overestimates by less than 1/(n r²).

    >>> chance(0.5, 100) < 1e-6 < chance(0.4, 100), chance(1.0, 8)
    (True, 0.0)
    """
    r = min(abs(r), 1.0)
    half = (n - 2) / 2
    if r in (0.0, 1.0):
        return 1.0 - r
    beta = math.lgamma(0.5) + math.lgamma(half) - math.lgamma(half + 0.5)
    return min(1.0, math.exp(half * math.log1p(-r * r) - beta) / (half * r))


def _at(place: str) -> str:
    return f" at {place}" if place else ""
