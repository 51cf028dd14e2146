"""The structure of the package: layers, exports, weight, and what is banned."""

import ast
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "dcvae"
SCRIPTS = ("train", "alpha_definition", "test")

# An import goes to a lower number or stays in its package; see docs/developing/architecture.md.
LAYERS = {
    "errors": -3,  # which the others beside the packages may raise
    **dict.fromkeys(("_devices", "_precision", "_threads"), -2),
    "_backend": -1,
    **dict.fromkeys(("_archives", "_arrays", "_atomic", "_compiled", "_engine"), 0),
    **dict.fromkeys(("_lazy", "_progress", "_text", "_version"), 0),
    "config": 1,
    "metrics": 1,
    "data": 2,
    "networks": 2,
    "training": 3,
    "scoring": 3,
    "detectors": 4,
    "detection": 5,
    "pipeline": 6,
    "storage": 7,
    "evaluation": 8,
    "report": 9,
    "estimator": 10,
    "cli": 10,
    "contamination": 11,
}
# What must answer before a framework is imported.
LIGHT = (
    "dcvae",
    *(f"dcvae.{name}" for name in ("config", "metrics", "data", "detection", "storage")),
    *("dcvae.pipeline", "dcvae.evaluation", "dcvae.report", "dcvae.report.results_folder"),
    *("dcvae.cli.arguments", "dcvae.cli.output", "dcvae.cli.train", "dcvae.cli.main"),
    *("dcvae.contamination", "dcvae.contamination.command"),
)
HEAVY = {"keras", "tensorflow", "jax", "torch", "sklearn", "matplotlib"}
# Where paths are opened, read or written.
MAY_TOUCH_FILES = ("data/files/", "data/labeled_rows/", "storage", "report", "config")
MAY_TOUCH_FILES += ("contamination", "training/tensorboard.py", "_archives.py", "_atomic.py")
MAY_TOUCH_FILES += ("detectors/stored.py",)
MAY_PRINT = ("cli", "training/progress.py")  # a fit that is asked to be verbose prints its epochs
MOST_LINES = 400
MOST_MODULES = 10  # of a package, beside its __init__


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def page_scripts() -> list[Path]:
    """Scripts of the report page, without those that are kept from others."""
    assets = PACKAGE / "report" / "page_assets"
    return sorted(path for path in assets.rglob("*.js") if path.parent.name != "vendor")


