"""A network that costs nothing, for tests of everything around it; a config imports it."""

import time

from mmseg.registry import MODELS
from torch import nn

from dfpenet_mm.mapping.network.predictor import PREDICTORS


@MODELS.register_module()
class CheapNetwork(nn.Module):
    """Stands where a network stands; it has one weight."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Linear(1, 1)


@PREDICTORS.register_module()
class FirstBand:
    """Takes the first band for a probability, and its time."""

    def __init__(self, *, model, device, seconds=0.0):
        self.model, self.device, self.seconds = model, device, seconds

    def __call__(self, chips):
        time.sleep(self.seconds * len(chips))
        return chips[:, 0] / 255
