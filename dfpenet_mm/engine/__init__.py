"""What mmengine's Runner lacks."""

from .channels_last_hook import ChannelsLastHook
from .safe_checkpoint import load_local_checkpoint
from .safe_download import load_url_safely

__all__ = ['ChannelsLastHook', 'load_local_checkpoint', 'load_url_safely']
