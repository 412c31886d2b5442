"""The beta-TCVAE's loss: its three parts, their weights, and the number of training items in them."""

import dataclasses

import pytest
import torch

from aelib.errors import AelibError
from aelib.losses.total_correlation import decompose_kl
from aelib.models._base import build, total
from tests.models._small import PICTURES, made, noise_of, parsed, parts_of, pictures


@pytest.mark.parametrize("estimator", ["stratified", "weighted"])
def test_parts_have_the_papers_weights_and_the_number_of_training_items(estimator):
    model = made("tc_vae", alpha=2.0, beta=6.0, gamma=0.5, estimator=estimator)
    parts, codes = parts_of(model, pictures()), model.encode(pictures())
    latents = codes.codes + codes.spreads * noise_of(10, 3)
    expected = decompose_kl(latents, codes.codes, 2 * codes.spreads.log(), 40, estimator)
    names = ("index_code_mutual_information", "total_correlation", "dimension_wise_kl")
    for name, value, weight in zip(names, expected, (2.0, 6.0, 0.5), strict=True):
        assert torch.allclose(parts[name].value, value, rtol=1e-4, atol=1e-5)
        assert parts[name].weight == weight


def test_with_all_weights_at_one_it_is_a_vae():
    model, elbo = made("tc_vae", beta=1.0), made("iwae", samples=1)
    elbo.load_state_dict(model.state_dict())
    assert total(parts_of(model, pictures())).item() == pytest.approx(
        total(parts_of(elbo, pictures())).item(), rel=1e-5
    )


@pytest.mark.parametrize(("estimator", "moved"), [("weighted", True), ("stratified", True)])
def test_another_number_of_training_items_is_noticed(estimator, moved):
    larger = dataclasses.replace(PICTURES, counts={**PICTURES.counts, "train": 4000})
    run = parsed("tc_vae", estimator=estimator)
    found = [parts_of(build(run, info), pictures())["total_correlation"].value for info in (PICTURES, larger)]
    assert (not torch.allclose(*found)) is moved


def test_batches_that_cannot_work_are_refused():
    large = dataclasses.replace(PICTURES, counts={**PICTURES.counts, "train": 60_000})
    for run, info in ((parsed("tc_vae", batch_size=1), PICTURES), (parsed("tc_vae", batch_size=30_000), large)):
        with pytest.raises(AelibError) as caught:
            build(run, info)
        assert caught.value.code == "E_CONFIG"
        assert "training.batch_size" in str(caught.value)
        assert caught.value.how_to_fix.startswith("Take at")
