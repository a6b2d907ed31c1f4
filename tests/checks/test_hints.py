"""The hints of a failed check fit the kind of its failure."""

from __future__ import annotations

import math

import jax
import pytest

from autograder.checks import hints, properties
from autograder.checks.compare import first_difference
from autograder.checks.exercise import Exercise
from autograder.checks.faults import StudentFault
from autograder.checks.student import given, student
from autograder.checks.tracers import TRACERS, in_plain_words
from autograder.record.outcome import Kind
from autograder.record.render import hints_of
from autograder.remote.wire import Limits
from tests.support.checking import LOSS, MODEL, X, Y
from tests.support.inprocess import answering, one_check

OURS = ["Is it a sum or a mean?"]
THETA = {"w": 0.5, "b": 0.25}


def returns(exercise, **more):
    exercise.returns("t", student.f, X, expected=2 * X, **more)


def satisfies(exercise):
    exercise.satisfies("t", student.f, [(X,)], properties.increasing, shape=(6,))


def descends(exercise):
    exercise.descends("t", student.f, THETA, MODEL, LOSS, X, Y, loss=LOSS, n_steps=2, step_size=0.1)


def losses(exercise):
    run = (THETA, MODEL, LOSS, X, Y)
    exercise.descends("t", student.f, *run, loss=LOSS, n_steps=2, step_size=0.1, of="losses")


def gradient(exercise):
    exercise.is_gradient("t", student.f, "loss", [(THETA,)])


def differentiable(exercise):
    exercise.is_differentiable("t", student.f, [(THETA,)])


def reaches(exercise):
    exercise.reaches("t", student.f, THETA, within=0.1)


def minimises(exercise):
    exercise.minimises("t", student.f, lambda theta: theta["w"] ** 2, THETA)


def shapes(exercise):
    exercise.shapes("t", student.f, X, expected=(6,))


def raises(exercise):
    exercise.raises("t", student.f, X, error=ValueError, accepts=[(Y,)])


def relates(exercise):
    exercise.relates("t", student.f, [(X,), (Y,)], change=lambda x: (2 * x,))


def stacks(exercise):
    exercise.stacks("t", student.f, [(X,)])


def jittable(exercise):
    exercise.is_jittable("t", student.f, [(X,)])


def vmappable(exercise):
    exercise.is_vmappable("t", student.f, [(X,)])


def jacobian(exercise):
    exercise.is_jacobian("t", student.f, given("lambda x: x ** 2"), [(X,)])


def generalises(exercise):
    exercise.generalises(
        "t",
        student.f,
        through=lambda params: X[:4] > params["w"],
        labels=(X[:4] > 0).astype(int),
        at_least=0.9,
        like={"w": 0.0},
    )


def chosen(exercise):
    exercise.reaches("t", student.f, THETA, within=0.1, through=lambda n: THETA)


LOST = "f = lambda *args, **kwargs: 1 / 0"
FITS = "lambda theta, *args, **kwargs: ([1.0, 2.0], {'w': 1.0, 'b': 1.0})"
SLOPE = "import jax\ndef loss(theta): return theta['w'] ** 3 + theta['b']\n"


