"""Prop. 3.2, App. B.1 and S.22-S.23: whole blocks as wide and sparse MLPs, by explicit matrices and by PK layers."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from pkbench.models.permutation import Commutation, Identity, Permutation, compose
from pkbench.models.pk import ACTIVATIONS, PKLayer
from pkbench.probes.identities.draw import Draw
from pkbench.probes.identities.families import Equation
from pkbench.probes.identities.matrices import commutation_matrix, difference, eye, kron, permutation_matrix, vec

phi = ACTIVATIONS["gelu"]


def pk_layer(W: Tensor, groups: int, J1: Permutation, J2: Permutation, activation: str) -> PKLayer:
    """The project's PK layer (Def. 5.1) with the weight ``W`` and no bias."""
    layer = PKLayer((W.shape[0], W.shape[1]), groups, J1, J2, bias=False, activation=activation)
    layer.weight = nn.Parameter(W)
    return layer


def _token_layer(W: Tensor, C: int, activation: str) -> PKLayer:
    """``vec(X) -> phi((I_C (x) W) vec(X))``."""
    into, out = Identity(C * W.shape[1]), Identity(C * W.shape[0])
    return pk_layer(W, C, into, out, activation)


def _channel_layer(V: Tensor, S: int, activation: str) -> PKLayer:
    """``vec(X) -> phi(J_c^T (I_S (x) V^T) J_c vec(X))``, ``V`` of shape ``(C_in, C_out)``."""
    return pk_layer(V.T, S, Commutation(S, V.shape[0]), Commutation(S, V.shape[1]).inverse, activation)


def _apply(layers: tuple[PKLayer, ...], x: Tensor) -> Tensor:
    with torch.no_grad():
        batch = x[None]
        for layer in layers:
            batch = layer(batch)
    return batch[0]


def _s_mixer(draw: Draw) -> float:
    S0, S, C0, C = (draw.size() for _ in range(4))
    X, W, V = draw.normal(S0, C0), draw.normal(S, S0), draw.normal(C0, C)
    wanted = vec(phi(phi(W @ X) @ V))
    hidden = phi(commutation_matrix(S, C0) @ kron(eye(C0), W) @ vec(X))
    explicit = phi(commutation_matrix(S, C).T @ kron(eye(S), V.T) @ hidden)
    layers = (_token_layer(W, C0, "gelu"), _channel_layer(V, S, "gelu"))
    return max(difference(explicit, wanted), difference(_apply(layers, vec(X)), wanted))


def _mlp_mixer_sides(draw: Draw) -> tuple[Tensor, Tensor]:
    """``vec`` of eq. 1-2 without norm and skip, and the expression of App. B.1 without its outer phi."""
    S, C, hidden_S, hidden_C = (draw.size() for _ in range(4))
    X = draw.normal(S, C)
    W1, W2 = draw.normal(hidden_S, S), draw.normal(S, hidden_S)
    W3, W4 = draw.normal(C, hidden_C), draw.normal(hidden_C, C)
    U = W2 @ phi(W1 @ X)
    J = commutation_matrix(S, C)
    u = kron(eye(C), W2) @ phi(kron(eye(C), W1) @ vec(X))
    y = J.T @ kron(eye(S), W4.T) @ phi(kron(eye(S), W3.T) @ J @ u)
    return vec(phi(U @ W3) @ W4), y


def _mlp_mixer(draw: Draw) -> float:
    wanted, y = _mlp_mixer_sides(draw)
    return difference(y, wanted)


def _mlp_mixer_extra_phi(draw: Draw) -> float:
    wanted, y = _mlp_mixer_sides(draw)
    return difference(phi(y), wanted)


def _two_pk_layers(draw: Draw) -> float:
    S, C, hidden_S, hidden_C = (draw.size() for _ in range(4))
    X = draw.normal(S, C)
    W1, W2 = draw.normal(hidden_S, S), draw.normal(S, hidden_S)
    W3, W4 = draw.normal(C, hidden_C), draw.normal(hidden_C, C)

    def norm(features: Tensor) -> Tensor:
        return functional.layer_norm(features, (C,))

    U = X + W2 @ phi(W1 @ norm(X))
    Y = U + phi(norm(U) @ W3) @ W4
    tokens = (_token_layer(W1, C, "gelu"), _token_layer(W2, C, "linear"))
    channels = (_channel_layer(W3, S, "gelu"), _channel_layer(W4, S, "linear"))
    u = vec(X) + _apply(tokens, vec(norm(X)))
    y = u + _apply(channels, vec(norm(u.view(C, S).T)))
    return difference(y, vec(Y))


def _middle_pair(draw: Draw) -> float:
    groups, n, hidden = (draw.size() for _ in range(3))
    x, W1, W2 = draw.normal(groups * n), draw.normal(hidden, n), draw.normal(n, hidden)
    J1, J2, J3, J4 = (draw.permutation(groups * size) for size in (n, hidden, hidden, n))
    P1, P2, P3, P4 = (permutation_matrix(J) for J in (J1, J2, J3, J4))
    first = phi(P2 @ kron(eye(groups), W1) @ P1 @ x)
    wanted = P4 @ kron(eye(groups), W2) @ P3 @ first
    nothing = Identity(groups * hidden)
    layers = (pk_layer(W1, groups, J1, nothing, "gelu"), pk_layer(W2, groups, compose(J3, J2), J4, "linear"))
    return difference(_apply(layers, x), wanted)


CHECKS: Mapping[str, Equation] = {
    "s-mixer": Equation(
        "vec φ(φ(WX)V) and φ(J_cᵀ (I_S ⊗ Vᵀ) φ(J_c (I_C ⊗ W) vec X)), by matrices and by PK layers,", _s_mixer
    ),
    "mlp-mixer": Equation("vec of φ(W₂ φ(W₁X) W₃) W₄ and its product of Kronecker matrices", _mlp_mixer),
    "mlp-mixer-extra-phi": Equation(
        "vec of φ(W₂ φ(W₁X) W₃) W₄ and φ of its product of Kronecker matrices", _mlp_mixer_extra_phi
    ),
    "two-pk-layers": Equation(
        "A base block with norms and skips and two PK layers for each mixing block", _two_pk_layers
    ),
    "middle-pair": Equation("Two PK layers with a pair each and with the middle pair composed", _middle_pair),
}
"""Identities by name."""
