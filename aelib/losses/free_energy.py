"""The free energy of a restricted Boltzmann machine: what contrastive divergence moves."""

from torch import Tensor
from torch.nn import functional as F


def free_energy_per_item(
    visible: Tensor, drive: Tensor, visible_bias: Tensor, *, linear_visible: bool = False, linear_hidden: bool = False
) -> Tensor:
    """F(v) = -log sum_h exp(-E(v, h)), where v sends d = c + W v to the hidden units.

    Logistic units on both sides: F = -b.v - sum_j log(1 + exp d_j) (Hinton 2012, A practical guide to training
    restricted Boltzmann machines, section 16.1). Linear visible units with unit variance have |v - b|^2 / 2 in place
    of -b.v; linear hidden ones have -|d|^2 / 2 in place of the sum over j, up to |c|^2 / 2, which is left out because
    it is the same for every v.

    The gradient of ``F(data) - F(reconstruction)``, both held fixed, is minus the statistic of CD-1 in Hinton and
    Salakhutdinov (2006): <v p>_data - <v p>_recon for the weights, with p the hidden units' probabilities (linear:
    means), and <v>, <p> in place of <v p> for the biases.

    Args:
        visible: (n, visible); for logistic units within [0, 1], probabilities allowed.
        drive: (n, hidden): c + W v.
        visible_bias: (visible,): b.
        linear_visible: Gaussian units of unit variance instead of logistic ones.
        linear_hidden: The same for the hidden side.

    Returns:
        (n,) in nats, up to a constant.
    """
    seen = (visible - visible_bias).square().sum(1) / 2 if linear_visible else -visible @ visible_bias
    hidden = drive.square().sum(1) / 2 if linear_hidden else F.softplus(drive).sum(1)
    return seen - hidden
