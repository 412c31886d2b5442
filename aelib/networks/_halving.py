"""What networks that halve pictures share: which sizes they take, the padding before and the cutting after."""

from torch import Tensor, nn

from aelib.config import RunConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError


def check_halvings(run: RunConfig, info: DataInfo, channels: int, at_full_size: int = 0) -> None:
    """Refuse vectors, and more halvings than the shorter side allows; a network calls this from its ``check``.

    Args:
        run: The run.
        info: Its items.
        channels: Length of the network's ``channels``.
        at_full_size: How many of these leave the sides as they are; each of the others halves both.
    """
    name = run.network.name
    if info.kind != "images":
        raise AelibError(
            "E_CONFIG",
            f"network {name!r} needs pictures",
            f"the items of {run.dataset.name!r} are vectors of {info.features} numbers",
            "Take the network 'mlp'",
        )
    side = min(info.item_shape[1:])
    fitting = side.bit_length() - 1  # the largest power of two within the side
    if channels - at_full_size > fitting:
        each = "each layer" if not at_full_size else "each layer after the first"
        most = fitting + at_full_size
        raise AelibError(
            "E_CONFIG",
            f"network.channels has {channels} layers, too many for this picture",
            f"{each} halves the sides, and the shorter one has {side} pixels",
            f"Take at most {most} layers" if most else "Take the network 'mlp'",
        )


def halved(info: DataInfo, halvings: int) -> tuple[int, int]:
    """Height and width after so many halvings of the padded picture."""
    return -(-info.item_shape[1] // 2**halvings), -(-info.item_shape[2] // 2**halvings)


def padding(info: DataInfo, halvings: int) -> list[nn.Module]:
    """First layers: zeros below and to the right, up to the next multiple of 2^halvings; none where it fits."""
    below, right = (-side % 2**halvings for side in info.item_shape[1:])
    return [nn.ZeroPad2d((0, right, 0, below))] if below or right else []


def cutting(info: DataInfo, halvings: int) -> list[nn.Module]:
    """Last layers: what ``padding`` added is cut off again."""
    return [Crop(*info.item_shape[1:])] if padding(info, halvings) else []


class Crop(nn.Module):
    """Keeps the top left ``height`` x ``width`` pixels: the undoing of the padding."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.height, self.width = height, width

    def forward(self, images: Tensor) -> Tensor:
        """(n, channels, at least height, at least width) -> (n, channels, height, width)."""
        return images[:, :, : self.height, : self.width]
