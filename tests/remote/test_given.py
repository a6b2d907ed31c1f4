"""Functions given as source, and calls in float64: the same on both sides."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from autograder.checks.student import given, student
from autograder.remote import given as given_module
from tests.support.checking import fault
from tests.support.inprocess import notebook

# Calls in float64


def test_arrays_go_in_as_jax_and_come_back_as_numpy():
    source = """
        import jax
        def f(x):
            assert isinstance(x, jax.Array), type(x)
            return 2 * x
    """
    with notebook(source):
        answer = student.f.call(np.array([1.0, 2.0]))
    assert isinstance(answer, np.ndarray)
    assert answer.tolist() == [2.0, 4.0]


def test_calls_run_in_float64_and_only_calls_do():
    source = """
        import jax.numpy as jnp
        before = jnp.ones(2)
        def f(x):
            return x + jnp.ones(2)
    """
    with notebook(source):
        assert student.f.call(np.ones(2)).dtype == np.float64
        assert student.before.value().dtype == np.float32
    assert jnp.ones(2).dtype == np.float32


def test_precision_is_put_back_after_an_error():
    fault("def f():\n    raise ValueError('no')")
    assert jnp.ones(2).dtype == np.float32


# Functions from source


def test_given_computes_on_both_sides():
    assert given("lambda theta, x: theta['w'] * x")({"w": 2.0}, 3.0) == 6.0
    with notebook("def f(g, x): return g(x)"):
        assert student.f.call(given("jnp.square"), np.array([3.0])).tolist() == [9.0]


@pytest.mark.parametrize(
    ("source", "arguments", "compiled"),
    [
        ("lambda x: 2 * x", [3.0], True),
        ("lambda g, x: g(x)", [given("lambda x: 2 * x"), 3.0], True),
        ("lambda g, x: g(x)", [student.own, 3.0], False),  # it may not bear tracers
        ("lambda x: 6.0 if x > 0 else 0.0", [3.0], False),
    ],
)
def test_a_given_function_is_compiled_where_it_can_be(source, arguments, compiled):
    own = """
        def own(x):
            return 2 * float(x)
        def f(function, *arguments):
            return function(*arguments)
        def compiled(function, *arguments):
            import jax
            return isinstance(function(*arguments), jax.Array)
    """
    with notebook(own):
        assert student.f.call(given(source), *arguments) == 6.0
        assert student.compiled.call(given(source), *arguments) == compiled


def test_a_given_function_is_not_taken_for_itself_with_arguments_swapped():
    own = """
        def f(function, model):
            return function(3.0, model)
        def swapped(function, model):
            function(3.0, model)
            return function(model, 3.0)
    """
    loss, model = given("lambda x, model: model(x)"), given("lambda x: 2 * x")
    with notebook(own):
        assert student.f.call(loss, model) == 6.0
    assert "TypeError: 'float' object is not callable" in str(
        fault(own, loss, model, name="swapped")
    )


def test_a_given_function_raises_its_own_error():
    own = "def f(function): return function(1.0)"
    assert "ZeroDivisionError" in str(fault(own, given("lambda x: 1 / 0")))


def test_two_with_the_same_source_are_equal():
    assert given("lambda x: x") == given("lambda x: x") != given("lambda x:  x")
    assert len({given("jnp.sin"), given("jnp.sin"), given("jnp.cos")}) == 2


@pytest.mark.parametrize(
    ("source", "arguments", "slope"),
    [
        ("lambda p, x: jnp.sum(p * x)", [2.0, np.array([1.0, 2.0])], 3.0),
        ("lambda p: p**2", [3.0], 6.0),
        ("lambda p, model, x: model(p, x) ** 2", [3.0, given("lambda p, x: p * x"), 2.0], 24.0),
        ("jnp.square", [3.0], 6.0),
    ],
)
def test_given_gradient(source, arguments, slope):
    made = given(source).gradient()
    assert float(given_module.evaluate(made, arguments, {})) == slope
    with given_module.double_precision():
        assert float(made.compiled(*arguments)) == slope
    with notebook("def f(g, *arguments): return g(*arguments)"):
        assert float(student.f.call(made, *arguments)) == slope


def test_a_given_gradient_takes_its_arguments_by_the_same_names():
    """It stands for a student's gradient, which may be called by name."""
    slope = given("lambda params, x: params * x").gradient()
    assert (
        repr(slope)
        == "given('lambda params, x: jax.grad(lambda params, x: params * x)(params, x)')"
    )
    assert float(slope(x=2.0, params=1.0)) == 2.0
    with notebook("def f(g): return g(x=2.0, params=1.0)"):
        assert float(student.f.call(slope)) == 2.0


@pytest.mark.parametrize(
    ("source", "error", "said"),
    [
        ("1 + 1", TypeError, r"^given\('1 \+ 1'\) is not a function$"),
        ("lambda x:", SyntaxError, "invalid syntax"),
        ("no_such_name", NameError, "no_such_name"),
    ],
)
def test_a_mistake_in_given_shows_at_once(source, error, said):
    with pytest.raises(error, match=said):
        given(source)


def test_a_given_function_is_compiled_once_and_computes_the_same():
    model, loss = given("lambda t, x: t * x"), given("lambda t, m, x: jnp.sum(m(t, x) ** 2)")
    with given_module.double_precision():
        expected = loss.gradient()(3.0, model, np.arange(4.0))
        got = loss.gradient().compiled(3.0, given("lambda t, x: t * x"), np.arange(4.0))
    assert float(got) == pytest.approx(float(expected), rel=1e-14)
    assert given_module.compiled_given(loss.source, (1,)) is given_module.compiled_given(
        loss.source, (1,)
    )


def test_a_given_function_that_jax_cannot_compile_is_called_as_it_is():
    assert given("lambda x: 1 if x > 0 else 2").compiled(3.0) == 1
    with pytest.raises(AttributeError, match="nothing"):
        given("lambda x: x.nothing").compiled(3)


def test_a_function_of_jaxs_own_keeps_its_name_when_it_is_given():
    given_module.ready_made("jnp.cbrt")(8.0)
    assert jnp.cbrt.__name__ == "cbrt"