@pytest.mark.parametrize(
    ("check", "source", "kind"),
    [
        (returns, LOST, Kind.EXCEPTION),
        (returns, "f = lambda x: None", Kind.SHAPE),
        (returns, "f = lambda x: x[:3]", Kind.SHAPE),
        (returns, "f = lambda x: f", Kind.SHAPE),  # cannot be sent
        (returns, "import jax.numpy as jnp\nf = lambda x: jnp.sum(x) * jnp.nan", Kind.SHAPE),
        (returns, "import jax.numpy as jnp\nf = lambda x: jnp.nan * x", Kind.VALUE),
        (returns, "f = lambda x: x", Kind.VALUE),
        (returns, "n = []\ndef f(x): n.append(1); return len(n) * x", Kind.VALUE),
        (returns, "f = lambda x: 2 * x", Kind.NONE),
        (returns, "def f(x): raise NotImplementedError()", Kind.NONE),
        (satisfies, "f = lambda x: x[:3]", Kind.SHAPE),
        (satisfies, "f = lambda x: -x / 0", Kind.VALUE),
        (satisfies, "f = lambda x: x", Kind.VALUE),
        (descends, f"f = {FITS}", Kind.VALUE),
        (descends, f"f = {FITS.replace('1.0}', '[1.0]}')}", Kind.SHAPE),
        (descends, f"f = {FITS.replace('1.0}', 'float(chr(110) + chr(97) + chr(110))}')}",
         Kind.VALUE),
        (descends, "f = lambda theta, *args, **kwargs: theta", Kind.SHAPE),
        (losses, f"f = {FITS}", Kind.VALUE),
        (losses, f"f = {FITS.replace('2.0]', '2.0, 3.0, 4.0]')}", Kind.SHAPE),
        (gradient, SLOPE + "def f(theta): return {'w': 1.0, 'b': 1.0}", Kind.VALUE),
        (gradient, SLOPE + "def f(theta): return [1.0, 1.0]", Kind.SHAPE),
        (gradient, SLOPE + LOST, Kind.EXCEPTION),
        (differentiable, "import numpy as np\ndef f(theta): return np.sin(theta['w'])",
         Kind.EXCEPTION),
        (differentiable, "def f(theta): return 'w'", Kind.SHAPE),
        (differentiable, "def f(theta): return 1.0", Kind.VALUE),
        (reaches, "f = {'w': 5.0, 'b': 5.0}", Kind.VALUE),
        (reaches, "f = {'w': 5.0}", Kind.SHAPE),
        (minimises, "f = {'w': 5.0, 'b': 5.0}", Kind.VALUE),
        (minimises, "f = None", Kind.SHAPE),
        (chosen, "f = '5'", Kind.SHAPE),
        (shapes, "f = lambda x: x[:3]", Kind.SHAPE),
        (raises, "f = lambda x: x", Kind.VALUE),
        (raises, LOST, Kind.EXCEPTION),
        (raises, "def f(x): raise ValueError", Kind.EXCEPTION),
        (relates, "f = lambda x: x", Kind.VALUE),
        (relates, "f = lambda x: x[:1] if x[0] > 1 else x", Kind.VALUE),
        (relates, "f = lambda x: None", Kind.SHAPE),
        (stacks, "f = lambda x: x - x.mean()", Kind.VALUE),
        (stacks, "f = lambda x: x.sum()", Kind.SHAPE),
        (jittable, "f = lambda x: x if x[0] > 9 else 2 * x", Kind.EXCEPTION),
        (vmappable, "f = lambda x: x if x > 9 else 2 * x", Kind.EXCEPTION),
        (jacobian, "f = lambda x: 2 * x", Kind.SHAPE),
        (jacobian, "import jax.numpy as jnp\nf = lambda x: 3 * jnp.diag(x)", Kind.VALUE),
        (generalises, "f = {'v': 1.0}", Kind.SHAPE),
        (generalises, "f = {'w': 9.0}", Kind.VALUE),
    ],
)  # fmt: skip
def test_the_kind_of_a_failure(check, source, kind):
    result = one_check(source, check)
    assert result.staff_note == ""
    assert result.kind is kind


def test_a_value_has_the_authors_hints_alone():
    assert one_check("f = lambda x: x", lambda e: returns(e, hints=OURS)).hints == (*OURS,)


@pytest.mark.parametrize(
    ("source", "first"),
    [
        (LOST, hints.ANY_ERROR),
        ("f = lambda x: None", hints.NOTHING),
        ("f = lambda x: x[:3]", hints.SHAPE),
    ],
)
def test_one_of_ours_comes_first_where_the_answer_is_no_wrong_value(source, first):
    assert one_check(source, lambda e: returns(e, hints=OURS)).hints == (first, *OURS)


def test_a_value_of_another_form_is_not_called():
    assert one_check("f = None", reaches).hints == (hints.OF_A_VALUE,)
    assert one_check("f = 'many'", chosen).hints == (hints.OF_A_VALUE,)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (LOST, (hints.ANY_ERROR, "an error")),
        ("f = lambda x: x[:3]", (hints.SHAPE,)),
        ("f = lambda x: x", ("a value", "and another")),
        ("f = lambda x: 2 * x", ()),
    ],
)
def test_hints_for_each_kind_of_failure(source, shown):
    by_kind = {"exception": ["an error"], "value": ["a value", "and another"]}
    assert one_check(source, lambda e: returns(e, hints=by_kind)).hints == shown


def test_no_hint_of_ours_where_nothing_is_written():
    source = "def f(x): raise NotImplementedError()"
    result = one_check(source, lambda e: returns(e, hints=OURS))
    assert (result.hints, hints_of(result)) == ((*OURS,), ())


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ("Is it a mean?", TypeError, "expected a list of sentences"),
        ({"exeption": []}, ValueError, "expected keys from exception, shape, value"),
        ({"": []}, ValueError, "expected keys from exception, shape, value"),
    ],
)
def test_hints_of_another_form_are_the_authors_mistake(wrong, error, said):
    with pytest.raises(error, match=said):
        one_check("f = lambda x: x", lambda e: returns(e, hints=wrong))


