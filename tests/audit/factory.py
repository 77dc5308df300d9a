"""Small configurations to audit."""

from typing import Any

from hypothesis import strategies as st

from pkbench.spec.audit import Configuration
from pkbench.spec.mixer import MlpMixer, SMixer


def mlp_mixer(**changes: Any) -> MlpMixer:
    """An MLP-Mixer with S = 16, C = 8, gamma = 2, L = 3 on 4 x 4 patches; ``None`` takes a field out."""
    fields: dict[str, Any] = {"id": "mixer", "kind": "mlp-mixer", "mixing": "normal", "depth": 3, "patch": 4}
    fields |= {"S": 16, "C": 8, "gamma": 2.0, "bias": True, "init": "torch-linear", "first_skip": "identity"}
    return MlpMixer.model_validate({key: value for key, value in (fields | changes).items() if value is not None})


def s_mixer(**changes: Any) -> SMixer:
    """The same without hidden layers."""
    fields = mlp_mixer().model_dump(exclude_none=True, exclude={"gamma"}) | {"kind": "s-mixer"} | changes
    return SMixer.model_validate(fields)


def configuration(model: MlpMixer | SMixer, **changes: Any) -> Configuration:
    """``model`` on images of 16 x 16 pixels and one colour, so that 4 x 4 patches give S0 = 16 and C0 = 16."""
    fields: dict[str, Any] = {"id": "it", "place": "Table 9", "image": (16, 16, 1), "classes": 10, "model": model}
    return Configuration.model_validate(fields | changes)


@st.composite
def models(draw: st.DrawFn) -> MlpMixer | SMixer:
    """Mixers of any shape, degenerate ones too; sides may have different hidden widths."""
    sizes = {name: draw(st.integers(1, 40)) for name in ("S", "C")}
    depth = draw(st.integers(1, 5))
    if draw(st.booleans()):
        return s_mixer(**sizes, depth=depth)
    expansions: list[dict[str, Any]] = [{"gamma": gamma} for gamma in (0.5, 3.0, 4.57)]
    expansions.append({"gamma": None, "gamma_S": 1.5, "D_C": 7})
    return mlp_mixer(**sizes, depth=depth, **draw(st.sampled_from(expansions)))
