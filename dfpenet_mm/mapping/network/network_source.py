"""How any worker builds the predictor that a run was started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from mmengine.config import Config
from mmengine.utils import import_modules_from_strings

from dfpenet_mm.mapping.network.load_model import load_model
from dfpenet_mm.mapping.network.predictor import Predictor, build_predictor


@dataclass(frozen=True)
class NetworkSource:
    """What names a network and its way of predicting, in plain values; it pickles.

    Args:
        config_file: where the config came from, for messages.
        settings: the config's ``model`` and ``custom_imports``.
        checkpoint: the weights, absolute, as every worker must see them.
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
        cls, config: Config, *, checkpoint: Path, predictor: Mapping[str, Any], device: str
    ) -> Self:
        """Name a config's network with the weights of a checkpoint."""
        sections = config.to_dict()
        settings = {name: sections[name] for name in ('model', 'custom_imports') if name in config}
        name = str(config.filename)
        return cls(name, settings, checkpoint.absolute(), predictor, device)

    def build(self) -> Predictor:
        """Build the network, fill it and wrap it.

        Raises:
            ConfigError: if the config's model, predictor or the device cannot work.
            InputFileError: if the checkpoint is missing.
            CheckpointError: if the weights are unsafe or do not fit.
        """
        imports = self.settings.get('custom_imports')
        if imports:
            import_modules_from_strings(**imports)
        config = Config(dict(self.settings), filename=None)
        model = load_model(config, self.checkpoint, self.device)
        return build_predictor(self.predictor, model=model, device=self.device)
