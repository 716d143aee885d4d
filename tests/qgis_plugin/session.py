"""A QGIS without windows that runs the code it is given; started by the system's Python.

Arguments: the folder of the plug-ins, and the code. Values come as JSON on standard input.
"""

import json
import os
import sys

PLUGINS, CODE = sys.argv[1:]
sys.path.insert(0, PLUGINS)

from qgis.core import (  # noqa: E402
    QgsApplication,
    QgsLayerTreeLayer,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProject,
)

APPLICATION = QgsApplication([], True)
APPLICATION.initQgis()
sys.path.insert(0, os.path.join(QgsApplication.pkgDataPath(), 'python', 'plugins'))

import landslides  # noqa: E402
from processing.core.Processing import Processing  # noqa: E402
from processing.gui.Postprocessing import handleAlgorithmResults  # noqa: E402

Processing.initialize()
PLUGIN = landslides.classFactory(None)
PLUGIN.initProcessing()
PROJECT = QgsProject.instance()


class Heard(QgsProcessingFeedback):
    """Keeps what it is told, and cancels when a progress fulfils a condition."""

    def __init__(self, cancel_when):
        super().__init__(False)
        self.errors, self.texts, self.warnings, self.steps = [], [], [], []
        self.cancel_when = cancel_when
        self.progressChanged.connect(self.reached)

    def reached(self, progress):
        self.steps.append(progress)
        if self.cancel_when(progress):
            self.cancel()

    def reportError(self, error, fatalError=False):  # noqa: ARG002
        self.errors.append(error)

    def pushWarning(self, warning):
        self.warnings.append(warning)

    def pushInfo(self, info):
        self.texts.append(info)

    pushConsoleInfo = pushCommandInfo = setProgressText = pushInfo


def algorithm(name):
    return QgsApplication.processingRegistry().createAlgorithmById(f'landslides:{name}')


def run(name, *, cancel_when=lambda _: False, **parameters):
    """Run an algorithm and load its results; returns them, and what was heard."""
    wanted, context, heard = algorithm(name), QgsProcessingContext(), Heard(cancel_when)
    context.setProject(PROJECT)
    fine, message = wanted.checkParameterValues(parameters, context)
    if not fine:
        heard.errors.append(message)
        return {}, heard
    try:
        results, done = wanted.run(parameters, context, heard)
    except QgsProcessingException as error:
        heard.errors.append(str(error))
        return {}, heard
    if done:
        handleAlgorithmResults(wanted, context, QgsProcessingFeedback(False), parameters=parameters)
    APPLICATION.processEvents()
    return results, heard


def tree():
    """Return group, name, renderer and visibility of every layer, from top to bottom."""
    nodes = PROJECT.layerTreeRoot().findLayers()
    return [
        [
            node.parent().name(),
            node.name(),
            node.layer().renderer().type(),
            node.isVisible(),
            node.layer().crs().authid(),
        ]
        for node in nodes
        if isinstance(node, QgsLayerTreeLayer)
    ]


def answer(value):
    print(json.dumps(value))
    sys.stdout.flush()


values = json.loads(sys.stdin.read() or '{}')
exec(compile(CODE, 'code', 'exec'))
sys.stdout.flush()
# QGIS's own end takes seconds, and Python's may crash in it.
os._exit(0)
