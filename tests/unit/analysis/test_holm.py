"""P-values of many tests."""

import numpy as np
import pytest

from monitor.analysis.uncertainty.holm import holm


def test_by_hand() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_never_above_one() -> None:
    assert holm(np.array([0.9, 0.8])).tolist() == [1, 1]


def test_one_test_stays_as_it_is() -> None:
    assert holm(np.array([0.2])).tolist() == [0.2]


def test_no_test() -> None:
    assert holm(np.array([])).tolist() == []


def test_a_false_alarm_in_one_set_of_twenty() -> None:
    sets = np.random.default_rng(3).random((4000, 12))
    assert np.mean([holm(one).min() < 0.05 for one in sets]) == pytest.approx(0.05, abs=0.01)
