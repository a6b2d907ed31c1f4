"""The lesson's tests as plain assertions, as one writes them for stock nbgrader.

Of the same strictness as the kit's: the same things are asked, in the student's kernel.
"""

from __future__ import annotations

SETUP = """
import numpy as np
_x = np.linspace(-2.0, 2.0, 8)
_y = np.array([0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0])
_sigmoid = lambda z: 1 / (1 + np.exp(-z))
_wave = lambda t, x: 0.5 + 0.3 * jnp.sin(t["w"] * x + t["b"])
_squares = lambda t, m, x, y: jnp.sum((m(t, x) - y) ** 2)
def _cross(y, p):
    p = np.asarray(p, dtype=float)
    return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))
def _slope(f, t, h=1e-2):
    return {k: (float(f({**t, k: t[k] + h})) - float(f({**t, k: t[k] - h}))) / (2 * h) for k in t}
def _descend(t, n, size):
    losses = []
    for _ in range(n):
        losses.append(float(_squares(t, _wave, _x, _y)))
        g = grad(_squares)(t, _wave, _x, _y)
        t = {k: float(t[k] - size * g[k]) for k in t}
    return losses, t
"""

STOCK_TESTS = {
    "test_logistic_model": SETUP
    + """
for _w, _b in ((0.0, 0.0), (1.3, 0.7), (-1.5, 0.5), (5.0, -5.0)):
    _t = {"w": _w, "b": _b}
    _p = np.asarray(logistic_model(_t, _x))
    assert _p.shape == (8,)
    assert np.allclose(_p, _sigmoid(_t["w"] * _x + _t["b"]), rtol=1e-4, atol=1e-6)
""",
    "test_logistic_loss": SETUP
    + """
for _t in ({"w": 0.0, "b": 0.0}, {"w": 1.0, "b": 0.3}, {"w": -0.4, "b": 0.9}):
    for _labels in (_y, np.linspace(0.1, 0.9, 8)):
        _l = logistic_loss(_t, _wave, _x, _labels)
        assert np.shape(_l) == ()
        assert np.allclose(_l, _cross(_labels, _wave(_t, _x)), rtol=1e-4)
""",
    "test_dlogistic_loss": SETUP
    + """
for _t in ({"w": 0.7, "b": -0.4}, {"w": 1.2, "b": 0.5}, {"w": 0.6, "b": 0.1}):
    _g = dlogistic_loss(_t, _wave, _x, _y)
    assert sorted(_g) == ["b", "w"]
    _expected = _slope(lambda t: _cross(_y, _wave(t, _x)), _t)
    assert all(np.allclose(_g[k], _expected[k], rtol=1e-2, atol=1e-3) for k in _g)
""",
    "test_model_optimization_loop": SETUP
    + """
for _n in (1, 12):
    _losses, _t = model_optimization_loop({"w": 0.3, "b": -0.2}, _wave, _squares, _x, _y, _n, 0.05)
    _expected, _end = _descend({"w": 0.3, "b": -0.2}, _n, 0.05)
    assert np.allclose(np.ravel(np.asarray(_losses)), _expected, rtol=1e-3)
    assert all(np.allclose(_t[k], _end[k], rtol=1e-3) for k in _end)
""",
    "test_theta_clean": """
import numpy as np
assert np.allclose(theta_clean["w"], 2.0, atol=0.01)
assert np.allclose(theta_clean["b"], 1.0, atol=0.01)
""",
}
