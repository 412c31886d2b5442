"""Every corruption, by looping over the registry; and what each one promises on its own."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve1d, gaussian_filter
from scipy.special import ive

from aelib.config import RunConfig
from aelib.corruptions._base import apply_all
from aelib.errors import AelibError
from aelib.registry import CORRUPTIONS

SHAPES = [(4, 1, 8, 8), (3, 3, 32, 32), (2, 1, 28, 28), (2, 3, 128, 128), (2, 1, 9, 16)]
each_corruption = pytest.mark.parametrize("name", CORRUPTIONS.names())


def pictures(shape=(4, 3, 32, 32), seed=0):
    """Smooth blobs with grain, all values inside (0, 1), so that every corruption has something to destroy."""
    random = np.random.default_rng(seed)
    coarse = gaussian_filter(random.random(shape), (0, 0, 2, 2))
    grainy = coarse - coarse.min() + 0.2 * random.random(shape)
    return torch.tensor(0.05 + 0.9 * grainy / grainy.max(), dtype=torch.float32)


def corrupt(name, images, severity, seed=1):
    module = CORRUPTIONS.load(name)
    return module.corrupt(images, module.Config(severity=severity), torch.Generator().manual_seed(seed))


@each_corruption
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("severity", [1e-9, 0.25, 1.0])
def test_shape_type_and_range_are_kept_and_the_input_is_not_touched(name, shape, severity):
    images = pictures(shape)
    before = images.clone()
    result = corrupt(name, images, severity)
    assert (result.shape, result.dtype, result.device) == (images.shape, images.dtype, images.device)
    assert torch.isfinite(result).all()
    assert result.min() >= 0
    assert result.max() <= 1
    assert torch.equal(images, before)
    result.zero_()  # a result that shares memory with the input would spoil it for the next caller
    assert torch.equal(images, before)


@each_corruption
def test_severity_zero_changes_nothing(name):
    images = pictures()
    images[0], images[1] = 0.0, 1.0
    assert torch.equal(corrupt(name, images, 0.0), images)


@each_corruption
def test_default_severity_changes_something(name):
    module = CORRUPTIONS.load(name)
    images = pictures()
    assert not torch.equal(module.corrupt(images, module.Config(), torch.Generator()), images)


@each_corruption
def test_the_same_generator_state_gives_the_same_result(name):
    images = pictures()
    assert torch.equal(corrupt(name, images, 0.4, seed=7), corrupt(name, images, 0.4, seed=7))


@each_corruption
def test_the_global_random_state_is_neither_used_nor_moved(name):
    before = torch.get_rng_state()
    corrupt(name, pictures(), 0.4)
    assert torch.equal(torch.get_rng_state(), before)


@each_corruption
@pytest.mark.parametrize("shape", [(8, 1, 8, 8), (4, 3, 32, 32)], ids=str)
def test_more_severity_means_more_error(name, shape):
    images = pictures(shape)
    errors = [((corrupt(name, images, step / 8) - images) ** 2).mean().item() for step in range(9)]
    assert all(low < high for low, high in pairwise(errors)), errors


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
