"""What mmengine's Runner lacks."""

from .atomic_storage import AtomicBackend
from .autocast_optim_wrapper import AutocastOptimWrapper
from .average_buffers_hook import AverageBuffersHook
from .channels_last_hook import ChannelsLastHook
from .finite_training_hook import FiniteTrainingHook
from .prediction_pictures_hook import PredictionFilesHook, PredictionPicturesHook
from .resumable_checkpoint_hook import ResumableCheckpointHook
from .resumable_loop import ResumableTrainLoop
from .safe_checkpoint import load_local_checkpoint, load_url_safely, refuse_unsafe_checkpoints
from .sample_stream import SeededDataset, StreamSampler

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
