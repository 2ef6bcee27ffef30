"""A contract for import-linter: what may be imported at file scope.

Slicer imports every file of a module when it starts, so what Slicer does not bundle, or what is slow to import, is
imported inside the function or child process that needs it.
"""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path

from importlinter import Contract, ContractCheck, fields, output


class FileScope(Contract):
    """At file scope a package imports the standard library and `allowed`; a module of `also` its own list besides.

    In the configuration: ``allowed = ["numpy"]`` and ``also = ["package.room: qt, ctk"]``.
    """

    allowed = fields.SetField(subfield=fields.StringField())
    also = fields.ListField(subfield=fields.StringField(), required=False, default=[])

    def check(self, graph, verbose):
        root = self.session_options["root_packages"][0]
        more = dict(line.split(": ") for line in self.also)
        found = []
        for module in sorted(graph.modules):
            if module.split(".")[0] != root:
                continue
            own = {
                name.strip()
                for room, names in more.items()
                if module == room or module.startswith(room + ".")
                for name in names.split(",")
            }
            for imported in graph.find_modules_directly_imported_by(module):
                top = imported.split(".")[0]
                if top == root or top in sys.stdlib_module_names or top in self.allowed or top in own:
                    continue
                for detail in graph.get_import_details(importer=module, imported=imported):
                    if detail["line_number"] in _at_file_scope(_path_of(module)):
                        found.append((module, imported, detail["line_number"]))
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check):
        for module, imported, line in check.metadata["found"]:
            output.print_error(f"{module} imports {imported} at file scope (line {line}).")


def _path_of(module: str) -> Path:
    """The file of a module, without importing it."""
    for folder in sys.path:
        path = Path(folder, *module.split("."))
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return file
    raise FileNotFoundError(module)


@cache
def _at_file_scope(path: Path) -> frozenset[int]:
    """Lines of import statements that run when the file is imported."""
    lines, waiting = set(), list(ast.parse(path.read_text(encoding="utf-8")).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            lines.add(node.lineno)
        waiting += ast.iter_child_nodes(node)
    return frozenset(lines)
