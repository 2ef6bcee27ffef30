"""Write PTLFPredictor/CMakeLists.txt from the tree: a file that is not listed there is missing from the package."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "PTLFPredictor"

TEMPLATE = """\
#-----------------------------------------------------------------------------
# Written by Testing/host/make_cmake_list.py; a test compares it with the tree.
set(MODULE_NAME PTLFPredictor)

set(MODULE_PYTHON_SCRIPTS
{scripts}
  )

set(MODULE_PYTHON_RESOURCES
{resources}
  )

#-----------------------------------------------------------------------------
slicerMacroBuildScriptedModule(
  NAME ${{MODULE_NAME}}
  SCRIPTS ${{MODULE_PYTHON_SCRIPTS}}
  RESOURCES ${{MODULE_PYTHON_RESOURCES}}
  WITH_GENERIC_TESTS
  )
"""


def expected() -> str:
    files = [p for p in MODULE.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    names = sorted(p.relative_to(MODULE).as_posix() for p in files if p.name != "CMakeLists.txt")
    scripts = [name for name in names if name.endswith(".py")]
    resources = [name for name in names if name.startswith("Resources/")]
    return TEMPLATE.format(
        scripts="\n".join(f"  {n}" for n in scripts), resources="\n".join(f"  {n}" for n in resources)
    )


if __name__ == "__main__":
    (MODULE / "CMakeLists.txt").write_text(expected(), encoding="utf-8")
    sys.exit(0)
