"""An algorithm that runs a verb of ``landslide-map``: what all of them share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingOutputFolder,
    QgsProject,
)
from qgis.PyQt.QtGui import QIcon

from .. import settings
from ..command.landslide_map import CommandError, Outcome, run_command
from ..command.protocol import Event, time_left
from .held_layers import HeldLayers
from .parameters import Parameter, Switch, Values
from .results import Product, open_when_done

ICON = Path(__file__).parents[1] / 'icon.svg'
FOLDER = 'FOLDER'
OPEN = Switch(
    'OPEN', 'Open the results in the project', default=True, about='Styled, in a group of their own'
)
STOPPED = 'Stopped. What was finished is kept: run it again with the same settings, and it goes on.'


class CommandAlgorithm(QgsProcessingAlgorithm):
    """Declares its parameters once, runs a verb with them, and opens what that writes.

    Attributes:
        KEY: second half of its name.
        TITLE: in the toolbox.
        GROUP: heading in the toolbox.
        ABOUT: help, in HTML.
        VERB: first arguments of the command.
        PARAMETERS: in the order of the dialog.
        PRODUCTS: what it writes, from the lowest layer to the highest.
        REPLACES: True where it writes into a folder whose layers may be open.
    """

    KEY: ClassVar[str] = ''
    TITLE: ClassVar[str] = ''
    GROUP: ClassVar[str] = ''
    ABOUT: ClassVar[str] = ''
    VERB: ClassVar[Sequence[str]] = ()
    PARAMETERS: ClassVar[Sequence[Parameter]] = ()
    PRODUCTS: ClassVar[Sequence[Product]] = ()
    REPLACES: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self._arguments: list[str] = []
        self._folder = ''
        self._held: HeldLayers | None = None

    def name(self) -> str:
        return self.KEY

    def displayName(self) -> str:
        return self.TITLE

    def group(self) -> str:
        return self.GROUP

    def groupId(self) -> str:
        return self.GROUP.split()[0] if self.GROUP else ''

    def shortHelpString(self) -> str:
        # QGIS begins a paragraph with every line.
        return ' '.join(self.ABOUT.splitlines())

    def icon(self) -> QIcon:
        return QIcon(str(ICON))

    def createInstance(self) -> CommandAlgorithm:
        return type(self)()

    def initAlgorithm(self, configuration=None) -> None:  # noqa: ARG002
        opens = any(product.opened for product in self.PRODUCTS)
        for parameter in (*self.PARAMETERS, *([OPEN] if opens else [])):
            self.addParameter(parameter.definition())
        if self.PRODUCTS:
            self.addOutput(QgsProcessingOutputFolder(FOLDER, 'Folder of the results'))
        for product in self.PRODUCTS:
            self.addOutput(product.definition())

    def prepareAlgorithm(self, parameters, context, feedback) -> bool:  # noqa: ARG002
        """Read everything that belongs to the project; QGIS calls it in the windows' thread."""
        values = Values(self, parameters, context)
        self._folder = self.folder(values)
        self._arguments = self.arguments(values)
        if self.REPLACES:
            require_writable(self._folder)
            self._held = HeldLayers(self._folder, context.project() or QgsProject.instance())
        return True

    def folder(self, values: Values) -> str:
        """Return the folder of the results; empty without one."""
        return os.path.abspath(values.text('OUT')) if values.text('OUT') else ''

    def arguments(self, values: Values) -> list[str]:
        """Return the command line behind the verb."""
        return [word for parameter in self.PARAMETERS for word in parameter.arguments(values)]

    def processAlgorithm(self, parameters, context, feedback) -> dict[str, Any]:
        """Run the command and take in what it wrote."""
        try:
            outcome = self.run_command(feedback)
        finally:
            if self._held is not None:
                self._held.open_again()
        if outcome.stopped:
            feedback.pushInfo(STOPPED)
            return {}
        for line in outcome.output:
            feedback.pushInfo(line)
        return self.results(Values(self, parameters, context))

    def run_command(self, feedback) -> Outcome:
        """Run the command; its refusals become those of the algorithm.

        Raises:
            QgsProcessingException: one sentence that says what to do.
        """
        hearing = _Hearing(feedback)
        try:
            command = settings.command()
            words = [*self.VERB, *self._arguments]
            feedback.pushCommandInfo(' '.join(_quoted(word) for word in [str(command), *words]))
            return run_command(command, words, hear=hearing, stop=feedback.isCanceled)
        except CommandError as error:
            for line in error.output:
                feedback.pushInfo(line)
            raise QgsProcessingException(self.in_words_of_qgis(str(error))) from error

    def in_words_of_qgis(self, sentence: str) -> str:
        """Name the fields of the dialog in place of the options that a sentence speaks of."""
        for parameter in sorted(self.PARAMETERS, key=lambda found: -len(found.option)):
            if parameter.option:
                sentence = sentence.replace(parameter.option, f'"{parameter.label}"')
        return sentence

    def results(self, values: Values) -> dict[str, Any]:
        """Return the outputs that there are, and have their layers opened if that is wished."""
        if not self.PRODUCTS:
            return {}
        folder = Path(self._folder)
        names = {product.output: product.name_in(folder) for product in self.PRODUCTS}
        if self.parameterDefinition(OPEN.name) is not None and values.flag(OPEN.name):
            open_when_done(values.context, folder, self.PRODUCTS, folder.name)
        return {FOLDER: str(folder), **{name: found for name, found in names.items() if found}}


class _Hearing:
    """Passes on to a feedback of QGIS what a command says while it runs."""

    def __init__(self, feedback) -> None:
        self._feedback, self._text = feedback, ''

    def __call__(self, event: Event) -> None:
        if event.kind == 'progress':
            self._progress(event)
        elif event.kind == 'warning':
            self._feedback.pushWarning(event.message)
        elif event.kind == 'note':
            self._feedback.pushInfo(event.message)
        elif event.message:
            self._feedback.pushConsoleInfo(event.message)

    def _progress(self, event: Event) -> None:
        if event.fraction is not None:
            self._feedback.setProgress(100 * event.fraction)
        left = '' if event.seconds_left is None else time_left(event.seconds_left)
        text = ', '.join(part for part in (event.stage or event.message, left) if part)
        if text and text != self._text:
            self._text = text
            self._feedback.setProgressText(text)


def _quoted(word: str) -> str:
    return f'"{word}"' if ' ' in word else word


def require_writable(folder: str) -> None:
    """Refuse a folder in which the command could not write.

    Raises:
        QgsProcessingException: saying so.
    """
    path = Path(folder)
    if path.exists() and not path.is_dir():
        raise QgsProcessingException(f'{folder} is a file; choose a folder for the results')
    while not path.is_dir():
        path = path.parent
    try:
        with tempfile.TemporaryFile(dir=path):
            return
    except OSError as error:
        raise QgsProcessingException(
            f'{folder} cannot be written ({error.strerror}); choose a folder of your own, such as '
            f'one in {Path.home()}'
        ) from error
