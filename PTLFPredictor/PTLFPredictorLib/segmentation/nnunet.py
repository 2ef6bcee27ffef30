"""nnU-Net v2's own predictor on one CT, in this process, told tile by tile.

Two private methods of it are overridden: `nnunet_versions` says with which versions that was tested.

Preprocessing, sliding window and resampling of the logits are nnU-Net's, so that the label map is that of its own
command line voxel for voxel.  What is ours: weights through the restricted loader, progress, no worker processes.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from ..errors import UnusableModel, is_out_of_memory
from ..progress import Progress, no_progress
from . import model_folder
from .weights import load_checkpoint

TILE_STEP = 0.5
"""nnU-Net's default: neighbouring tiles overlap by half."""


class Network:
    """A loaded model: `predict` may be called for several CTs.

    Parameters
    ----------
    folder : Path
    tta : bool, optional
        Test-time mirroring; None leaves it to the model.
    facts : model_folder.Facts, optional
        What `model_folder.check` found in the folder, where it was checked already.
    """

    def __init__(self, folder: Path, tta: bool | None = None, facts: model_folder.Facts | None = None):
        facts = facts or model_folder.check(folder)
        self.plans, self.dataset = facts.plans, facts.description
        folds = [load_checkpoint(path) for path in facts.checkpoints]
        self.configuration = folds[0]["init_args"]["configuration"]
        if self.configuration not in facts.configurations:
            known = ", ".join(facts.configurations)
            raise UnusableModel(f"The weights are of configuration '{self.configuration}'; plans.json has {known}.")
        if self.plans["configurations"][self.configuration].get("previous_stage"):
            raise UnusableModel(f"'{self.configuration}' is the second stage of a cascade, which is not supported.")
        self.folds = [fold["network_weights"] for fold in folds]
        axes = folds[0].get("inference_allowed_mirroring_axes")
        self.mirror_axes = tuple(axes) if axes else None
        self.tta = self.mirror_axes is not None and (tta is None or tta)

    def predict(
        self,
        ct: sitk.Image,
        device: str,
        *,
        progress: Progress = no_progress,
        on_estimate: Callable[[float], None] = lambda seconds: None,
    ) -> np.ndarray:
        """The model's labels.

        Parameters
        ----------
        ct : sitk.Image
            HU, index axes as in the model's training images.
        device : str
            torch device.
        progress : Progress
            Stages "Preparing the CT", "Tiles", "Drawing the labels".
        on_estimate : callable
            Told the seconds left for the tiles, after the first.

        Returns
        -------
        ndarray, shape (z, y, x)
        """
        import torch
        from nnunetv2.inference.export_prediction import convert_predicted_logits_to_segmentation_with_correct_shape

        predictor = self._predictor(device, progress, on_estimate)
        properties: dict[str, Any] = {"spacing": [float(s) for s in ct.GetSpacing()[::-1]]}
        progress("Preparing the CT", 0, 1)
        array = sitk.GetArrayFromImage(ct)[None].astype(np.float32)
        preprocessor = predictor.configuration_manager.preprocessor_class(verbose=False)
        data, _, properties = preprocessor.run_case_npy(
            array, None, properties, predictor.plans_manager, predictor.configuration_manager, self.dataset
        )
        progress("Preparing the CT", 1, 1)
        data = torch.as_tensor(data)
        logits = predictor.predict_logits_from_preprocessed_data(data).cpu().numpy()
        progress("Drawing the labels", 0, 1)
        labels = convert_predicted_logits_to_segmentation_with_correct_shape(
            logits,
            predictor.plans_manager,
            predictor.configuration_manager,
            predictor.label_manager,
            properties,
        )
        progress("Drawing the labels", 1, 1)
        return np.asarray(labels)

    def _predictor(self, device: str, progress: Progress, on_estimate: Callable[[float], None]) -> Any:
        import torch
        from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
        from nnunetv2.utilities.label_handling.label_handling import determine_num_input_channels
        from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

        try:
            plans = PlansManager(self.plans)
            configuration = plans.get_configuration(self.configuration)
            network = get_network_from_plans(
                configuration.network_arch_class_name,
                configuration.network_arch_init_kwargs,
                configuration.network_arch_init_kwargs_req_import,
                determine_num_input_channels(plans, configuration, self.dataset),
                plans.get_label_manager(self.dataset).num_segmentation_heads,
                allow_init=False,
                deep_supervision=False,
            )
            for weights in self.folds:
                network.load_state_dict(weights)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            reason = " ".join(str(error).split())[:300]
            raise UnusableModel(f"plans.json, dataset.json and weights do not fit each other: {reason}") from error
        predictor = _tile_predictor()(
            tile_step_size=TILE_STEP,
            use_gaussian=True,
            use_mirroring=self.tta,
            perform_everything_on_device=True,
            device=torch.device(device),
            allow_tqdm=False,
        )
        predictor.manual_initialization(
            network, plans, configuration, self.folds, self.dataset, "nnUNetTrainer", self.mirror_axes
        )
        predictor.tell = _Teller(progress, on_estimate, len(self.folds))
        return predictor


class _Teller:
    """Progress over the tiles of all folds, and the time they will take."""

    def __init__(self, progress: Progress, on_estimate: Callable[[float], None], folds: int):
        self.progress, self.on_estimate, self.folds = progress, on_estimate, folds
        self.total, self.count = 0, itertools.count(1)
        self.start = time.monotonic()

    def starts(self, tiles: int) -> None:
        if not self.total:
            self.total, self.start = tiles * self.folds, time.monotonic()
            self.progress("Tiles", 0, self.total)

    def tile_done(self) -> None:
        done = next(self.count)
        if done == 1:
            self.on_estimate((self.total - 1) * (time.monotonic() - self.start))
        self.progress("Tiles", min(done, self.total), self.total)


def _tile_predictor() -> type:
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    class TilePredictor(nnUNetPredictor):
        """nnU-Net's predictor that tells each tile; the two methods are its inner loop's."""

        tell: _Teller

        def _internal_get_sliding_window_slicers(self, image_size):
            slicers = super()._internal_get_sliding_window_slicers(image_size)
            self.tell.starts(len(slicers))
            return slicers

        def _internal_maybe_mirror_and_predict(self, x):
            prediction = super()._internal_maybe_mirror_and_predict(x)
            self.tell.tile_done()
            return prediction

    return TilePredictor
