"""The contractive autoencoder: codes that hold still when their item moves a little.

What for: features that ignore small changes, with the directions that the data really take left free; a code
longer than the item is welcome.
Limits: each step costs about twice that of a plain one. The price is on small moves only, at the items themselves. A
decoder with weights of its own can undo it by scaling: tie the weights (network mlp, tied). relu units are
flat pieces, on which it can only shrink weights; sigmoid, tanh and elu can also saturate. Normalising over a batch is
refused: there one code depends on all items.
Reference: Rifai et al. (2011), Contractive auto-encoders: explicit invariance during feature extraction; Hutchinson
(1990), A stochastic estimator of the trace (the probe).
"""

from typing import Literal

from pydantic import Field

from aelib.config import RunConfig, only_when
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.losses.contraction import probed_jacobian, sigmoid_layer_jacobian
from aelib.models._base import Batch, Parts, Progress, Term
from aelib.models._plain import PlainConfig, PlainModel, layers_of


class Config(PlainConfig):
    """Settings of the contractive autoencoder."""

    latent_dim: int = Field(64, ge=1, le=4096, description="Numbers in a code; may be more than the item has")
    code_activation: Literal["linear", "relu", "sigmoid", "tanh"] = Field(
        "sigmoid", description="Activation on the code; the exact penalty needs sigmoid"
    )
    lam: float = Field(0.1, ge=0, le=1000, description="Weight of the squared norm of the Jacobian dh/dx")
    jacobian: Literal["probe", "exact"] = Field(
        "probe",
        description="probe: an unbiased estimate, for any depth; exact: closed form, for one sigmoid layer",
    )
    probes: int = Field(
        1,
        ge=1,
        le=64,
        description="Random directions per item and step, for the probe",
        json_schema_extra=only_when(jacobian="probe"),
    )

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse the closed form where it does not hold, and codes that depend on the other items."""
        super().check(run, info)
        if getattr(run.network, "batch_norm", False):
            raise AelibError(
                "E_CONFIG",
                "network.batch_norm does not go with model 'contractive'",
                "it makes each code depend on the whole batch, which has no Jacobian of its own",
                "Set network.batch_norm to false",
            )
        if self.jacobian == "exact" and (self.code_activation != "sigmoid" or layers_of(run, info) != ()):
            raise AelibError(
                "E_CONFIG",
                "model.jacobian 'exact' does not hold here",
                "its closed form is that of one sigmoid layer, from the item straight to the code",
                "Set model.jacobian to 'probe'; or take the network 'mlp' with empty widths and "
                "model.code_activation 'sigmoid'",
            )


class Model(PlainModel):
    """Loss: the error of ``PlainModel`` + lam ``jacobian``: the mean over the batch of ||dh/dx||^2 (Frobenius)."""

    serves = ("features",)
    config: Config

    def _loss(self, batch: Batch, progress: Progress) -> Parts:
        if self.config.jacobian == "exact":
            codes = self._codes(batch.inputs)
            norm = sigmoid_layer_jacobian(codes, self.to_code.weight)
        else:
            codes, norm = probed_jacobian(self._codes, batch.inputs, self.config.probes, batch.generator)
        parts = self._error(self._before_output(codes), batch.targets)
        return {**parts, "jacobian": Term(norm, self.config.lam)}
