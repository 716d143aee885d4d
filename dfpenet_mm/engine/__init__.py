"""Additions to mmengine's Runner: hooks, a loop that resumes exactly, checkpoints without risk."""

from dfpenet_mm.engine.checkpoint_file import AtomicBackend
from dfpenet_mm.engine.hooks import (
    AverageBuffersHook,
    ChannelsLastHook,
    FiniteTrainingHook,
    ResumableCheckpointHook,
)
from dfpenet_mm.engine.mixed_precision import AutocastOptimWrapper
from dfpenet_mm.engine.prediction_pictures_hook import PredictionFilesHook, PredictionPicturesHook
from dfpenet_mm.engine.resumable_loop import ResumableTrainLoop
from dfpenet_mm.engine.safe_checkpoint import (
    load_local_checkpoint,
    load_url_safely,
    refuse_unsafe_checkpoints,
)
from dfpenet_mm.engine.sample_stream import SeededDataset, StreamSampler

__all__ = [
    'AtomicBackend',
    'AutocastOptimWrapper',
    'AverageBuffersHook',
    'ChannelsLastHook',
    'FiniteTrainingHook',
    'PredictionFilesHook',
    'PredictionPicturesHook',
    'ResumableCheckpointHook',
    'ResumableTrainLoop',
    'SeededDataset',
    'StreamSampler',
    'load_local_checkpoint',
    'load_url_safely',
    'refuse_unsafe_checkpoints',
]
