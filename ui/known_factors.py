"""What is known of a run's items beside their pictures, and what each dimension of the code has to do with it."""

from typing import Any

import numpy as np
import streamlit as st

from aelib.errors import AelibError
from aelib.measures.dimensions import Dimension
from aelib.measures.factors import Factor, in_words
from ui import cached, map_colours

MOST_FACTORS = 40  # columns of the table
CLASS = "class"


def found(run_id: str) -> list[Factor]:
    """The relations of a run's dimensions to its classes and factors; empty where nothing is known."""
    names = map_colours.factors(run_id)[:MOST_FACTORS]
    if not names and not cached.info(run_id).classes:
        return []
    named = frozenset(name for name in names if map_colours.kinds(run_id, name)) | {CLASS}
    try:
        return cached.factor_relations(run_id, lambda: _columns(run_id), named)
    except AelibError as error:  # the data are gone: the page still decodes
        st.caption(f":material/info: {error}")
        return []


def show(run_id: str, dimensions: list[Dimension]) -> None:
    """The table: a row per dimension that carries something, a column per factor, and words for what is strong."""
    factors = found(run_id)
    if not factors:
        st.caption("Nothing is known of these items beside themselves, so no dimension can be put into words.")
        return
    lively = [dimension for dimension in dimensions if not dimension.quiet] or dimensions
    rows = [
        {"dimension": f"z{d.number}"}
        | {factor.name: _figure(factor.values[d.number]) for factor in factors}
        | {"in words": in_words(factors, d.number) or "–"}
        for d in lively
    ]
    columns: dict[str, Any] = {
        factor.name: st.column_config.NumberColumn(format="%.2f", width=64) for factor in factors
    }
    columns["dimension"] = st.column_config.TextColumn("", width=40)
    st.dataframe(rows, hide_index=True, column_config=columns, height=min(38 + 35 * len(rows), 420))
    kinds = [factor.name for factor in factors if factor.method == "kinds"]
    said = f" Of {', '.join(kinds)}: the correlation ratio, 0 to 1." if kinds else ""
    ranks = "" if len(kinds) == len(factors) else " Of numbers: Spearman's rank correlation over all items, −1 to 1."
    st.caption(f"One dimension at a time; words from 0.3 on.{ranks}{said}")


def _columns(run_id: str) -> dict[str, np.ndarray]:
    table, factors = cached.table(run_id), cached.items(run_id).factors
    columns = {}
    if cached.info(run_id).classes:
        columns[CLASS] = np.where(table.labels >= 0, table.labels, np.nan).astype(np.float64)
    for number, name in enumerate(map_colours.factors(run_id)[:MOST_FACTORS]):
        if factors is not None:
            columns[name] = factors[:, number].astype(np.float64)
    labels = columns.get(CLASS)
    if labels is not None and any(np.array_equal(labels, columns[name]) for name in columns if name != CLASS):
        del columns[CLASS]  # a factor says the same
    return columns


def _figure(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 3)
