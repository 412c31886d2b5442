"""What every network promises to a model, and the rules of the two first ones."""

import math
from itertools import product

import pytest
import torch
from torch import nn

from aelib.config import RunConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.models._base import build
from aelib.registry import NETWORKS

COUNTS = {"train": 1000, "validation": 100, "test": 100}
SHAPES = [(1, 8, 8), (3, 13, 11), (1, 28, 28), (3, 9, 128), (3, 128, 128)]


def info(shape: tuple[int, int, int]) -> DataInfo:
    return DataInfo(shape, COUNTS)


def body(name: str, shape: tuple[int, int, int], **fields):
    plugin = NETWORKS.load(name)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return plugin.build(plugin.Config.model_validate(fields), info(shape))


def items(shape: tuple[int, int, int], count: int = 2) -> torch.Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(3))


def refusal(network: dict, shape: tuple[int, int, int] = (1, 28, 28)) -> str:
    with pytest.raises(AelibError) as caught:
        RunConfig.parse({"network": network, "model": {"name": "autoencoder", "latent_dim": 2}}).check(info(shape))
    assert caught.value.code == "E_CONFIG"
    return str(caught.value)


@pytest.mark.parametrize(("name", "shape"), product(NETWORKS.names(), SHAPES))
def test_items_come_back_in_their_own_size(name, shape):
    made = body(name, shape)
    features = made.encoder(items(shape))
    back = made.decoder(features)
    if made.code_shape == "none":
        assert [maps.ndim for maps in features] == [4] * len(features)
        assert features[-1].shape[:2] == (2, made.features)
        assert back.shape == (2, made.channels, *shape[1:])
    else:
        assert features.shape == (2, made.features)
        assert back.shape == (2, *shape)
    assert torch.isfinite(back).all()


@pytest.mark.parametrize("name", NETWORKS.names())
def test_a_grid_is_the_row_of_features_as_a_small_picture(name):
    made = body(name, (3, 13, 11))
    if getattr(made, "grid", None):
        assert math.prod(made.grid) == made.features


@pytest.mark.parametrize("name", NETWORKS.names())
def test_help_is_complete(name):
    text = NETWORKS.help(name)
    assert all((text.summary, text.what_for, text.limits, text.reference))
    fields = NETWORKS.load(name).Config.model_fields
    assert all(field.description for key, field in fields.items() if key != "name")


@pytest.mark.parametrize("name", NETWORKS.names())
def test_half_batches_add_up_in_eval(name):
    made = body(name, (1, 8, 8))
    both, pictures = nn.Sequential(made.encoder, made.decoder).eval(), items((1, 8, 8), 4)
    halves = torch.cat([both(pictures[:2]), both(pictures[2:])])
    assert torch.allclose(both(pictures), halves, atol=1e-6)


# --- mlp ---


def test_mlp_layers_are_those_asked_for():
    made = body("mlp", (1, 8, 8), widths=[10, 7], activation="tanh")
    sizes = [[tuple(m.weight.shape) for m in half if isinstance(m, nn.Linear)] for half in (made.encoder, made.decoder)]
    assert sizes == [[(10, 64), (7, 10)], [(10, 7), (64, 10)]]


def test_mlp_without_widths_only_flattens():
    made = body("mlp", (3, 4, 5), widths=())
    pictures = items((3, 4, 5))
    assert made.features == 60
    assert torch.equal(made.encoder(pictures), pictures.flatten(1))
    assert torch.equal(made.decoder(pictures.flatten(1)), pictures)


@pytest.mark.parametrize("name", ["mlp", "convolutional", "residual"])
def test_activations_stand_at_the_code_and_not_at_the_output(name):
    made = body(name, (1, 8, 8), activation="relu")
    assert made.encoder(items((1, 8, 8), 20)).min() == 0
    below = -torch.rand(20, made.features)
    assert torch.equal(made.decoder(below), made.decoder(torch.zeros_like(below)))
    assert made.decoder(50 * torch.randn(20, made.features)).min() < 0


