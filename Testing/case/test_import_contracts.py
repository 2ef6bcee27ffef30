"""The contract for imports at file scope catches what it is there for."""

import textwrap

import pytest

pytest.importorskip("importlinter", reason="import-linter is not installed: './ptlf test' installs it")

from import_contracts import _at_file_scope


def test_imports_of_functions_are_not_at_file_scope_and_those_of_classes_and_branches_are(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(
        textwrap.dedent(
            """\
            import json
            if True:
                import scipy
            class Kind:
                import torch
                def method(self):
                    import pandas
            def function():
                import radiomics
            """
        )
    )
    assert _at_file_scope(path) == {1, 3, 5}
