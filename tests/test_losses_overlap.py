"""Soft Dice on cases counted by hand."""

import pytest
import torch

from aelib.losses.overlap import soft_dice, soft_dice_per_item


def grid(*rows: list[float]) -> torch.Tensor:
    return torch.tensor(rows)[None, None]


CASES = {
    "the same": (grid([1, 1], [0, 0]), grid([1, 1], [0, 0]), 0.0),
    "nothing shared": (grid([1, 1], [0, 0]), grid([0, 0], [1, 1]), 1 - 1 / 5),
    "half shared": (grid([1, 1], [0, 0]), grid([0, 1], [0, 1]), 1 - 3 / 5),
    "half sure": (grid([0.5, 0.5], [0, 0]), grid([1, 1], [0, 0]), 1 - 3 / 4),
    "empty and left empty": (grid([0, 0], [0, 0]), grid([0, 0], [0, 0]), 0.0),
    "empty and not left empty": (grid([1, 1], [1, 0]), grid([0, 0], [0, 0]), 1 - 1 / 4),
}


@pytest.mark.parametrize("name", CASES)
def test_dice_is_as_counted(name):
    probabilities, masks, expected = CASES[name]
    assert float(soft_dice(probabilities, masks)) == pytest.approx(expected)


def test_dice_of_a_batch_is_the_mean_of_its_items():
    probabilities = torch.cat([case[0].float() for case in CASES.values()])
    masks = torch.cat([case[1].float() for case in CASES.values()])
    each = soft_dice_per_item(probabilities, masks)
    assert each.tolist() == pytest.approx([case[2] for case in CASES.values()])
    assert float(soft_dice(probabilities, masks)) == pytest.approx(float(each.mean()))


def test_the_gradient_grows_the_mask_inside_and_shrinks_it_outside():
    probabilities = torch.full((1, 1, 4, 4), 0.5, requires_grad=True)
    masks = torch.zeros(1, 1, 4, 4)
    masks[..., :2] = 1
    (gradient,) = torch.autograd.grad(soft_dice(probabilities, masks), probabilities)
    assert (gradient[masks == 1] < 0).all()
    assert (gradient[masks == 0] > 0).all()
