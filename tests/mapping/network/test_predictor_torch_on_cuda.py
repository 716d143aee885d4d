"""What a GPU computes, beside a CPU; skipped where there is none."""

import numpy as np
import pytest
import torch

from dfpenet_mm.configs import load_config
from dfpenet_mm.mapping.network.load_model import load_model
from dfpenet_mm.mapping.network.predictor_torch import TorchPredictor
from dfpenet_mm.resources import shipped_file

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
CONFIG = 'configs/dfpenet/landslide4sense_mobilenetv2.py'
WEIGHTS = 'checkpoints/dfpenet_mobilenetv2_landslide4sense.pth'
# Largest difference of a probability, and share of equal labels.
BARS = {'fp32': (0.01, 0.9995), 'bf16': (0.2, 0.995), 'fp16': (0.05, 0.998)}


def predictor(**settings):
    model = load_model(load_config(shipped_file(CONFIG)), shipped_file(WEIGHTS))
    return TorchPredictor(model=model, **settings)


@pytest.fixture(scope='module')
def chips():
    rng = np.random.default_rng(0)
    coarse = rng.uniform(20, 120, (6, 3, 16, 16)).astype(np.float32)
    return np.kron(coarse, np.ones((1, 1, 8, 8), np.float32))


@pytest.mark.parametrize('cuda_graph', [False, True])
@pytest.mark.parametrize('precision', ['fp32', 'bf16', 'fp16'])
def test_a_gpu_agrees_with_a_cpu(chips, precision, cuda_graph):
    if precision == 'bf16' and not torch.cuda.is_bf16_supported(including_emulation=False):
        pytest.skip('this GPU has no bfloat16')
    expected = predictor()(chips)
    on_gpu = predictor(device='cuda:0', precision=precision, cuda_graph=cuda_graph)
    # The second time replays what the first recorded; a smaller batch is recorded by itself.
    for found, wanted in ((on_gpu(chips), expected), (on_gpu(chips), expected)):
        farthest, agreement = BARS[precision]
        assert abs(found - wanted).max() <= farthest
        assert ((found > 0.5) == (wanted > 0.5)).mean() >= agreement
    np.testing.assert_allclose(on_gpu(chips[:2]), expected[:2], atol=BARS[precision][0])
