"""Slow and obvious twins of the models, in float64, written from the paper with explicit matrices."""

import torch
from torch import Tensor

from pkbench.models.mixers import Mixer, Mixing
from pkbench.sizes.mixer import MixerShape

EPS = 1e-5


def vec(X: Tensor) -> Tensor:
    """Stack the columns of a matrix."""
    return torch.cat([X[:, c] for c in range(X.shape[1])])


def unvec(x: Tensor, S: int, C: int) -> Tensor:
    return torch.stack([x[c * S : (c + 1) * S] for c in range(C)], dim=1)


def commutation_matrix(S: int, C: int) -> Tensor:
    """Def. 3.1 entry by entry: J vec(X) = vec(X^T) for S x C matrices X."""
    J = torch.zeros(S * C, S * C, dtype=torch.float64)
    for s in range(S):
        for c in range(C):
            J[c + C * s, s + S * c] = 1
    return J


def permutation_matrix(index: Tensor) -> Tensor:
    P = torch.zeros(len(index), len(index), dtype=torch.float64)
    for row, column in enumerate(index.tolist()):
        P[row, column] = 1
    return P


def layer_norm(X: Tensor, norm: torch.nn.LayerNorm) -> Tensor:
    mean = X.mean(dim=1, keepdim=True)
    variance = ((X - mean) ** 2).mean(dim=1, keepdim=True)
    return (X - mean) / torch.sqrt(variance + EPS) * norm.weight + norm.bias


def gelu(x: Tensor) -> Tensor:
    return x * 0.5 * (1 + torch.erf(x / 2**0.5))


def cut_patches(image: Tensor, P: int) -> Tensor:
    """One image (colours, H, W) to (S0, C0), square by square."""
    _, height, width = image.shape
    rows = [image[:, y : y + P, x : x + P].reshape(-1) for y in range(0, height, P) for x in range(0, width, P)]
    return torch.stack(rows)


class ReferenceMixer:
    """Computes with the parameters of ``model``, one image at a time."""

    def __init__(self, model: Mixer, shape: MixerShape, mixing: Mixing) -> None:
        self.model = model
        self.shape = shape
        self.mixing = mixing

    def __call__(self, images: Tensor) -> Tensor:
        return torch.stack([self.logits(image) for image in images])

    def logits(self, image: Tensor) -> Tensor:
        model = self.model
        X = cut_patches(image, model.patch) @ model.embed.weight.T
        if model.embed.bias is not None:
            X = X + model.embed.bias
        for block in range(self.shape.depth):
            skip = X
            if block == 0 and self.shape.skip_layer:
                skip = layer_norm(model.first_skip.weight @ X, model.first_skip.norm)
            U = skip + self.mixed(X, "tokens", block)
            X = U + self.mixed(U, "channels", block)
        pooled = layer_norm(X, model.norm).mean(dim=0)
        return model.classifier.weight @ pooled + model.classifier.bias

    def mixed(self, X: Tensor, side: str, block: int) -> Tensor:
        module = (self.model.token_mixing if side == "tokens" else self.model.channel_mixing)[block]
        normalised = layer_norm(X, module.norm)
        if self.mixing.placement is None:
            return self.normal(normalised, side, module)
        return self.permuted(normalised, side, block, module)

    def normal(self, X: Tensor, side: str, module: torch.nn.Module) -> Tensor:
        """Eq. 1-2 and S.7-S.8 with plain matrix products."""
        Z = X.T if side == "channels" else X
        for i, layer in enumerate(module.layers):
            Z = layer.weight @ Z
            if layer.bias is not None:
                Z = Z + layer.bias[:, None]
            if i == 0:
                Z = gelu(Z)
        return Z.T if side == "channels" else Z

    def permuted(self, X: Tensor, side: str, block: int, module: torch.nn.Module) -> Tensor:
        """S.10-S.13 and S.22-S.23 with explicit Kronecker products and permutation matrices."""
        S, C = self.shape.S, self.shape.C
        groups = C if side == "tokens" else S

        def drawn(size: int, name: str) -> Tensor:
            return permutation_matrix(self.mixing.draw(size, block, side, name).index)

        x = vec(X)
        x = drawn(len(x), "first J1") @ x
        for i, layer in enumerate(module.layers):
            x = torch.kron(torch.eye(groups, dtype=torch.float64), layer.weight) @ x
            if layer.bias is not None:
                x = x + layer.bias.repeat(groups)
            if i == 0:
                x = gelu(x)
            if self.mixing.placement == "layer" and i + 1 < len(module.layers):
                x = drawn(len(x), "last J1") @ drawn(len(x), "first J2") @ x
        return unvec(drawn(len(x), "last J2") @ x, S, C)
