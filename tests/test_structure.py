"""The direction of the code: who may import whom, what stays light, who prints, what is banned."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "dcvae"
SCRIPTS = ("train", "alpha_definition", "test")

# What each module may import of its siblings, whether at its top, in a function, or for types only.
# The package itself (`InputError`, the version) is open to all.
MAY_IMPORT = {
    "__init__": set(),
    "json_text": set(),
    "settings": {"json_text"},
    "metrics": set(),
    "event_metrics": {"metrics"},
    "ranking_metrics": {"metrics"},
    "windows": set(),
    "losses": set(),
    "files": set(),
    "tables": {"files"},
    "quality": {"windows"},
    "reading": {"quality", "settings", "tables", "windows"},
    "preprocessing": {"quality", "settings"},
    "frames": {"tables"},
    "model": {"preprocessing", "quality", "settings", "tables"},
    "sigma": set(),
    "thresholds": {"metrics"},
    "normal_thresholds": {"thresholds"},
    "detection": {"settings", "thresholds"},
    "system_alarm": {"detection", "metrics", "thresholds"},
    "alarm_tuning": {"detection", "event_metrics", "system_alarm", "thresholds"},
    "offline": {"losses", "network", "system_alarm", "windows"},
    "calibration": {"settings", "sigma", "windows"},
    "definition": {
        "alarm_tuning",
        "calibration",
        "detection",
        "normal_thresholds",
        "preprocessing",
        "quality",
        "reading",
        "settings",
        "system_alarm",
        "thresholds",
        "windows",
    },
    "network": {"settings", "losses"},
    "last_row": {"losses", "network"},
    "training": {"settings", "windows", "network"},
    "training_log": set(),
    "scoring": {"last_row", "settings", "sigma", "windows", "losses", "network"},
    "verdicts": {"detection", "preprocessing", "system_alarm", "thresholds"},
    "events": {"metrics", "verdicts"},
    "elbo": {"losses", "network", "windows"},
    "baselines": set(),
    "evaluation": {
        "baselines",
        "event_metrics",
        "metrics",
        "ranking_metrics",
    },
    "plots": {"metrics"},
    "report": {"evaluation"},
    "review": {
        "artefacts",
        "baselines",
        "definition",
        "detection",
        "evaluation",
        "events",
        "quality",
        "ranking_metrics",
        "system_alarm",
        "tables",
        "thresholds",
        "verdicts",
    },
    "results": {"artefacts", "evaluation", "review"},
    "artefacts": {
        "calibration",
        "detection",
        "model",
        "preprocessing",
        "reading",
        "settings",
        "system_alarm",
        "tables",
        "thresholds",
        "training_log",
        "windows",
    },
    "detector": {
        "artefacts",
        "calibration",
        "console",
        "frames",
        "model",
        "preprocessing",
        "reading",
        "settings",
        "tables",
    },
    "console": set(),
}
# For annotations, or inside a function that is called when Keras is loaded anyway.
MAY_IMPORT_LATER = {
    "__init__": {"detector"},
    "detector": {"definition", "elbo", "network", "offline", "plots", "training"},
    "plots": {"training", "verdicts"},
    "verdicts": {"scoring"},
    "review": {"elbo", "plots", "report"},
    "results": {"scoring"},
    "artefacts": {"definition", "elbo", "network", "training"},
    "training_log": {"network", "training"},
    "calibration": {"network", "offline", "scoring"},
    "definition": {"network"},
    "console": {
        "evaluation",
        "network",
        "review",
        "scoring",
        "settings",
        "tables",
        "thresholds",
        "training",
        "windows",
    },
}
LIGHT = (
    "json_text",
    "settings",
    "files",
    "tables",
    "preprocessing",
    "windows",
    "quality",
    "reading",
    "frames",
    "model",
    "metrics",
    "event_metrics",
    "ranking_metrics",
    "sigma",
    "thresholds",
    "normal_thresholds",
    "detection",
    "system_alarm",
    "alarm_tuning",
    "calibration",
    "definition",
    "verdicts",
    "events",
    "baselines",
    "evaluation",
    "report",
    "review",
    "results",
    "artefacts",
    "training_log",
    "console",
)
HEAVY = ("keras", "tensorflow", "sklearn", "matplotlib", "plotly")


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def code_files() -> list[Path]:
    return [*sorted(PACKAGE.rglob("*.py")), *(ROOT / f"{script}.py" for script in SCRIPTS)]


def rooms() -> set[str]:
    """Names of the modules of the package; a package in it counts as one."""
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    return {path.stem for path in PACKAGE.glob("*.py")} | packages


def files_of(room: str) -> list[Path]:
    folder = PACKAGE / room
    return sorted(folder.glob("*.py")) if folder.is_dir() else [PACKAGE / f"{room}.py"]


def siblings(nodes: Iterator[ast.AST]) -> set[str]:
    """Names of the rooms of the package that import statements among the nodes name."""
    found = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module == "dcvae":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the direction"
            found |= {(node.module or "").removeprefix("dcvae.").split(".")[0]}
        elif isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("dcvae.").split(".")[0] for alias in node.names}
    return found & rooms()


def modules_loaded_by(statement: str) -> set[str]:
    """Top-level packages that a fresh interpreter has after a statement."""
    code = f"{statement}; import json, sys; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in json.loads(done.stdout)}


def test_every_module_is_in_the_table():
    assert rooms() == set(MAY_IMPORT)


@pytest.mark.parametrize("module", MAY_IMPORT)
def test_imports_point_one_way(module):
    allowed = MAY_IMPORT[module] | MAY_IMPORT_LATER.get(module, set())
    for tree in map(tree_of, files_of(module)):
        assert siblings(iter(tree.body)) - {module} <= MAY_IMPORT[module]
        assert siblings(ast.walk(tree)) - {module} <= allowed


def test_the_table_has_no_circle():
    done: set[str] = set()
    while len(done) < len(MAY_IMPORT):
        ready = {name for name, needs in MAY_IMPORT.items() if name not in done and needs <= done}
        assert ready, f"a circle among {set(MAY_IMPORT) - done}"
        done |= ready


def test_scripts_import_only_the_console_before_the_arguments_are_read():
    for script in SCRIPTS:
        assert siblings(iter(tree_of(ROOT / f"{script}.py").body)) == {"console"}


def test_importing_the_package_or_the_console_loads_nothing_heavy():
    loaded = modules_loaded_by("import dcvae.console")
    assert not loaded & {*HEAVY, "numpy", "pandas", "pydantic", "pyarrow"}


def test_light_modules_load_no_framework():
    loaded = modules_loaded_by("import " + ", ".join(f"dcvae.{name}" for name in LIGHT))
    assert "pandas" in loaded
    assert not loaded & set(HEAVY)


def test_metrics_thresholds_and_windows_know_no_files():
    for module in (
        "metrics",
        "event_metrics",
        "ranking_metrics",
        "thresholds",
        "windows",
        "quality",
        "detection",
        "losses",
        "network",
    ):
        imported = {
            name
            for path in files_of(module)
            for node in ast.walk(tree_of(path))
            for name in imported_names(node)
        }
        assert not imported & {"os", "io", "pathlib", "shutil"}, module


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
        assert not printing or path.name == "console.py", f"{path.name}, lines {printing}"


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
    assert len(path.read_text(encoding="utf-8").splitlines()) < 80
    functions = [node for node in tree_of(path).body if isinstance(node, ast.FunctionDef)]
    assert [function.name for function in functions] == ["main"]
