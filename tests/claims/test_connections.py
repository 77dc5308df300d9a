"""Claims about models of equal connections."""

from tests.claims.factory import LESS
from tests.claims.pairs import A, B, compared, only, three

WITHIN = LESS | {"equal_connections_within": 0.01}


def test_equal_connections() -> None:
    # P = 4 on 8 x 8: S0 = 4, C0 = 16; blocks 2 * 2 * S * C * (S + C), per patch 64 C.
    # C = 8: 4 * 4 * 8 * 12 + 512 = 2048; C = 9: 4 * 4 * 9 * 13 + 576 = 2448: 19.53 % of 2048 apart.
    v = only(compared(claims=(WITHIN,)))
    assert (v.connections_a, v.connections_b, v.connections_gap) == (2048, 2448, 0.1953125)
    assert v.outcome == "inconclusive"
    assert v.sentence.endswith(
        "No decision: the claim is about connections equal within 0.01 of each other, but a has 2,048 and b has 2,448: "
        "19.53 % apart."
    )
    assert only(compared(claims=(LESS | {"equal_connections_within": 0.1953125},))).outcome == "supported"
    assert only(compared(claims=(LESS | {"equal_connections_within": 0.195},))).outcome == "inconclusive"
    # Without the condition they are shown and do not matter.
    free = only(compared())
    assert (free.connections_a, free.connections_gap) == (2048, 0.1953125)


def test_unequal_connections_do_not_contradict_either() -> None:
    assert only(compared(a=B, b=A, claims=(WITHIN,))).outcome == "inconclusive"


def test_connections_are_recomputed_before_anything_has_run() -> None:
    assert "2,048" in only(three(claims=(WITHIN,))).sentence
