"""What the training loop asks of an engine."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor, nn

from pkbench.data.mixing import Mixed


class Engine(Protocol):
    """Computes the steps of one run and the logits of its model.

    All engines of a precision compute the same mathematics and differ by rounding alone; each repeats itself bit for bit
    on one machine's CPU.

    Attributes:
        name: what a record says it was trained with.
        model: the module, whose parameters are always those of the last step.
        makes_inputs: whether it makes the inputs of a batch of pictures itself, as part of its step.
        parts: in how many parts, one after another, a batch's gradient is computed for want of memory; ``None`` where it is
            always computed whole, or in pieces that memory does not ask for.
        workspace: bytes that steps work in and that stay between them, parameters and moments left out.
    """

    name: str
    model: nn.Module
    makes_inputs: bool
    parts: int | None
    workspace: int

    def step(self, batch: Mixed, lr: float, branch_scale: Tensor | None) -> tuple[Tensor, Tensor]:
        """One optimizer step at the rate ``lr``.

        ``branch_scale`` (B, mixing blocks) are the factors of stochastic depth, where the recipe has it.

        Returns:
            The sum of the images' losses in nats and the number of wrong images (int64), before the step.
        """
        ...

    def logits(self, inputs: Tensor) -> Tensor:
        """Logits (B, classes), float32, of normalised images (B, colours, H, W), as in evaluation."""
        ...

    def optimizer_state(self) -> dict[str, Any]:
        """The optimizer's state as ``torch.optim`` has it: a run can go on with another engine."""
        ...

    def load_optimizer_state(self, state: dict[str, Any]) -> None:
        """Go on from such a state; the model's own is loaded into :attr:`model`."""
        ...