ERRORS = {
    "x + y": "Is the name spelt as where",
    "del x; x": "Is the name spelt as where",
    "x(3)": "Round brackets",
    "None + x": "Something in this line is None",
    "None.sum()": "Something in this line is None",
    "h(1, 2)": "Compare your line",
    "x + jnp.ones(3)": "Two arrays in this line",
    "x @ jnp.ones(4)": "Two arrays in this line",
    "x.reshape(4)": "Two arrays in this line",
    "x[0, 0]": "Two arrays in this line",
    "x.at[0].set(1.0)[0].foo": "What stands before the dot",
    "np.asarray(x)[7]": "Places are counted from 0",
    "{'w': 1}['b']": "A dict was asked for a key",
    "a, b = 1, 2, 3": "The number of names on the left",
    "a, b = 1": "The number of names on the left",
    "x['w']": "Print the `type(…)` of each",
    "'w' + 1": "Print the `type(…)` of each",
    "x[0] = 1.0": "A JAX array is never changed",
    "jax.grad(h)(x)": "`grad` takes the slope of one number",
    "jax.grad(h)(2)": "`grad` takes slopes with respect to numbers with a decimal point",
    "import scipie": "Is the name spelt as in its documentation",
    "f(x)": "The function calls itself",
    "1 / 0": "Call your function in a cell of its own",
}


@pytest.mark.parametrize(("line", "begins"), ERRORS.items())
def test_an_error_has_a_hint_of_its_own(line, begins):
    source = (
        f"import jax, jax.numpy as jnp, numpy as np\nh = lambda x: 2 * x\ndef f(x):\n    {line}"
    )
    (hint,) = one_check(source, returns).hints
    assert hint.startswith(begins)


def test_every_hint_of_ours_is_told():
    assert {next(b for b in ERRORS.values() if h.startswith(b)) for *_, h in hints.ERRORS} == {
        *ERRORS.values()
    } - {"Call your function in a cell of its own"}


class Stops:
    """A connection to a kernel in which every call takes too long."""

    limits = Limits()
    seconds = 0.0

    def ask(self, part, request):
        raise StudentFault(f"{part} was stopped.", stop="call_timeout")


@pytest.mark.parametrize(("given", "shown"), [(OURS, (*OURS,)), ({"value": OURS}, ())])
def test_a_call_that_was_stopped_failed_in_no_way_that_hints_are_for(given, shown):
    with answering(Stops()):
        exercise = Exercise("e")
        returns(exercise, hints=given)
    (result,) = exercise.results
    assert (result.kind, result.hints) == (Kind.NONE, shown)


def test_beside_numbers_that_should_not_be_finite_a_wrong_one_is_a_value():
    assert first_difference([1.0, 2.0], [1.0, math.inf]).kind is Kind.VALUE


# Errors about tracers

TRACED = {
    "TracerBoolConversionError": "return x if x > 0 else -x",
    "ConcretizationTypeError": "return x * float(x)",
    "TracerArrayConversionError": "return np.sin(x)",
    "TracerIntegerConversionError": "return [1.0, 2.0][x.astype(int)]",
    "NonConcreteBooleanIndexError": "return x[x > 0].sum()",
    "UnexpectedTracerError": "kept.append(x); return x",
}


@pytest.mark.parametrize(("ename", "line"), TRACED.items())
def test_an_error_about_tracers_is_told_without_the_word(ename, line):
    source = f"""
        import jax, numpy as np
        kept = []
        @jax.jit
        def traced(x):
            {line}
        def f(x):
            traced(x[0])
            return kept[0] + x
    """
    result = one_check(source, returns)
    assert result.rationale.startswith(f"`f` raised {ename}: {in_plain_words(ename)}\nIn `")
    assert result.hints == (TRACERS[ename].hint,)
    assert "tracer" not in (in_plain_words(ename) + TRACERS[ename].hint).lower()


def test_those_are_all_errors_about_tracers_that_jax_has():
    about = {n for n in dir(jax.errors) if "Tracer" in n or "Conc" in n} - {"KeyReuseError"}
    assert about == set(TRACERS) == set(TRACED)
    assert in_plain_words("ValueError") == ""


def test_where_jax_cannot_differentiate_the_line_is_told():
    source = "import numpy as np\ndef f(theta):\n    return np.exp(theta['w'])"
    result = one_check(source, differentiable)
    assert result.rationale == (
        "JAX cannot differentiate it. `f` raised TracerArrayConversionError: "
        f"{in_plain_words('TracerArrayConversionError')}\nIn `f`, at: return np.exp(theta['w'])"
    )
    assert result.hints == (TRACERS["TracerArrayConversionError"].hint,)
