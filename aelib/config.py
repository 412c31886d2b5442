"""What a run is, as one frozen object: the form, the command line, ``config.json`` and the cache key."""

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    SerializeAsAny,
    ValidationError,
    model_validator,
)

from aelib import registry
from aelib.errors import AelibError, nearest

if TYPE_CHECKING:
    from aelib.datasets._base import DataInfo

FORMAT = 1  # of config.json; a higher number was written by a newer aelib


class Config(BaseModel):
    """Base of every config: frozen, no unknown keys, no NaN, no infinity, no silent conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)


class PluginConfig(Config):
    """Base of a plug-in's ``Config``; ``name`` is always the plug-in's file name."""

    name: str = ""

    @model_validator(mode="before")
    @classmethod
    def _own_name(cls, raw: Any) -> Any:
        own = cls.__module__.rpartition(".")[2]
        if isinstance(raw, Mapping):
            assert raw.get("name") in (None, "", own), f"{raw.get('name')!r} given to {own}"
            return {**raw, "name": own}
        return raw

    def check(self, run: "RunConfig", info: "DataInfo") -> None:
        """Refuse a combination that cannot work, by raising ``E_CONFIG``, before memory is touched."""


def only_when(**others: Any) -> dict[str, Any]:
    """For ``Field(json_schema_extra=…)``: this field is read only where the others, declared before it, are so.

    A value, or a list of values; True takes anything but 0, off and empty. Forms leave out what nothing would read.
    """
    return {"only_when": others}


def is_read(field: Any, values: Mapping[str, Any]) -> bool:
    """Whether a field has a part in what the fields before it say (``only_when``)."""
    extra = field.json_schema_extra
    wanted = extra.get("only_when", {}) if isinstance(extra, dict) else {}
    return all(_suits(values.get(name), value) for name, value in wanted.items())


def _suits(value: Any, wanted: Any) -> bool:
    if wanted is True:
        return bool(value)
    return value in wanted if isinstance(wanted, list) else value == wanted


def read_choice(plugins: registry.Registry, raw: Any) -> PluginConfig:
    """A plug-in's config from its name or from ``{"name": …, field: value}``.

    Raises ``E_UNKNOWN`` with the nearest name, or ``E_CONFIG`` with the field and its range.
    """
    if isinstance(raw, PluginConfig):
        return raw
    fields = {"name": raw} if isinstance(raw, str) else raw
    if not isinstance(fields, Mapping) or not isinstance(fields.get("name"), str):
        raise AelibError("E_CONFIG", f"{plugins.kind} is not understood", f"got {raw!r}", nearest("", plugins.names()))
    schema = plugins.load(fields["name"]).Config
    try:
        return schema.model_validate(dict(fields))
    except ValidationError as error:
        raise explain(error, schema, plugins.kind) from None


def _from(plugins: registry.Registry) -> PlainValidator:
    return PlainValidator(partial(read_choice, plugins))


class TrainingConfig(Config):
    """How long, how fast, on what."""

    epochs: int = Field(20, ge=0, le=10_000, description="Passes over the training items; 0 keeps the untrained model")
    batch_size: int = Field(128, ge=1, le=65_536, description="Items per step")
    learning_rate: float = Field(1e-3, gt=0, le=10, description="Adam's step size (the peak of the schedule)")
    find_rate: bool = Field(False, description="Choose the learning rate by a short trial before the first step")
    schedule: Literal["constant", "cosine", "one_cycle"] = Field(
        "constant", description="How the learning rate moves over the run"
    )
    weight_decay: float = Field(0.0, ge=0, le=10, description="Decoupled weight decay (AdamW)")
    patience: int = Field(
        0, ge=0, le=10_000, description="Stop early after this many epochs without a better validation; 0 = never"
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32",
        description="bfloat16 multiplies with 8 significant bits where that is sound: faster, nearly the same result",
    )
    compile: Literal["off", "auto", "on"] = Field(
        "off", description="torch.compile for the steps; auto tries before the first step whether it pays"
    )
    layout: Literal["plain", "auto", "channels_last"] = Field(
        "plain", description="Order of kernels in memory; auto tries before the first step which is faster"
    )
    threads: int = Field(
        0,
        ge=0,
        le=1024,
        description="For a step, at most one a processor; 0 tries before the first step how many are fastest",
    )
    seed: int = Field(
        0,
        ge=0,
        le=2**32 - 1,
        description="Same seed, machine and threads (a trial may choose others unless they are set): same weights",
    )
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|mps|cuda(:\d{1,2})?)$",
        examples=["auto", "cpu", "mps", "cuda", "cuda:1"],
        description="auto takes cuda, then mps, then cpu",
    )
    start: str = Field(
        "",
        pattern=r"^([a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?)?$",
        examples=["digits-vae", "or empty for random weights"],
        description="Id of a run whose weights are the start, where shapes agree; empty: random weights",
    )


class RunConfig(Config):
    """Everything that decides a run's result."""

    format: Literal[1] = FORMAT
    dataset: Annotated[SerializeAsAny[PluginConfig], _from(registry.DATASETS)] = Field(
        default_factory=lambda: _default(registry.DATASETS, "digits")
    )
    corruptions: tuple[Annotated[SerializeAsAny[PluginConfig], _from(registry.CORRUPTIONS)], ...] = Field(
        (), strict=False, max_length=10
    )
    target: Literal["items", "masks"] = "items"
    network: Annotated[SerializeAsAny[PluginConfig], _from(registry.NETWORKS)] = Field(
        default_factory=lambda: _default(registry.NETWORKS, "mlp")
    )
    model: Annotated[SerializeAsAny[PluginConfig], _from(registry.MODELS)] = Field(
        default_factory=lambda: _default(registry.MODELS, "autoencoder")
    )
    training: TrainingConfig = Field(default_factory=lambda: TrainingConfig.model_validate({}))
    dataset_hash: str = Field("", pattern=r"^([0-9a-f]{64})?$", description="sha256 of the items at queueing")

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Build from plain values. Raises ``E_CONFIG`` with the field, its range and the nearest name."""
        refuse_newer(raw)
        try:
            return cls.model_validate(dict(raw))
        except ValidationError as error:
            raise explain(error, cls) from None

    def to_json(self) -> str:
        """The text of ``config.json``; ``parse(json.loads(...))`` gives an equal object."""
        return json.dumps(self.model_dump(mode="json"), indent=2) + "\n"

    def check(self, info: "DataInfo") -> None:
        """Refuse combinations that cannot work: each part looks at the whole. Touches no memory."""
        batch, items = self.training.batch_size, info.counts["train"]
        if batch > items:
            raise AelibError(
                "E_CONFIG",
                f"training.batch_size {batch} is larger than the data",
                f"{self.dataset.name} has {items} training items",
                f"Take at most {items}",
            )
        if self.target == "masks" and not info.has_masks:
            raise AelibError(
                "E_CONFIG",
                "target 'masks' cannot be learnt here",
                f"{self.dataset.name} has no masks",
                "Take target 'items', or a dataset with masks",
            )
        for part in (self.dataset, *self.corruptions, self.network, self.model):
            part.check(self, info)


def _default(plugins: registry.Registry, name: str) -> PluginConfig:
    return plugins.load(name).Config()


def refuse_newer(raw: Mapping[str, Any]) -> None:
    """Raise ``E_VERSION`` for a config that a newer aelib wrote."""
    if isinstance(raw.get("format"), int) and raw["format"] > FORMAT:
        raise AelibError(
            "E_VERSION",
            "This run was made by a newer aelib",
            f"its config has format {raw['format']}, this one reads up to {FORMAT}",
            "Update Latent Loupe",
        )


def explain(error: ValidationError, schema: type[BaseModel], prefix: str = "") -> AelibError:
    """The first complaint of pydantic as one sentence with the field, its range and a remedy."""
    first = error.errors()[0]
    path = [str(part) for part in first["loc"] if not isinstance(part, int)]  # an element's fault is told of its list
    field = ".".join([prefix, *path] if prefix else path)
    owner: Any = schema
    for part in path[:-1]:
        owner = getattr(owner.model_fields.get(part), "annotation", None) or owner
    known = getattr(owner, "model_fields", {})
    if first["type"] == "extra_forbidden":
        return AelibError("E_CONFIG", f"There is no setting {field!r}", "", nearest(path[-1], set(known) - {"name"}))
    allowed = allowed_range(known[path[-1]]) if path and path[-1] in known else first["msg"]
    got = f"got {first['input']!r:.120}"  # a million numbers by mistake must not become a message
    return AelibError("E_CONFIG", f"{field} is out of range", got, f"Allowed: {allowed}")


def allowed_range(field: Any) -> str:
    """What a field accepts, in words: ``a whole number from 1 to 4096``, ``one of 'a', 'b'``, ``a list of …``."""
    if field.examples:
        return f"a text like {', '.join(field.examples)}"
    return _range(field.annotation, field.metadata)


def _range(annotation: Any, metadata: list[Any]) -> str:
    bounds = {key: getattr(part, key) for part in metadata for key in _BOUNDS if getattr(part, key, None) is not None}
    if get_origin(annotation) is Literal:
        return f"one of {', '.join(repr(choice) for choice in get_args(annotation))}"
    if get_origin(annotation) is tuple:
        element, extra = get_args(annotation)[0], []
        if get_origin(element) is Annotated:
            element, extra = get_args(element)[0], _unpacked(get_args(element)[1:])
        most = f"at most {bounds['max_length']} values" if "max_length" in bounds else "values"
        return f"a list of {most}, each {_range(element, extra)}"
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    low = f" from {bounds['ge']}" if "ge" in bounds else f" above {bounds['gt']}" if "gt" in bounds else ""
    high = f" to {bounds['le']}" if "le" in bounds else f" below {bounds['lt']}" if "lt" in bounds else ""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"an object with {', '.join(annotation.model_fields)}"
    return f"{words.get(annotation, 'another value')}{low}{high}"


def _unpacked(metadata: tuple[Any, ...]) -> list[Any]:
    """The constraints inside ``Field(...)`` objects, beside bare ones."""
    return [inner for part in metadata for inner in (getattr(part, "metadata", None) or [part])]


_BOUNDS = ("ge", "gt", "le", "lt", "max_length")
