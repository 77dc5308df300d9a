import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pkbench.models.permutation import Commutation, Identity, random_permutation
from pkbench.models.pk import ACTIVATIONS, PKLayer
from tests.models.reference import permutation_matrix

small = st.integers(1, 5)


def make_layer(n1: int, n2_in: int, n2_out: int, *, bias: bool, activation: str, seed: int = 0) -> PKLayer:
    layer = PKLayer(
        (n2_out, n2_in),
        n1,
        random_permutation(n1 * n2_in, seed),
        random_permutation(n1 * n2_out, seed + 1),
        bias=bias,
        activation=activation,
    ).double()
    torch.manual_seed(seed)
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter)
    return layer


@given(n1=small, n2_in=small, n2_out=small, bias=st.booleans(), activation=st.sampled_from(sorted(ACTIVATIONS)))
def test_value_and_gradients_equal_definition_5_1(
    n1: int, n2_in: int, n2_out: int, bias: bool, activation: str
) -> None:
    layer = make_layer(n1, n2_in, n2_out, bias=bias, activation=activation)
    J1, J2 = (permutation_matrix(p.permutation.index) for p in (layer.J1, layer.J2))
    x = torch.randn(4, n1 * n2_in, dtype=torch.float64, requires_grad=True)
    x_slow = x.detach().clone().requires_grad_()
    weight = layer.weight.detach().clone().requires_grad_()
    parameters = [weight]
    slow = x_slow @ J1.T @ torch.kron(torch.eye(n1, dtype=torch.float64), weight).T
    if layer.bias is not None:
        parameters.append(layer.bias.detach().clone().requires_grad_())
        slow = slow + parameters[1].repeat(n1)
    slow = ACTIVATIONS[activation](slow @ J2.T)
    fast = layer(x)
    torch.testing.assert_close(fast, slow, rtol=1e-12, atol=1e-12)

    direction = torch.randn_like(fast)
    fast.backward(direction)
    slow.backward(direction)
    torch.testing.assert_close(x.grad, x_slow.grad, rtol=1e-11, atol=1e-12)
    for ours, theirs in zip(layer.parameters(), parameters, strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-11, atol=1e-12)


@given(n1=small, n2_in=small, n2_out=small)
def test_dense_form_is_the_linear_map(n1: int, n2_in: int, n2_out: int) -> None:
    layer = make_layer(n1, n2_in, n2_out, bias=False, activation="linear")
    x = torch.randn(3, n1 * n2_in, dtype=torch.float64)
    torch.testing.assert_close(layer(x), x @ layer.to_dense().T)
    assert int((layer.to_dense() != 0).sum()) == n1 * n2_in * n2_out


@given(n=small, n1=small)
def test_singular_values_are_those_of_the_weight(n: int, n1: int) -> None:
    layer = make_layer(n1, n, n, bias=False, activation="linear")
    expected = torch.linalg.svdvals(layer.weight.detach()).repeat_interleave(n1)
    torch.testing.assert_close(torch.linalg.svdvals(layer.to_dense()), expected)


def test_structured_permutations_give_token_and_channel_mixing() -> None:
    S, C = 3, 4
    X = torch.randn(2, S, C, dtype=torch.float64)
    x = X.transpose(1, 2).reshape(2, -1)  # vec stacks columns
    tokens = PKLayer((S, S), C, Identity(S * C), Identity(S * C), bias=False, activation="linear").double()
    channels = PKLayer((C, C), S, Commutation(S, C), Commutation(C, S), bias=False, activation="linear").double()
    torch.nn.init.normal_(tokens.weight)
    torch.nn.init.normal_(channels.weight)
    as_matrix = (2, C, S)
    torch.testing.assert_close(tokens(x).view(as_matrix).transpose(1, 2), tokens.weight @ X)
    torch.testing.assert_close(channels(x).view(as_matrix).transpose(1, 2), X @ channels.weight.T)


def test_gradcheck() -> None:
    layer = make_layer(2, 3, 2, bias=True, activation="gelu")
    x = torch.randn(2, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, (x,))


def test_wrong_permutation_size_is_refused() -> None:
    with pytest.raises(ValueError, match="6 and 4"):
        PKLayer((2, 3), 2, Identity(5), Identity(4), bias=False, activation="gelu")
