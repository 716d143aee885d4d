"""The cheap scene and its network, which the tests of the commands map too."""

from tests.cli.conftest import cheap, cheap_arguments

__all__ = ['cheap', 'cheap_arguments']
