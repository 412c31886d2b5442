"""Every corruption, by looping over the registry; and what each one promises on its own."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve1d, gaussian_filter
from scipy.special import ive

from aelib.config import RunConfig
from aelib.corruptions._base import apply_all, names_for
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.registry import CORRUPTIONS

SHAPES = {
    "images": [(4, 1, 8, 8), (3, 3, 32, 32), (2, 1, 28, 28), (2, 3, 128, 128), (2, 1, 9, 16)],
    "vectors": [(4, 13), (3, 1), (2, 2000)],
}
COLOUR_ONLY = {"grey"}  # a picture of one channel comes back as it is
NAMES = CORRUPTIONS.names()
each_corruption = pytest.mark.parametrize("name", NAMES)
each_case = pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for name in NAMES for kind in CORRUPTIONS.load(name).Config.serves]
)


def pictures(shape=(4, 3, 32, 32), seed=0):
    """Smooth blobs with grain, all values inside (0, 1), so that every corruption has something to destroy."""
    random = np.random.default_rng(seed)
    coarse = gaussian_filter(random.random(shape), (0, 0, 2, 2))
    grainy = coarse - coarse.min() + 0.2 * random.random(shape)
    return torch.tensor(0.05 + 0.9 * grainy / grainy.max(), dtype=torch.float32)


def vectors(shape=(40, 16), seed=0):
    """Rows of a standardised table, many outside [0, 1]."""
    return torch.tensor(np.random.default_rng(seed).normal(size=shape), dtype=torch.float32)


def made(kind, shape=None):
    maker = pictures if kind == "images" else vectors
    return maker() if shape is None else maker(shape)


def corrupt(name, items, severity, seed=1):
    module = CORRUPTIONS.load(name)
    return module.corrupt(items, module.Config(severity=severity), torch.Generator().manual_seed(seed))


@each_case
@pytest.mark.parametrize("severity", [1e-9, 0.25, 1.0])
def test_shape_type_and_range_are_kept_and_the_input_is_not_touched(name, kind, severity):
    for shape in SHAPES[kind]:
        items = made(kind, shape)
        before = items.clone()
        result = corrupt(name, items, severity)
        assert (result.shape, result.dtype, result.device) == (items.shape, items.dtype, items.device)
        assert torch.isfinite(result).all()
        if kind == "images":
            assert result.min() >= 0
            assert result.max() <= 1
        assert torch.equal(items, before)
        result.zero_()  # a result that shares memory with the input would spoil it for the next caller
        assert torch.equal(items, before)


@each_case
def test_severity_zero_changes_nothing(name, kind):
    items = made(kind)
    items[0], items[1] = 0.0, 1.0
    assert torch.equal(corrupt(name, items, 0.0), items)


@each_case
def test_default_severity_changes_something(name, kind):
    module = CORRUPTIONS.load(name)
    items = made(kind)
    assert not torch.equal(module.corrupt(items, module.Config(), torch.Generator()), items)


@each_case
def test_the_same_generator_state_gives_the_same_result(name, kind):
    items = made(kind)
    assert torch.equal(corrupt(name, items, 0.4, seed=7), corrupt(name, items, 0.4, seed=7))


@each_case
def test_the_global_random_state_is_neither_used_nor_moved(name, kind):
    before = torch.get_rng_state()
    corrupt(name, made(kind), 0.4)
    assert torch.equal(torch.get_rng_state(), before)


@each_case
def test_more_severity_means_more_error(name, kind):
    for shape in [(8, 1, 8, 8), (4, 3, 32, 32)] if kind == "images" else [(40, 16), (200, 3)]:
        if name in COLOUR_ONLY and shape[1] != 3:
            continue
        items = made(kind, shape)
        errors = [((corrupt(name, items, step / 8) - items) ** 2).mean().item() for step in range(9)]
        assert all(low < high for low, high in pairwise(errors)), (shape, errors)


@each_corruption
def test_a_kind_that_makes_no_sense_is_refused_when_the_run_is_checked_and_when_it_is_applied(name):
    module = CORRUPTIONS.load(name)
    infos = {"images": DataInfo((3, 8, 8), {"train": 500}), "vectors": DataInfo((40,), {"train": 500})}
    assert set(module.Config.serves) <= set(infos)
    for kind, info in infos.items():
        run = RunConfig.parse({"corruptions": [name]})
        if kind in module.Config.serves:
            run.check(info)
            assert name in names_for(kind)
            continue
        for refuse in (
            lambda info=info, run=run: run.check(info),
            lambda kind=kind: apply_all(made(kind), [module.Config()], torch.Generator()),
        ):
            with pytest.raises(AelibError, match=name) as caught:
                refuse()
            assert caught.value.code == "E_CONFIG"
            assert "corruptions" in caught.value.what
            assert caught.value.how_to_fix
        assert name not in names_for(kind)


@each_corruption
@pytest.mark.parametrize("severity", [-0.1, 1.1, float("nan"), "0.5"])
def test_severity_out_of_range_is_refused(name, severity):
    with pytest.raises(AelibError, match="severity") as caught:
        RunConfig.parse({"corruptions": [{"name": name, "severity": severity}]})
    assert caught.value.code == "E_CONFIG"


@each_corruption
def test_the_help_is_complete_and_the_dial_is_explained(name):
    text = CORRUPTIONS.help(name)
    assert all([text.summary, text.what_for, text.limits, text.reference])
    description = CORRUPTIONS.load(name).Config.model_fields["severity"].description
    assert description
    assert "the worst" not in description, "say what 0..1 means here"


def test_a_list_is_applied_in_order():
    images = pictures()
    first, second = (CORRUPTIONS.load(name) for name in ("masking", "blur"))
    configs = [first.Config(severity=0.5), second.Config(severity=0.5)]
    by_hand = second.corrupt(
        first.corrupt(images, configs[0], torch.Generator().manual_seed(3)), configs[1], torch.Generator()
    )
    assert torch.equal(apply_all(images, configs, torch.Generator().manual_seed(3)), by_hand)
    assert not torch.equal(apply_all(images, configs[::-1], torch.Generator().manual_seed(3)), by_hand)


def test_gaussian_noise_has_the_stated_deviation():
    noise = corrupt("gaussian", torch.full((20, 1, 64, 64), 0.5), 0.1) - 0.5
    assert noise.std().item() == pytest.approx(0.1, rel=0.02)
    assert noise.mean().item() == pytest.approx(0.0, abs=0.002)


@pytest.mark.parametrize("severity", [0.05, 0.25, 0.9])
def test_masking_hides_the_stated_share_of_whole_pixels(severity):
    result = corrupt("masking", torch.full((20, 3, 64, 64), 0.5), severity)
    hidden = (result == 0).float()
    assert hidden.mean().item() == pytest.approx(severity, abs=0.01)
    assert torch.equal(hidden.amin(1), hidden.amax(1)), "the channels of a pixel go together"
    assert ((result == 0) | (result == 0.5)).all()


def test_masking_everything_leaves_black():
    assert corrupt("masking", pictures(), 1.0).max() == 0


@pytest.mark.parametrize("severity", [0.05, 0.25, 1.0])
def test_salt_and_pepper_hit_the_stated_share_half_each(severity):
    result = corrupt("salt_pepper", torch.full((20, 3, 64, 64), 0.5), severity)
    salt, pepper = (result == 1).float(), (result == 0).float()
    assert salt.mean().item() == pytest.approx(severity / 2, abs=0.01)
    assert pepper.mean().item() == pytest.approx(severity / 2, abs=0.01)
    assert torch.equal(result.amin(1), result.amax(1)), "the channels of a pixel go together"


@pytest.mark.parametrize(("side", "severity"), [(8, 1.0), (8, 0.2), (32, 0.5), (32, 1.0), (128, 1.0)])
def test_blur_is_the_discrete_gaussian(side, severity):
    images = pictures((2, 3, side, side))
    sigma = severity * side / 8
    steps = np.arange(-int(6 * sigma) - 6, int(6 * sigma) + 7)
    kernel = ive(np.abs(steps), sigma**2)  # exp(-t) I_n(t)
    assert (kernel * steps**2).sum() == pytest.approx(sigma**2, rel=1e-5)
    wanted = convolve1d(convolve1d(images.double().numpy(), kernel, 2, mode="nearest"), kernel, 3, mode="nearest")
    result = corrupt("blur", images, severity).numpy()
    np.testing.assert_allclose(result, wanted, atol=1e-4)
    if sigma >= 2:  # where the pixels are fine enough, it is the Gaussian that everybody knows
        usual = gaussian_filter(images.double().numpy(), (0, 0, sigma, sigma), mode="nearest")
        np.testing.assert_allclose(result, usual, atol=0.01)


def test_blur_follows_the_shorter_side_and_draws_nothing():
    generator = torch.Generator().manual_seed(5)
    before = generator.get_state()
    module = CORRUPTIONS.load("blur")
    flat = module.corrupt(torch.full((1, 1, 1, 40), 0.3), module.Config(severity=1.0), generator)
    torch.testing.assert_close(flat, torch.full((1, 1, 1, 40), 0.3))
    assert torch.equal(generator.get_state(), before)
