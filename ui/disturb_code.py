"""The library's lines for what the Noise lab shows."""

from typing import Any

from ui import cached, disturb


def lines(
    run_id: str, clean: str, stack: list[dict[str, Any]], draw: int, level: float | None, label: int | None
) -> str:
    """The lines that give ``inputs`` and ``recon`` of the first run.

    Args:
        run_id: The run.
        clean: Lines that give ``clean`` from ``run``, see ``ui.noise_choice.Source``.
        stack: Corruptions in order.
        draw: Number of the draw.
        level: Noise on the code, in standard deviations; None where the input is disturbed.
        label: The item's class, for a conditional model; None where nobody knows.
    """
    labels = ""
    if cached.model(run_id).needs_labels:
        labels = f", torch.tensor([{disturb.given_label(run_id, label)}])"
    begin = (
        "from pathlib import Path\nimport torch\n"
        "from aelib.corruptions._base import apply_all\nfrom aelib.corruptions._stack import read_stack\n"
        "from aelib.runs.folder import open_run\nfrom aelib.runs.weights import load_model\n\n"
        f'run = open_run(Path("checkpoints"), "{run_id}")\nmodel = load_model(run)\n{clean}'
    )
    if level is None:
        return begin + (
            f"stack = read_stack({stack!r}, model.info.kind)\n"
            f"inputs = apply_all(clean, stack, torch.Generator().manual_seed({draw}))\n"
            f"recon = model.reconstruct(inputs{labels})\n"
        )
    return begin + (
        "from aelib import codes\nfrom aelib.latent.round_trip import disturbed_codes\n"
        f"home = model.encode(clean{labels}).codes.detach().numpy()[0]\n"
        "spread = codes.of_run(run).codes.std(axis=0)\n"
        f"noisy = torch.from_numpy(disturbed_codes(home, spread, {level}, 1, {draw}))\n"
        f"inputs = model.decode(torch.from_numpy(home[None]){labels})\n"
        f"recon = model.decode(noisy{labels})\n"
    )
