"""``features --maps``: features of the neighbourhood of each voxel, as images."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import RESEARCH_USE
from ..errors import BadInput
from ..outputs import output_folder
from ..progress import Progress
from ..vois import IN_FILES, VOI

RECORD = "maps.json"


def add_maps(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group(
        "maps", "a feature of the neighbourhood of each voxel, as an image on the CT's grid"
    )
    group.add_argument(
        "--maps", metavar="NAME[,NAME]", action="append",
        help="features of first order or texture, e.g. original_glcm_Contrast; a class stands for all of it "
        "(original_firstorder); given again, it adds",
    )  # fmt: skip
    group.add_argument("--out-maps", type=Path, metavar="DIR", help="where they are written, as NRRD")
    group.add_argument("--maps-of", choices=IN_FILES, help="VOI (default: tumor; liver: without tumour)")
    group.add_argument("--kernel-radius", type=int, metavar="R", help="of a neighbourhood, in voxels (1)")
    group.add_argument("--whole-kernel", action="store_true", help="neighbourhoods and bins take voxels beyond the VOI")
    group.add_argument("--outside", type=float, metavar="X", help="value outside the VOI (0; nan)")


@dataclass(frozen=True)
class Asked:
    """Maps that a call asks for.

    Parameters
    ----------
    names : tuple of str
    voi : VOI
    how : measures.radiomics.maps.MapSettings
    folder : Path
    """

    names: tuple[str, ...]
    voi: VOI
    how: Any
    folder: Path


def maps_asked(given: argparse.Namespace, settings: Any) -> Asked | None:
    """The maps of a call, None where none are asked for.

    Raises
    ------
    BadInput
        For a map that there is not, or options that do not belong together.
    """
    from ..measures.radiomics.maps import MapSettings, require_maps, supported

    if not given.maps:
        for name in ("out_maps", "maps_of", "kernel_radius", "whole_kernel", "outside"):
            value = getattr(given, name)
            if value is not None and value is not False:  # 0 was given, too
                raise BadInput(f"--{name.replace('_', '-')} is for maps: name them with --maps.")
        if given.out is None:
            raise BadInput("Where are the features to be written? Name a file with --out, or maps with --maps.")
        return None
    if given.out_maps is None:
        raise BadInput("Where are the maps to be written? Name a folder with --out-maps.")
    if given.engine == "pyradiomics":
        raise BadInput("Maps are made by the built-in engine alone, with PyRadiomics' values: leave --engine out.")
    names: list[str] = []
    for name in (part.strip() for text in given.maps for part in text.split(",")):
        image, _, feature_class = name.rpartition("_")
        whole = supported().get(feature_class, ()) if image and "_" not in image else ()
        names += [f"{name}_{feature}" for feature in whole] or [name]
    require_maps(names, settings)
    radius = 1 if given.kernel_radius is None else given.kernel_radius
    how = MapSettings(radius, not given.whole_kernel, given.outside or 0.0)
    voi = VOI.TUMOUR if given.maps_of is None else VOI.of_file(given.maps_of)
    return Asked(tuple(dict.fromkeys(names)), voi, how, given.out_maps)


def write_maps(asked: Asked, ct: Any, segments: Any, settings: Any, case: Any, progress: Progress) -> str:
    """Write maps and their record, of which `case` is the part on CT and segments; the sentence for the terminal."""
    import SimpleITK as sitk

    from ..measures.radiomics import builtin_engine
    from ..measures.radiomics.maps import compute
    from ..record.maps import MapMade, MapsRecord

    voi, how, vois = asked.voi, asked.how, segments.vois
    if voi not in vois:
        raise BadInput(f"There is no {voi.words} to make maps of.")
    files = {name: f"{voi.in_files}_{name}.nrrd" for name in asked.names}
    made = []
    with output_folder(asked.folder, (RECORD, *files.values())) as folder:
        for name, image, values in compute(
            ct.image, vois[voi], asked.names, settings, how, voi=voi.words, progress=progress
        ):
            about = {"notice": RESEARCH_USE, "map": name, "voi": voi.in_files} | how.to_dict()
            for key, value in about.items():
                image.SetMetaData(f"PTLF_{key}", str(value))
            sitk.WriteImage(image, str(folder / files[name]), True)
            made.append(MapMade.of(name, files[name], values))
            del image  # as large as the CT: gone before the next one is made
        engine = builtin_engine.NAME, builtin_engine.version()
        MapsRecord(case, voi, *engine, settings, how.to_dict(), tuple(made)).write(folder / RECORD)
    undefined = max(one.undefined for one in made)
    without = f" (without a value in up to {undefined} voxels)" if undefined else ""
    return f"Maps of the {voi.words}: {len(made)}{without}. Written: {asked.folder}. {RESEARCH_USE}"
