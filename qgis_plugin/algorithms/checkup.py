"""A look at the installation of ``landslide-map``."""

from __future__ import annotations

from .command_algorithm import CommandAlgorithm


class CheckInstallation(CommandAlgorithm):
    """Runs ``landslide-map doctor``."""

    KEY = 'check'
    TITLE = 'Check the installation'
    GROUP = '1 Set up'
    ABOUT = """\
<p>Looks for landslide-map, tries everything that mapping needs, and says how to mend what does
not work. The findings stand in the log; copy them when you ask a question.</p>"""
    VERB = ('doctor',)
