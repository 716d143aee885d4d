"""The networks that all peers are given, as TorchScript; one of them is there to show seams."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
import torch
from torch import Tensor, nn

from dfpenet_mm.configs import load_config
from dfpenet_mm.mapping.network.load_model import load_model
from dfpenet_mm.mapping.network.probability_network import ProbabilityNetwork

# Receptive radius of the seam network: one pixel a dilation.
DILATIONS = (1, 2, 4, 8, 16)
RADIUS = sum(DILATIONS)


class ChannelsLast(nn.Module):
    """A network for pixels of any type, laid out as is fastest on a CPU.

    Args:
        network: from float32 pixels to probability, shape (N, H, W).
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last)

    def forward(self, chips: Tensor) -> Tensor:
        """Return the probability of landslide, shape (N, 1, H, W)."""
        chips = chips.float().contiguous(memory_format=torch.channels_last)
        return self.network(chips).unsqueeze(1)


class SeamNetwork(nn.Module):
    """Dilated convolutions of random weights that see ``RADIUS`` pixels around each.

    Args:
        seed: of the weights.
        width: channels.
    """

    def __init__(self, seed: int = 0, width: int = 8) -> None:
        super().__init__()
        channels = (3, *(width,) * len(DILATIONS))
        self.layers = nn.ModuleList(
            nn.Conv2d(channels[i], channels[i + 1], 3, padding=dilation, dilation=dilation)
            for i, dilation in enumerate(DILATIONS)
        )
        self.last = nn.Conv2d(width, 1, 1)
        generator = torch.Generator().manual_seed(seed)
        for tensor in self.parameters():
            deviation = (2 / tensor[0].numel()) ** 0.5 if tensor.ndim == 4 else 0.1
            nn.init.normal_(tensor, 0, deviation, generator=generator)

    def logits(self, chips: Tensor) -> Tensor:
        """Return what the sigmoid is taken of, shape (N, H, W)."""
        features = chips / 64 - 1
        for layer in self.layers:
            features = layer(features).relu()
        return self.last(features)[:, 0]

    def forward(self, chips: Tensor) -> Tensor:
        """Return a probability, shape (N, H, W)."""
        return self.logits(chips).sigmoid()

    def balance(self, scene: Tensor) -> None:
        """Let half of a scene's pixels, shape (N, 3, H, W), be landslide, and few be certain."""
        found = self.logits(scene)
        spread = found.std()
        self.last.weight /= spread
        self.last.bias.copy_((self.last.bias - found.median()) / spread)


def save_network(network: nn.Module, path: Path, window: int) -> None:
    """Write a network as TorchScript, traced and frozen: the peers' fastest way in float32."""
    probe = torch.full((1, 3, window, window), 100.0)
    with torch.no_grad():
        traced = torch.jit.trace(ChannelsLast(network).eval(), probe, check_trace=False)
    torch.jit.save(torch.jit.freeze(traced.eval()), path)


def save_trained_network(path: Path, window: int, *, config: Path, checkpoint: Path) -> None:
    """Write a network for the peers."""
    model = load_model(load_config(config), checkpoint, 'cpu')
    save_network(ProbabilityNetwork(model=model), path, window)


def save_seam_network(path: Path, window: int, *, scene: Path, exact: Path) -> None:
    """Write the seam network, and the probability it gives the whole scene at once.

    Args:
        path: TorchScript to write.
        window: side of the windows it will be given, pixels.
        scene: whose pixels it is balanced on.
        exact: ``.npy`` to write, shape (rows, cols), float32.
    """
    with rasterio.open(scene) as dataset:
        pixels = torch.from_numpy(dataset.read())[None].float()
    network = SeamNetwork()
    with torch.no_grad():
        network.balance(pixels)
        np.save(exact, network(pixels)[0].numpy())
    save_network(network, path, window)
