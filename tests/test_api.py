"""The verbs as functions of the package."""

import inspect
import os
import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

import dfpenet_mm
from dfpenet_mm import api
from dfpenet_mm.errors import DfpenetError
from dfpenet_mm.run import audit, finish
from dfpenet_mm.run.request import RunRequest
from dfpenet_mm.teaching.request import TeachRequest

ROOT = Path(__file__).resolve().parents[1]
# Told of the caller in the products; an empty mapping in the request.
OWN_DEFAULT = {'command', 'layers'}


def parameters(function):
    return dict(inspect.signature(function).parameters)


def test_the_package_loads_no_library_until_a_function_is_called(tmp_path):
    code = (
        'import sys, dfpenet_mm\n'
        'dfpenet_mm.map_landslides, dfpenet_mm.audit_draw\n'
        'heavy = {"torch", "mmseg", "rasterio", "geopandas", "numpy"} & set(sys.modules)\n'
        'print(sorted(heavy), [name for name in dir(dfpenet_mm) if name == "finish"])\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code],
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout == "[] ['finish']\n"


def test_the_package_offers_the_functions_and_nothing_else():
    for name in dfpenet_mm.__all__:
        assert getattr(dfpenet_mm, name) is getattr(api, name)
    with pytest.raises(AttributeError, match='has no attribute'):
        dfpenet_mm.no_such_verb  # noqa: B018 - asked for to see it refused


@pytest.mark.parametrize(
    ('face', 'request_'), [(api.map_landslides, RunRequest), (api.teach, TeachRequest)]
)
def test_everything_that_a_command_may_ask_for_may_be_asked_in_a_program(face, request_):
    offered = parameters(face)
    asked = {field.name: field.default for field in fields(request_)}
    assert set(offered) - {'progress'} == set(asked)
    for name in set(asked) - OWN_DEFAULT:
        wanted = inspect.Parameter.empty if asked[name] is MISSING else asked[name]
        assert offered[name].default == wanted, name


@pytest.mark.parametrize(
    ('face', 'function'),
    [
        (api.finish, finish.finish_run),
        (api.audit_draw, audit.draw_audit),
        (api.audit_estimate, audit.estimate_audit),
    ],
)
def test_faces_have_the_parameters_of_what_they_call(face, function):
    offered, wanted = parameters(face), parameters(function)
    assert list(offered) == list(wanted)
    for name, parameter in wanted.items():
        assert offered[name].default == parameter.default
        assert offered[name].kind == parameter.kind


def test_names_of_files_may_be_texts_and_faults_are_sentences(tmp_path):
    for call in (dfpenet_mm.audit_draw, dfpenet_mm.audit_estimate, dfpenet_mm.finish):
        with pytest.raises(DfpenetError, match='is no folder'):
            call(str(tmp_path / 'nowhere'))
    with pytest.raises(DfpenetError, match=r'nowhere\.tif'):
        dfpenet_mm.map_landslides(str(tmp_path / 'nowhere.tif'), out=str(tmp_path / 'out'))
    with pytest.raises(DfpenetError, match='there is nothing to learn from'):
        dfpenet_mm.teach(str(tmp_path / 'out'))