def code_files() -> list[Path]:
    return [*modules(), *(ROOT / f"{script}.py" for script in SCRIPTS)]


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE if path.is_relative_to(PACKAGE) else ROOT))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def part_of(path: Path) -> str:
    """The package, or the module beside the packages, that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (module, name) for everything of the package that a file imports, anywhere in it."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}: relative imports hide the direction"
            if (node.module or "").split(".")[0] == "dcvae":
                for alias in node.names:
                    yield node.module or "", alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "dcvae":
                    yield alias.name, ""


def parts_imported(path: Path) -> set[str]:
    found = set()
    for module, name in imports_of(path):
        inside = module.split(".")[1:]
        found.add(inside[0] if inside else name)
    return found


def loaded_by(*names: str) -> set[str]:
    """Top-level packages that a fresh interpreter has after some imports."""
    code = f"import {', '.join(names)}; import json, sys; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in json.loads(done.stdout)}


def imported_packages(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [(node.module or "").split(".")[0]]
    return []


def test_what_is_imported_is_required():
    """A test that has more installed than a user has would not notice."""
    text = (ROOT / "requirements.txt").read_text() + (ROOT / "pyproject.toml").read_text()
    required = set(re.findall(r"^([\w-]+)>=|\"([\w-]+)(?:\[.*\])?>=", text, re.MULTILINE))
    names = {
        "scikit-learn": ("sklearn", "scipy"),
        "pydantic": ("pydantic", "pydantic_core"),
    }
    known = {part for a, b in required for part in names.get(a or b, (a or b,))}
    known |= {"jax", "torch"}  # imported where KERAS_BACKEND asks for them
    found = {
        package
        for path in code_files()
        for node in ast.walk(tree_of(path))
        for package in imported_packages(node)
    }
    assert found - set(sys.stdlib_module_names) - {"dcvae"} <= known


# ------------------------------------------------------------ layers


def test_every_part_has_a_layer():
    assert {part_of(path) for path in modules()} - {"__init__"} == set(LAYERS)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_go_to_a_lower_layer_or_stay(path):
    part = part_of(path)
    for imported in parts_imported(path) - {part}:
        # The package's own exports, imported when they are asked for, are the one door upward.
        assert part == "__init__" or LAYERS[imported] < LAYERS[part], imported


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_from_outside_a_package_only_what_it_exports(path):
    for module, name in imports_of(path):
        inside = module.split(".")[1:]
        if part_of(path) == "__init__" or inside[:1] == [part_of(path)]:
            continue
        if inside and (PACKAGE / inside[0]).is_dir():
            assert len(inside) == 1, f"{module} is inside a package"
            assert name in importlib.import_module(module).__all__


def test_exports_are_there():
    packages = ["dcvae", *(f"dcvae.{path.parent.name}" for path in PACKAGE.glob("*/__init__.py"))]
    for package in packages:
        module = importlib.import_module(package)
        names = getattr(module, "__all__", [])
        assert len(names) == len(set(names))
        for name in names:
            assert getattr(module, name) is not None
            assert name in dir(module)


def test_lazy_exports_are_those_that_the_type_checker_sees():
    for path in [PACKAGE / "__init__.py", *PACKAGE.glob("*/__init__.py")]:
        tree = tree_of(path)
        if "lazy_exports" not in ast.unparse(tree):
            continue
        seen = {
            (node.module, alias.name)
            for part in tree.body
            if isinstance(part, ast.If)
            for node in ast.walk(part)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        call = next(
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "lazy_exports"
        )
        table = ast.literal_eval(call.args[1])
        assert seen == {(module, name) for module, names in table.items() for name in names}


def test_the_package_shows_what_it_has():
    import dcvae

    assert {"DCVAEDetector", "make_detector", "load_model", "InputError"} <= set(dir(dcvae))
    with pytest.raises(AttributeError, match="module 'dcvae' has no attribute 'Detector'"):
        _ = dcvae.Detector


# ------------------------------------------------------------ weight


@pytest.mark.parametrize("name", LIGHT)
def test_light_modules_load_no_framework(name):
    assert not loaded_by(name) & HEAVY


def test_help_waits_for_nothing():
    loaded = loaded_by(
        *("dcvae.cli.main", "dcvae.cli.train", "dcvae.cli.detect", "dcvae.contamination.command")
    )
    assert not loaded & {*HEAVY, "numpy", "pandas", "pydantic", "pyarrow"}


# ------------------------------------------------------------ below the pipeline


@pytest.mark.parametrize(
    "path",
    [path for path in modules() if 1 < LAYERS.get(part_of(path), 0) < LAYERS["pipeline"]],
    ids=name_of,
)
def test_below_the_pipeline_nobody_takes_settings(path):
    assert not [name for _, name in imports_of(path) if name in ("Settings", "read_settings")]


def test_only_networks_and_config_know_architectures_apart():
    for path in modules():
        if part_of(path) in ("networks", "config"):
            continue
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Compare):
                text = ast.unparse(node)
                assert "architecture" not in text, f"{name_of(path)}: {text}"


# ------------------------------------------------------------ size


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_no_module_is_long(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_no_package_is_crowded():
    for folder in {path.parent for path in modules()} - {PACKAGE}:
        names = sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
        assert len(names) <= MOST_MODULES, names
    for folder in {path.parent for path in page_scripts()}:
        assert len(list(folder.glob("*.js"))) <= MOST_MODULES, folder


@pytest.mark.parametrize("path", page_scripts(), ids=name_of)
def test_no_script_of_the_page_is_long(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_doors(script):
    lines = (ROOT / f"{script}.py").read_text(encoding="utf-8").splitlines()
    code = [line for line in lines if line.strip() and not line.startswith('"""')]
    assert len(code) == 3
    assert re.fullmatch(r"from dcvae\.cli\.(train|thresholds|detect) import main", code[0])


