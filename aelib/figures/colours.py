"""The same class has the same colour everywhere: Okabe-Ito for the first seven, then a set made to differ."""

# Without its black or grey: on a map, grey means "not selected" or "missing".
OKABE_ITO = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
# After the seven: more hues that can be told apart on both themes.
_MORE = (
    "#8C6D31", "#7A5AC8", "#17BECF", "#BCBD22", "#E377C2", "#2CA02C", "#D62728", "#9EDAE5", "#FF9896", "#98DF8A",
    "#C5B0D5", "#C49C94", "#F7B6D2", "#DBDB8D", "#AEC7E8", "#FFBB78", "#5254A3", "#637939", "#843C39", "#7B4173",
)  # fmt: skip
MISSING = "#8a8f98"


def class_palette(count: int) -> list[str]:
    """A colour per class; after the distinct ones they come round again."""
    colours = [*OKABE_ITO, *_MORE]
    return [colours[number % len(colours)] for number in range(count)]


def viridis(count: int) -> list[str]:
    """Viridis (van der Walt and Smith, 2015) as ``count`` hex colours, dark to bright."""
    from plotly.colors import sample_colorscale, unlabel_rgb

    shares = [number / max(count - 1, 1) for number in range(count)]
    rgb = (unlabel_rgb(colour) for colour in sample_colorscale("Viridis", shares))
    return ["#" + "".join(f"{round(part):02x}" for part in colour) for colour in rgb]
