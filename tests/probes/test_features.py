import pytest
import torch
from torch import nn

from pkbench.probes.features import block_features, mixing_blocks
from tests.probes.models import BLOCKS, Residual, images, mixer


def hooks(model: nn.Module) -> int:
    return sum(len(module._forward_hooks) for module in model.modules())


def test_mixers_features_are_the_blocks_values_before_the_skip() -> None:
    model = mixer()
    with block_features(model) as features:
        model(images(7))
    assert list(features) == list(mixing_blocks(model)) == BLOCKS
    assert all(value.shape == (7, 15) and not value.requires_grad for value in features.values())

    X = model.embed(torch.nn.functional.unfold(images(7), 2, stride=2).transpose(1, 2))
    tokens = model.token_mixing[0](X)
    channels = model.channel_mixing[0](model.first_skip(X) + tokens)
    torch.testing.assert_close(features["token_mixing.0"], tokens.detach().flatten(1))
    torch.testing.assert_close(features["channel_mixing.0"], channels.detach().flatten(1))


def test_blocks_of_other_models() -> None:
    model = Residual()
    x = torch.ones(2, 6)
    with block_features(model) as features:
        model(x)
    assert list(features) == ["blocks.0", "blocks.1"]
    first = model.blocks[0](x)
    torch.testing.assert_close(features["blocks.0"], first.detach())
    torch.testing.assert_close(features["blocks.1"], model.blocks[1](x + first).detach())


def test_the_next_pass_replaces_the_last() -> None:
    model = mixer()
    with block_features(model) as features:
        model(images(7))
        model(images(2))
        assert all(len(value) == 2 for value in features.values())


def test_hooks_are_always_removed() -> None:
    model = mixer()
    wrong = torch.zeros(1, 1, 4, 4)
    with pytest.raises(RuntimeError), block_features(model):
        model(wrong)
    assert hooks(model) == 0


def test_nothing_is_kept_after_the_context() -> None:
    model = mixer()
    with block_features(model) as features:
        assert hooks(model) == 4
    model(images(2))
    assert features == {}
    assert hooks(model) == 0


def test_a_model_without_blocks_is_refused() -> None:
    model = nn.Linear(2, 2)
    assert mixing_blocks(model) == {}
    with pytest.raises(ValueError, match="Linear has no mixing blocks"), block_features(model):
        pass
