"""A spec at one of its profiles: the overrides applied, nothing left to look up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pkbench.spec.data import DataPart, DigitsData, ImageFolderData, NpzData, ParquetData, TorchvisionData
from pkbench.spec.document import ProfileName, Spec
from pkbench.spec.mixer import EXPANSION_FIELDS, TokenPart
from pkbench.spec.model import AnyModel
from pkbench.spec.profile import Profile
from pkbench.spec.train import Train

AnyData = DigitsData | TorchvisionData | ParquetData | NpzData | ImageFolderData


@dataclass(frozen=True, slots=True)
class Scaled:
    """``spec`` at ``profile_name``: the data sets, models and recipe that will really be used."""

    spec: Spec
    profile_name: ProfileName
    profile: Profile
    data: tuple[AnyData, ...]
    models: tuple[AnyModel, ...]
    train: Train

    def model(self, model_id: str) -> AnyModel:
        """The model called ``model_id``; KeyError if there is none."""
        return {model.id: model for model in self.models}[model_id]


def merged(base: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    """``base`` with the values of ``override`` laid over it, table by table; arrays are replaced whole."""
    result = dict(base)
    for key, value in override.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def scaled_model(model: AnyModel, profile: Profile) -> AnyModel:
    """``model`` with its sizes at ``profile``; pydantic's ValidationError where they do not fit the kind."""
    scale = profile.model.get(model.id)
    if scale is None:
        return model
    override = scale.model_dump(exclude_none=True)
    return type(model).model_validate(_without_replaced(model, set(override)) | override)


def _without_replaced(model: AnyModel, override: set[str]) -> dict[str, Any]:
    """The values of ``model`` without those that the fields in ``override`` replace by saying the same in another way."""
    base = model.model_dump()
    if override & set(EXPANSION_FIELDS):
        base |= dict.fromkeys(set(EXPANSION_FIELDS) & base.keys())
    if isinstance(model, TokenPart):
        if override & {"S", "C", *EXPANSION_FIELDS}:
            # The spec's omega belongs to the spec's sizes.
            base["omega"] = None
        if "omega" in override and "S" not in override:
            base["S"] = None
    elif "p" in override:
        base["omega"] = None
    elif "omega" in override:
        base["p"] = None
    return base


def scaled_train(train: Train, profile: Profile) -> Train:
    """``train`` with its numbers at ``profile``."""
    if profile.train is None:
        return train
    return Train.model_validate(merged(train.model_dump(), profile.train.model_dump(exclude_none=True)))


def scale(spec: Spec, profile_name: ProfileName) -> Scaled:
    """``spec`` at ``profile_name``, which it must have (KeyError otherwise)."""
    profile = spec.profile[profile_name]
    by_id: dict[str, AnyData] = {data.id: data for data in spec.data}
    return Scaled(
        spec=spec,
        profile_name=profile_name,
        profile=profile,
        data=tuple(by_id[data_id] for data_id in profile.data),
        models=tuple(scaled_model(model, profile) for model in spec.model),
        train=scaled_train(spec.train, profile),
    )


__all__ = ["AnyData", "AnyModel", "DataPart", "Scaled", "merged", "scale", "scaled_model", "scaled_train"]
