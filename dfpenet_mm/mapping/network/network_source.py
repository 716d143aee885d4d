"""The source of a network by plain values, from which every worker builds a predictor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from dfpenet_mm.config_options import ConfigSections
from dfpenet_mm.errors import CheckpointError, ConfigError
from dfpenet_mm.installation import TRAINING_MEND, has_training
from dfpenet_mm.mapping.network.exported_network import ExportedNetwork, exported_beside
from dfpenet_mm.mapping.network.predictor import Predictor, build_predictor
from dfpenet_mm.resources import is_exported


@dataclass(frozen=True)
class NetworkSource:
    """A network and its way of predicting by plain values, for workers to build; it pickles.

    Args:
        config_file: where the config came from, for messages.
        settings: the config's ``model`` and ``custom_imports``; nothing for an exported network.
        checkpoint: the weights or the folder of an exported network, absolute, as every worker
            must see them.
        predictor: config of a predictor in PREDICTORS.
        device: where the network runs, such as ``cpu`` or ``cuda:0``.
    """

    config_file: str
    settings: Mapping[str, Any]
    checkpoint: Path
    predictor: Mapping[str, Any]
    device: str

    @classmethod
    def of(
        cls,
        config: ConfigSections,
        *,
        checkpoint: Path,
        predictor: Mapping[str, Any],
        device: str,
    ) -> Self:
        """Name a config's network with the weights of a checkpoint."""
        sections = config.to_dict()
        wanted = () if is_exported(checkpoint) else ('model', 'custom_imports')
        settings = {name: sections[name] for name in wanted if name in config}
        name = str(config.filename)
        return cls(name, settings, checkpoint.absolute(), predictor, device)

    def load(self) -> Any:
        """Load the network itself: an ``ExportedNetwork``, or a model of PyTorch.

        Raises:
            ConfigError: if the config's model or the device cannot work.
            InputFileError: if the checkpoint is missing.
            CheckpointError: if the weights are unsafe, do not fit, or need PyTorch, which is not
                installed.
        """
        if is_exported(self.checkpoint):
            return ExportedNetwork.read(self.checkpoint)
        require_runnable(self.checkpoint)
        from dfpenet_mm.mapping.network.load_model import load_settings  # noqa: PLC0415 - torch

        return load_settings(self.settings, self.checkpoint, self.device)

    def build(self) -> Predictor:
        """Build the network, fill it and wrap it.

        Raises:
            DfpenetError: as ``load``, or if the predictor cannot work.
        """
        if is_exported(self.checkpoint) and self.predictor.get('type') == 'TorchPredictor':
            raise ConfigError(
                f'{self.checkpoint} is an exported network, which PyTorch cannot run; leave out '
                f'--backend torch, or give the CONFIG and the CHECKPOINT that it was made from'
            )
        return build_predictor(self.predictor, model=self.load(), device=self.device)


def require_runnable(checkpoint: Path) -> None:
    """Refuse weights of PyTorch where that is not installed.

    Raises:
        CheckpointError: saying what runs instead.
    """
    if has_training():
        return
    folder = exported_beside(checkpoint, 'f32')
    instead = (
        f'give {folder} in its place'
        if is_exported(folder)
        else 'export it with landslide-map export where PyTorch is installed'
    )
    raise CheckpointError(
        f'the checkpoint {checkpoint} needs PyTorch, which this installation does without; '
        f'{instead}, or {TRAINING_MEND}'
    )
