"""The direction of the code: who may import whom, what stays light, who prints, what is banned."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "dcvae"
SCRIPTS = ("train", "alpha_definition", "test")

HEAVY = ("keras", "tensorflow", "sklearn", "matplotlib", "plotly")


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def code_files() -> list[Path]:
    return [*sorted(PACKAGE.rglob("*.py")), *(ROOT / f"{script}.py" for script in SCRIPTS)]


def modules_loaded_by(statement: str) -> set[str]:
    """Top-level packages that a fresh interpreter has after a statement."""
    code = f"{statement}; import json, sys; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in json.loads(done.stdout)}


def test_importing_the_package_or_the_console_loads_nothing_heavy():
    loaded = modules_loaded_by("import dcvae.cli.output")
    assert not loaded & {*HEAVY, "numpy", "pandas", "pydantic", "pyarrow"}


def imported_names(node: ast.AST) -> list[str]:
    """Top-level packages that an import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [(node.module or "").split(".")[0]]
    return []


def test_only_the_console_prints():
    for path in code_files():
        printing = [
            node.lineno
            for node in ast.walk(tree_of(path))
            if (isinstance(node, ast.Name) and node.id == "print")
            or (isinstance(node, ast.Attribute) and node.attr in ("stdout", "stderr"))
        ]
        assert not printing or path.name == "output.py", f"{path.name}, lines {printing}"


@pytest.mark.parametrize("path", code_files(), ids=lambda path: path.name)
def test_nothing_is_pickled_evaluated_or_asserted(path):
    for node in ast.walk(tree_of(path)):
        banned_modules = {"pickle", "joblib", "dill", "cloudpickle", "shelve", "marshal", "h5py"}
        assert not banned_modules & set(imported_names(node))
        assert not isinstance(node, ast.Assert), node.lineno
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("Lambda", "read_pickle", "to_pickle"), node.lineno
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("eval", "exec", "compile", "__import__"), node.lineno
        if isinstance(node, ast.keyword) and node.arg in ("allow_pickle", "safe_mode"):
            assert isinstance(node.value, ast.Constant)
            assert node.value.value is (node.arg == "safe_mode")
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not node.value.endswith((".h5", ".hdf5", ".pkl")), node.lineno


def test_nothing_swallows_every_exception():
    for path in code_files():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ExceptHandler):
                assert node.type is not None
                broad = isinstance(node.type, ast.Name) and node.type.id in (
                    "Exception",
                    "BaseException",
                )
                raised_again = any(isinstance(part, ast.Raise) for part in ast.walk(node))
                assert not broad or raised_again, f"{path.name}, line {node.lineno}"


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_stay_short(script):
    path = ROOT / f"{script}.py"
    assert len(path.read_text(encoding="utf-8").splitlines()) < 90
    functions = [node for node in tree_of(path).body if isinstance(node, ast.FunctionDef)]
    assert [function.name for function in functions] == ["main"]
