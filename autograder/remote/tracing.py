"""Counts how often JAX traces a function. UNTRUSTED SIDE during grading: the function is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from autograder.remote.given import COMPILED

TRACED = "/jax/core/compile/jaxpr_trace_duration"
"""What JAX tells `jax.monitoring` whenever it has traced a function."""
MOSTLY = 0.75
"""The share of the operations that have to lie in one compiled function. Some of JAX's own are
compiled, each by itself, whoever calls them: `jax.nn.relu` in a network is no compiled network."""


def traces(function: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Of a function, the one that says how it is compiled.

    `checks.transformations` sends a student's function through it. The new one takes the tuples of
    arguments of several calls, the first of which may trace. `compiled` says whether `jax.jit` has
    made one program of most of it, and `again` how often the other calls traced.

    >>> import jax, jax.numpy as jnp
    >>> traces(jax.jit(lambda x: 3 * x))((1.0,), (2.0,))
    {'compiled': True, 'again': 0}
    >>> traces(lambda x: jax.jit(lambda x: 3 * x)(x))((1.0,), (2.0,))
    {'compiled': True, 'again': 1}
    """

    def counted(first: Iterable[Any], *others: Iterable[Any]) -> dict[str, Any]:
        import jax

        function(*first)
        seen: list[str] = []

        def heard(event: str, duration_secs: float, **_: str | int) -> None:
            seen.append(event)

        jax.monitoring.register_event_duration_secs_listener(heard)
        try:
            for args in others:
                function(*args)
        finally:
            jax.monitoring.unregister_event_duration_listener(heard)
        return {"compiled": is_compiled(function, first), "again": seen.count(TRACED)}

    return counted


def is_compiled(function: Callable[..., Any], args: Iterable[Any]) -> bool:
    """Whether most operations of a function lie in one that `jax.jit` has compiled.

    A stub is compiled, whoever calls it, and does not count as one.
    """
    import jax

    jaxpr = jax.make_jaxpr(function)(*args).jaxpr
    jitted = [e.params for e in jaxpr.eqns if e.primitive.name == "jit"]
    compiled = [_size(p["jaxpr"].jaxpr) for p in jitted if not p["name"].startswith(COMPILED)]
    return max(compiled, default=0) >= MOSTLY * max(1, _size(jaxpr))


def _size(jaxpr: Any) -> int:
    """How many operations there are, those of compiled functions inside included."""
    inside = [getattr(equation.params.get("jaxpr"), "jaxpr", None) for equation in jaxpr.eqns]
    return sum(1 if inner is None else _size(inner) for inner in inside)