@pytest.mark.parametrize("activation", ["relu", "elu", "tanh", "sigmoid"])
@pytest.mark.parametrize("name", ["mlp", "convolutional", "residual"])
def test_activation_ends_the_encoder(name, activation):
    low, high = {"relu": (0, 99), "elu": (-1, 99), "tanh": (-1, 1), "sigmoid": (0, 1)}[activation]
    features = body(name, (1, 8, 8), activation=activation).encoder(30 * items((1, 8, 8)) - 15)
    assert low <= features.min() <= features.max() <= high


def test_dropout_acts_in_training_only():
    made = body("mlp", (1, 8, 8), widths=[50], dropout=0.5, activation="sigmoid")
    pictures = items((1, 8, 8))
    assert (made.encoder.train()(pictures) == 0).float().mean() == pytest.approx(0.5, abs=0.2)
    assert (made.encoder.eval()(pictures) > 0).all()


# --- convolutional ---

KINDS = list(product(["stride", "max_pool", "average_pool"], [False, True]))


@pytest.mark.parametrize(("down", "batch_norm"), KINDS)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 13, 11), (1, 9, 17)])
def test_every_kind_of_halving_keeps_the_size(shape, down, batch_norm):
    made = body("convolutional", shape, channels=[3, 4, 5], down=down, batch_norm=batch_norm)
    height, width = (-(-side // 8) for side in shape[1:])
    assert made.features == 5 * height * width
    for mode in (True, False):
        made.encoder.train(mode), made.decoder.train(mode)
        assert made.decoder(made.encoder(items(shape))).shape == (2, *shape)


@pytest.mark.parametrize("down", ["stride", "average_pool"])
def test_no_pixel_is_left_out(down):
    made = body("convolutional", (1, 13, 11), channels=[6, 6], down=down, activation="elu")
    pictures = items((1, 13, 11)).requires_grad_()
    (seen,) = torch.autograd.grad(made.encoder(pictures).sum(), pictures)
    assert (seen != 0).all()


def test_the_way_back_draws_no_checkerboard():
    made = body("convolutional", (1, 32, 32), channels=[2, 2])
    for parameter in made.decoder.parameters():
        nn.init.constant_(parameter, 0.1)
    inside = made.decoder(torch.ones(1, made.features))[..., 8:-8, 8:-8]
    assert inside.max() - inside.min() < 1e-5


def test_the_default_fits_mnist_as_in_the_notes():
    assert body("convolutional", (1, 28, 28)).features == 64 * 7 * 7


def test_too_many_layers_are_refused_with_the_field_and_the_remedy():
    for name in ("convolutional", "residual"):
        text = refusal({"name": name, "channels": [4] * 4}, (1, 8, 8))
        assert "network.channels" in text
        assert "at most 3" in text
    allowed = {
        "network": {"name": "convolutional", "channels": [4] * 3},
        "model": {"name": "vae", "latent_dim": 2},
    }
    assert build(RunConfig.parse(allowed), info((1, 8, 8)))


NETWORKS_OF_LAYERS = ["mlp", "convolutional", "residual", "unet"]


@pytest.mark.parametrize("pair", product(NETWORKS_OF_LAYERS, ([0], [-1], [100_000], ["8"], [2.5], [True], "8")))
def test_impossible_sizes_are_refused(pair):
    name, value = pair
    field = "widths" if name == "mlp" else "channels"
    assert f"network.{field}" in refusal({"name": name, field: value})


def test_too_long_lists_and_unknown_words_are_refused():
    assert "network.widths" in refusal({"name": "mlp", "widths": [2] * 9})
    assert "network.channels" in refusal({"name": "convolutional", "channels": []})
    assert "'relu'" in refusal({"name": "mlp", "activation": "reul"})
    assert "dropout" in refusal({"name": "mlp", "dropuot": 0.1})
    assert "0.9" in refusal({"name": "mlp", "dropout": 0.95})


# --- residual ---


@pytest.mark.parametrize(("blocks", "batch_norm"), product([0, 2], [False, True]))
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 13, 11), (1, 9, 17)])
def test_every_kind_of_block_keeps_the_size(shape, blocks, batch_norm):
    made = body("residual", shape, channels=[3, 4, 5], blocks=blocks, batch_norm=batch_norm)
    height, width = (-(-side // 8) for side in shape[1:])
    assert made.features == 5 * height * width
    for mode in (True, False):
        made.encoder.train(mode), made.decoder.train(mode)
        assert made.decoder(made.encoder(items(shape))).shape == (2, *shape)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_fresh_block_is_its_short_way(batch_norm):
    block = body("residual", (1, 8, 8), channels=[6], blocks=1, batch_norm=batch_norm).encoder[1]
    maps = torch.rand(4, 6, 4, 4)
    assert torch.equal(block(maps), maps), "a relu leaves what is above zero"
    assert all(parameter.requires_grad for parameter in block.parameters())


def test_depth_does_not_dim_the_gradient_of_residual_blocks():
    """Twelve blocks: the first layer still hears as much as with one."""
    heard = []
    for blocks in (1, 4):
        made = body("residual", (1, 32, 32), channels=[4, 4, 4], blocks=blocks)
        made.encoder(items((1, 32, 32), 8)).square().mean().backward()
        heard.append(next(made.encoder[0].short.parameters()).grad.norm())
    assert heard[1] > 0.5 * heard[0]


def test_every_pixel_is_heard_by_the_short_way_too():
    made = body("residual", (1, 13, 11), channels=[6, 6], activation="elu", blocks=0)
    pictures = items((1, 13, 11)).requires_grad_()
    (seen,) = torch.autograd.grad(made.encoder(pictures).sum(), pictures)
    assert (seen != 0).all()


# --- unet ---


@pytest.mark.parametrize(("depth", "batch_norm"), product([2, 3, 4], [False, True]))
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 13, 11), (1, 9, 17), (3, 31, 33)])
def test_a_unet_gives_the_items_own_size_whatever_it_is(shape, depth, batch_norm):
    made = body("unet", shape, channels=[3, 4, 5, 6][:depth], batch_norm=batch_norm)
    maps = made.encoder(items(shape))
    step = 2 ** (depth - 1)
    sides = [-(-side // step) * step for side in shape[1:]]
    assert [tuple(level.shape[2:]) for level in maps] == [tuple(side // 2**n for side in sides) for n in range(depth)]
    assert made.decoder(maps).shape == (2, 3, *shape[1:])


def test_the_picture_goes_round_the_deepest_maps():
    made = body("unet", (1, 16, 16))
    one, other = items((1, 16, 16), 2)[:, None].unbind()
    maps, others = made.encoder(one), made.encoder(other)
    assert not torch.allclose(made.decoder((*maps[:-1], others[-1])), made.decoder((*others[:-1], others[-1])))
    assert made.code_shape == "none"


def test_a_unet_hears_every_size():
    made = body("unet", (1, 16, 16), activation="elu")
    maps = [level.detach().requires_grad_() for level in made.encoder(items((1, 16, 16)))]
    heard = torch.autograd.grad(made.decoder(tuple(maps)).sum(), maps)
    assert all(gradient.any() for gradient in heard)


def test_a_unet_deeper_than_the_picture_is_refused_with_the_remedy():
    def asked(depth: int, shape: tuple[int, ...]) -> RunConfig:
        raw = {"network": {"name": "unet", "channels": [2] * depth}, "model": {"name": "restoration"}}
        run = RunConfig.parse({**raw, "corruptions": [{"name": "masking"}]})
        run.check(DataInfo(shape, COUNTS))
        return run

    with pytest.raises(AelibError) as caught:
        asked(5, (1, 8, 8))
    assert caught.value.code == "E_CONFIG"
    assert "network.channels has 5 layers" in str(caught.value)
    assert "at most 4" in caught.value.how_to_fix
    made = build(asked(4, (1, 8, 8)), info((1, 8, 8)))
    assert made.reconstruct(items((1, 8, 8))).shape == (2, 1, 8, 8)
    with pytest.raises(AelibError, match="needs pictures"):
        asked(2, (30,))
