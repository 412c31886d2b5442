"""What the documents say is so: the README's tree is the disk's, named files exist, each plug-in is described."""

import re
from pathlib import Path

import pytest

from aelib import registry

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
TREE = re.search(r"## What is where\n\n```\n(.*?)```", README, re.DOTALL)


def tree_entries() -> list[str]:
    assert TREE, "the README has its tree"
    found, parent = [], ""
    for line in TREE.group(1).splitlines():
        name = line.split()[0]
        if line.startswith(" "):
            found.append(parent + name)
        else:
            found.append(name)
            parent = name if name.endswith("/") else parent
    return found


def test_each_entry_of_the_readmes_tree_is_there() -> None:
    missing = [name for name in tree_entries() if not (ROOT / name).exists()]
    assert not missing


def test_each_room_of_the_library_is_in_the_readmes_tree() -> None:
    rooms = {f"aelib/{path.parent.name}/" for path in (ROOT / "aelib").glob("*/__init__.py")}
    assert rooms <= set(tree_entries())


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "docs/architecture.md"])
def test_files_named_in_a_document_exist(document: str) -> None:
    text = (ROOT / document).read_text("utf-8")
    named = re.findall(r"`((?:aelib|ui|pages|tests|docs|bench)/[\w./-]+)`|\]\((docs/[\w./-]+)\)", text)
    missing = [a or b for a, b in named if "NAME" not in (a or b) and not (ROOT / (a or b)).exists()]
    assert not missing


@pytest.mark.parametrize("command", re.findall(r"python -m aelib (\w+)", README))
def test_commands_of_the_readme_exist(command: str) -> None:
    text = "\n".join(path.read_text("utf-8") for path in (ROOT / "aelib" / "cli").glob("*.py"))
    assert re.search(rf"^def (run_)?{command}\(|command\(\"{command}\"\)", text, re.MULTILINE)


@pytest.mark.parametrize("plugins", registry.ALL, ids=lambda plugins: plugins.kind)
def test_each_plugin_says_what_for_its_limits_and_its_source(plugins: registry.Registry) -> None:
    for name in plugins.names():
        described = plugins.help(name)
        assert all(vars(described).values()), f"{plugins.kind} {name} lacks a part of its docstring: {described}"


def test_how_to_choose_is_what_the_docstrings_say() -> None:
    from aelib.cli._choosing import choosing

    written = (ROOT / "docs" / "choosing.md").read_text("utf-8")
    assert written == choosing(), "docs/choosing.md is stale: run make docs"
    for name in registry.MODELS.names():
        assert f"](#{name})" in written, f"{name} serves no need"
        assert f"### {name}\n" in written
    for absent in ("Text", "Paired modalities", "codes from any framework"):
        assert absent in written


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