# ------------------------------------------------------------ who prints, who touches files


def test_only_the_command_line_prints():
    for path in code_files():
        printing = [
            node.lineno
            for node in ast.walk(tree_of(path))
            if (isinstance(node, ast.Name) and node.id == "print")
            or (isinstance(node, ast.Attribute) and node.attr in ("stdout", "stderr"))
        ]
        assert not printing or name_of(path).startswith(MAY_PRINT), f"{path}, lines {printing}"


def test_only_some_touch_files():
    touching = {"open", "read_text", "write_text", "read_bytes", "write_bytes", "unlink"}
    touching |= {"mkdir", "rmtree", "copytree", "exists", "is_file", "is_dir", "iterdir"}
    for path in modules():
        if name_of(path).startswith(MAY_TOUCH_FILES):
            continue
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if ast.unparse(node.func) == "os.open":  # the null device, for a closed pipe
                    continue
                assert node.func.attr not in touching, f"{name_of(path)}, line {node.lineno}"


# ------------------------------------------------------------ banned


@pytest.mark.parametrize("path", code_files(), ids=name_of)
def test_nothing_is_pickled_evaluated_or_asserted(path):
    for node in ast.walk(tree_of(path)):
        banned_modules = {"pickle", "joblib", "dill", "cloudpickle", "shelve", "marshal", "h5py"}
        if name_of(path) == "data/labeled_rows/archives.py":  # files of MATLAB 7.3 are HDF5
            banned_modules -= {"h5py"}
        assert not banned_modules & set(imported_packages(node))
        assert not isinstance(node, ast.Assert), node.lineno
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("Lambda", "read_pickle", "to_pickle"), node.lineno
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("eval", "exec", "compile", "__import__"), node.lineno
        if isinstance(node, ast.keyword) and node.arg in ("allow_pickle", "safe_mode"):
            assert isinstance(node.value, ast.Constant)
            assert node.value.value is (node.arg == "safe_mode")
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            named = node.value.endswith((".h5", ".hdf5", ".pkl"))
            # Keras's own format has one within its archive.
            assert not named or "storage/keras_format" in path.as_posix(), node.lineno


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


# ------------------------------------------------------------ words


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_modules_open_with_a_noun_phrase_and_without_metaphors(path):
    text = path.read_text(encoding="utf-8")
    first = (ast.get_docstring(tree_of(path)) or "").split("\n")[0]
    assert re.match(r"[A-Z]\S* ?", first), first
    assert not re.match(r"(How|What|Which|From|Where|Turn|Judge|Choos)\w*\b", first), first
    for metaphor in (r"\brooms?\b", r"\bdoors?\b", r"\bhouses?\b", r"\bwalks?\b"):
        assert not re.search(metaphor, text), f"{metaphor} in {name_of(path)}"


# ------------------------------------------------------------ the page about all this

PAGE = ROOT / "docs" / "developing" / "architecture.md"


@pytest.mark.parametrize("path", [p for p in modules() if p.stem != "__init__"], ids=name_of)
def test_the_page_says_of_each_module_what_its_first_line_says(path):
    first = (ast.get_docstring(tree_of(path)) or "").split("\n")[0].rstrip(".")
    assert f"| `{name_of(path)}` | {first} |" in PAGE.read_text(encoding="utf-8").splitlines()


def test_the_page_has_no_file_or_export_that_is_not_there():
    rows = re.findall(r"^\| `([\w/]+(?:\.py|/))` \|", PAGE.read_text(encoding="utf-8"), re.M)
    for name in rows:
        assert (PACKAGE / name).exists() or (ROOT / name).exists(), name
    layers = re.findall(
        r"^\| \d+ \| `(\w+)` \| [^|]* \| ([^|]*) \|", PAGE.read_text(encoding="utf-8"), re.M
    )
    assert {name for name, _ in layers} == {n for n in LAYERS if (PACKAGE / n).is_dir()}
    for package, exports in layers:
        if package != "cli":
            exported = importlib.import_module(f"dcvae.{package}").__all__
            assert set(re.findall(r"`(\w+)`", exports)) <= set(exported), package
