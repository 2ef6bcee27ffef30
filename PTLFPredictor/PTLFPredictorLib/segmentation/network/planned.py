"""What plans.json and dataset.json say about drawing, as nnU-Net's own managers read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import UnusableModel, is_out_of_memory
from .resampling import Resampling

if TYPE_CHECKING:
    from torch import nn

    from ..model_folder import Facts


ARCHITECTURES = "dynamic_network_architectures.architectures"

MOVED = {f"{ARCHITECTURES}.residual_unet.ResidualEncoderUNet": f"{ARCHITECTURES}.unet.ResidualEncoderUNet"}
"""Where old plans of nnU-Net v2 have a class, and where it is: nnU-Net itself would search every module of that package
for it, and one of them needs torchvision."""


@dataclass(frozen=True)
class Planned:
    """One configuration of a model.  Axes are nnU-Net's: the CT's (z, y, x) after `forward`.

    Attributes
    ----------
    patch : tuple of int
        Size of a tile in voxels.
    spacing : tuple of float
        mm that the network was trained at.
    forward, backward : tuple of int
        nnU-Net's ``transpose_forward`` and ``transpose_backward``.
    heads : int
        Outputs of the network: one for each label, or for each region.
    regions : tuple of int, optional
        Labels that the regions become, in the order in which they are drawn; None where outputs are labels.
    scheme : str
        nnU-Net's class that normalises the intensities.
    intensities : mapping
        What it takes from plans.json.
    masked : bool
        Whether it takes the voxels other than 0 alone.
    data, logits : Resampling
        Of the CT to `spacing`, of the outputs back to the CT.
    architecture : tuple
        Class, arguments and the names of those that are imported.
    """

    configuration: str
    patch: tuple[int, ...]
    spacing: tuple[float, ...]
    forward: tuple[int, ...]
    backward: tuple[int, ...]
    heads: int
    regions: tuple[int, ...] | None
    scheme: str
    intensities: Mapping[str, Any]
    masked: bool
    data: Resampling
    logits: Resampling
    architecture: tuple[str, Mapping[str, Any], list[str]]

    def build(self) -> nn.Module:
        """The network without weights."""
        from nnunetv2.utilities.get_network_from_plans import get_network_from_plans

        return get_network_from_plans(*self.architecture, 1, self.heads, allow_init=False, deep_supervision=False)

    def normalised(self, image: np.ndarray) -> np.ndarray:
        """HU as the network takes them: in place where nnU-Net's class does so.

        Parameters
        ----------
        image : ndarray of float32, three axes
        """
        from nnunetv2.preprocessing.normalization import default_normalization_schemes as schemes

        outside = None
        if self.masked:  # the classes take voxels below 0 of this for the outside
            from nnunetv2.preprocessing.cropping.cropping import create_nonzero_mask

            outside = create_nonzero_mask(image[None]).astype(np.int8) - 1
        scheme = getattr(schemes, self.scheme)
        return scheme(use_mask_for_norm=self.masked, intensityproperties=dict(self.intensities)).run(image, outside)


def planned(facts: Facts, configuration: str) -> Planned:
    """The configuration of a checked model folder.

    Raises
    ------
    UnusableModel
        For a cascade, a 2d configuration, a resampling that is not done here, or plans that nnU-Net cannot read.
    """
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    if configuration not in facts.configurations:
        known = ", ".join(facts.configurations)
        raise UnusableModel(f"The weights are of configuration '{configuration}'; plans.json has {known}.")
    try:
        plans = PlansManager(dict(facts.plans))
        manager = plans.get_configuration(configuration)
        if manager.previous_stage_name:
            raise UnusableModel(f"'{configuration}' is the second stage of a cascade, which is not supported.")
        if len(manager.patch_size) != 3:
            raise UnusableModel(f"'{configuration}' draws slice by slice (2d), which is not supported; 3d is needed.")
        labels = plans.get_label_manager(dict(facts.description))
        return Planned(
            configuration=configuration,
            patch=tuple(int(size) for size in manager.patch_size),
            spacing=tuple(float(mm) for mm in manager.spacing),
            forward=tuple(plans.transpose_forward),
            backward=tuple(plans.transpose_backward),
            heads=labels.num_segmentation_heads,
            regions=tuple(labels.regions_class_order) if labels.has_regions else None,
            scheme=manager.normalization_schemes[0],
            intensities=plans.foreground_intensity_properties_per_channel["0"],
            masked=bool(manager.use_mask_for_norm[0]),
            data=_resampling(manager.configuration, "data"),
            logits=_resampling(manager.configuration, "probabilities"),
            architecture=(
                MOVED.get(manager.network_arch_class_name, manager.network_arch_class_name),
                manager.network_arch_init_kwargs,
                list(manager.network_arch_init_kwargs_req_import),
            ),
        )
    except UnusableModel:
        raise
    except Exception as error:
        raise unfit(error) from error


def unfit(error: Exception) -> Exception:
    """The sentence for a model whose files do not belong together; exhausted memory stays what it is."""
    if is_out_of_memory(error):
        return error
    reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return UnusableModel(f"plans.json, dataset.json and weights do not fit each other: {reason}")


def _resampling(configuration: Mapping[str, Any], what: str) -> Resampling:
    name = configuration[f"resampling_fn_{what}"]
    return Resampling.from_plans(what, name, configuration[f"resampling_fn_{what}_kwargs"])
