"""An audit: a random sample of a map to look at, and how right the map is by it."""

from __future__ import annotations

from .command_algorithm import CommandAlgorithm
from .finish import POST, PRE, RUN
from .map_images import OVERWRITE
from .parameters import Number
from .results import FILE, PAGE, Product


class DrawAudit(CommandAlgorithm):
    """Runs ``landslide-map audit draw``."""

    KEY = 'drawaudit'
    TITLE = 'Draw an audit'
    GROUP = '4 Judge'
    ABOUT = """\
<p>Draws a random sample of a finished map, to find out how right it is. 200 points take an hour
or two.</p>
<p>The layer <i>audit</i> is opened. Hide the landslides, toggle editing, open the attribute
table in form view, and choose for each point, at its centre: <i>landslide</i>, <i>not
landslide</i> or <i>cannot tell</i>. Save, and run "Read an audit". You may stop after any round
of 50 points.</p>"""
    VERB = ('audit', 'draw')
    PARAMETERS = (
        RUN,
        Number('POINTS', 'Points', '--points', default=200, whole=True, least=1),
        OVERWRITE,
        Number(
            'SEED',
            'Seed: another number draws other points',
            '--seed',
            default=0,
            advanced=True,
            whole=True,
            least=0,
        ),
    )
    PRODUCTS = (Product('AUDIT', 'audit', 'audit.gpkg', layer='audit'),)
    REPLACES = True


class EstimateAudit(CommandAlgorithm):
    """Runs ``landslide-map audit estimate``."""

    KEY = 'readaudit'
    TITLE = 'Read an audit'
    GROUP = '4 Judge'
    ABOUT = """\
<p>Tells how right a map is by the verdicts on its audit: the landslide area on the ground,
mapped or missed, and the accuracies, all with 95 % intervals. They are written into the report,
too.</p>
<p>Save your verdicts first. Each of the three parts of the map needs ten of them.</p>"""
    VERB = ('audit', 'estimate')
    PARAMETERS = (RUN, POST, PRE)
    PRODUCTS = (
        Product('REPORT', 'Report', 'report.html', PAGE, opened=False),
        Product('SUMMARY', 'Numbers', 'summary.json', FILE, opened=False),
    )
    REPLACES = True
