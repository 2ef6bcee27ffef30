"""How a network is trained: nnU-Net's own names, and a small preset for computers without a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

LABELS = {"background": 0, "parenchyma": 1, "tumour": 2}
"""Of every data set that is written here: the labels of the paper's network."""


@dataclass(frozen=True)
class Small:
    """A network and a training that two CPU cores can do, as a configuration of nnU-Net's plans.

    nnU-Net's trainer stays what it is but for: AdamW (SGD at 1e-2 finds no tumour in so few iterations), no mirroring
    (the liver is on one side), fewer and shorter epochs, channels last, and bfloat16 where the processor has it.
    ``nnUNetTrainerNoDA`` finds tumours after a third of the iterations that augmentation needs.

    Parameters
    ----------
    configuration, trainer : str
        Its name in the plans; nnU-Net's trainer that it is made for.
    spacing_mm, patch : (float, float, float) and (int, int, int)
        Of the slices, rows and columns.
    features, convolutions : tuple of int
        Of each stage of the encoder; each but the first halves rows and columns, and each but the first two the slices.
    epochs, iterations, batch : int
        `iterations` of an epoch.
    rate, decay : float
        Of AdamW; the rate falls to zero as nnU-Net's does.
    oversample : float
        Share of the patches that are centred on the liver or a tumour.
    """

    configuration: str
    trainer: str
    spacing_mm: tuple[float, float, float]
    patch: tuple[int, int, int]
    features: tuple[int, ...]
    convolutions: tuple[int, ...]
    epochs: int
    iterations: int = 40
    batch: int = 2
    rate: float = 2e-3
    decay: float = 1e-3
    oversample: float = 0.5

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Small:
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in data.items()})

    def plan(self) -> dict[str, Any]:
        """The configuration as ``plans.json`` has it; what it does not say is ``3d_fullres``'s."""
        stages = len(self.features)
        resampling = {"is_seg": False, "force_separate_z": False, "memefficient_seg_resampling": False}
        return {
            "inherits_from": "3d_fullres",
            "data_identifier": f"nnUNetPlans_{self.configuration}",
            "spacing": list(self.spacing_mm),
            "patch_size": list(self.patch),
            "batch_size": self.batch,
            "resampling_fn_data": "resample_torch_fornnunet",
            "resampling_fn_data_kwargs": resampling,
            "resampling_fn_probabilities": "resample_torch_fornnunet",
            "resampling_fn_probabilities_kwargs": resampling,
            "architecture": {
                "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
                "arch_kwargs": {
                    "n_stages": stages,
                    "features_per_stage": list(self.features),
                    "conv_op": "torch.nn.modules.conv.Conv3d",
                    "kernel_sizes": [[1, 3, 3], *([[3, 3, 3]] * (stages - 1))],
                    "strides": [[1, 1, 1], [1, 2, 2], *([[2, 2, 2]] * (stages - 2))],
                    "n_conv_per_stage": list(self.convolutions),
                    "n_conv_per_stage_decoder": [1] * (stages - 1),
                    "conv_bias": True,
                    "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
                    "norm_op_kwargs": {"eps": 1e-05, "affine": True},
                    "dropout_op": None,
                    "dropout_op_kwargs": None,
                    "nonlin": "torch.nn.LeakyReLU",
                    "nonlin_kwargs": {"inplace": True},
                },
                "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
            },
        }


SMALL = Small(
    "3d_small",
    "nnUNetTrainerNoDA",
    spacing_mm=(5.0, 4.0, 4.0),
    patch=(32, 64, 80),
    features=(8, 16, 32, 64, 128),
    convolutions=(1, 2, 2, 2, 2),
    epochs=12,
)
"""``--preset small``."""

PRESETS = {"small": SMALL}


@dataclass(frozen=True)
class Recipe:
    """What is trained; part of what a run that is continued must have in common with its beginning.

    Parameters
    ----------
    configuration, trainer, planner : str
        nnU-Net's names.
    folds : int
    epochs : int, optional
        None: the trainer's own number (1000).
    seed : int
        Of the split and of what is random in the training.
    small : Small, optional
        Instead of `configuration`.
    """

    configuration: str = "3d_fullres"
    trainer: str = "nnUNetTrainer"
    planner: str = "ExperimentPlanner"
    folds: int = 5
    epochs: int | None = None
    seed: int = 0
    small: Small | None = field(default=None)

    @property
    def trained(self) -> str:
        """Name of the configuration that is trained."""
        return self.small.configuration if self.small else self.configuration

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Recipe:
        small = data.get("small")
        return cls(**{**data, "small": Small.from_dict(small) if small else None})
