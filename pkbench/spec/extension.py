"""What a spec says of an extension: its name and its options, data like all else; only what is installed has a name."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from pkbench.extend.base import Options
from pkbench.extend.load import Loaded, Role, load, resolved, validated
from pkbench.extend.roles import CLAIMS, DATA, MODELS
from pkbench.extend.shape import CheckedShape, checked
from pkbench.spec.base import Identifier, Part
from pkbench.spec.claim_parts import ClaimPart, Percent, Within
from pkbench.spec.data_parts import LABELS, Count, DataPart
from pkbench.spec.model_parts import ModelPart


class ExtensionPart(Part):
    """What every table has that an extension stands behind."""

    role: ClassVar[Role[Any]]

    name: Identifier
    """Name of the extension, as ``pkbench doctor`` lists it."""
    options: Annotated[dict[str, Any], Field(default_factory=dict)]
    """What the extension is given; it says itself which keys there are."""

    def loaded(self) -> Loaded[Any]:
        """The extension; ExtensionError where it is not installed or cannot be used."""
        return load(self.role, self.name)

    def given(self) -> Options:
        """The options as the extension's own; pydantic's ValidationError where they are not such."""
        return validated(self.loaded(), self.options)

    def resolved(self) -> dict[str, Any]:
        """The options with their defaults, as JSON values; errors as of :meth:`loaded` and :meth:`given`."""
        return resolved(self.loaded(), self.options)


class ComputingPart(ExtensionPart):
    """What every table has that results come from."""

    def extension_identity(self) -> dict[str, Any]:
        """What of the extension determines a result, as JSON values."""
        version = self.loaded().extension.result_version
        return {"name": self.name, "options": self.resolved(), "extension_version": version}


class ExtensionModel(ComputingPart, ModelPart):
    """A model of another package's, trained by the reference engine."""

    role: ClassVar[Role[Any]] = MODELS

    kind: Literal["extension"]
    """Architecture."""

    def shape(self, image: tuple[int, int, int], classes: int) -> CheckedShape:
        """Its sizes on images of (height, width, colours).

        Raises:
            ExtensionError: there is no such model on such images, or what the extension says are no sizes.
        """
        loaded, options = self.loaded(), self.given()
        with loaded.calling("shape"):
            return checked(loaded.extension.shape(options, image, classes), image, classes)

    def identity(self) -> dict[str, Any]:
        """As of every model: the extension's name, options and version instead of sizes."""
        return {"kind": self.kind} | self.extension_identity()


class ExtensionData(ComputingPart, DataPart):
    """A data set of another package's."""

    role: ClassVar[Role[Any]] = DATA

    source: Literal["extension"]
    """Where the images come from."""
    test_count: Count | None = None
    """Test images to cut from the training part, for a data set that has no test part of its own."""

    def identity(self) -> dict[str, Any]:
        """As of every data set, with the extension's version and without options that say where files are."""
        own = self.extension_identity()
        own["options"] = {name: value for name, value in own["options"].items() if name not in self.places}
        return self.model_dump(mode="json", exclude={*LABELS, "options"}) | own

    @property
    def places(self) -> frozenset[str]:
        """Options that only say where files are."""
        return frozenset(self.loaded().extension.places)


class ExtensionClaim(ExtensionPart, ClaimPart):
    """A claim whose test is another package's; whether anything may be decided is pkbench's to say, as of every claim."""

    role: ClassVar[Role[Any]] = CLAIMS

    kind: Literal["extension"]
    """less, non-inferior, equivalent: two models, or two families at every member; trend, minimum-near, maximum-near, crossing: curves; value: a number is reproduced; extension: judged by an installed extension."""
    a: Identifier
    """The model or family that it is about."""
    b: Identifier | None = None
    """The model or family it is compared with, where there is one."""
    margin: Percent
    """Least effect that counts, in the metric's unit."""
    equal_connections_within: Within | None = None
    """It is only the claim's comparison where the connections of all models differ by no more than this fraction."""
