import subprocess
import sys
from importlib.util import find_spec

import pytest

from dfpenet_mm.errors import InstallError
from dfpenet_mm.mapping.network.openvino_network import openvino_library, silence_telemetry

if find_spec('openvino') is None:
    pytest.skip('OpenVINO is not installed', allow_module_level=True)

# In a process of its own: here it may be imported already.
CODE = """
import sys
from dfpenet_mm.mapping.network.openvino_network import openvino_library
openvino_library()
telemetry = [name for name, module in sys.modules.items()
             if name.startswith('openvino_telemetry') and module is not None]
from openvino.tools.ovc.telemetry_utils import tm
print(telemetry, tm.__name__)
"""


def test_openvino_is_imported_without_its_telemetry():
    done = subprocess.run(
        [sys.executable, '-c', CODE], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split('\n')[-2] == '[] openvino.tools.ovc.telemetry_stub'


def test_what_is_imported_already_is_left_alone(monkeypatch):
    monkeypatch.setitem(sys.modules, 'openvino_telemetry', sys)
    silence_telemetry('sys')
    assert sys.modules['openvino_telemetry'] is sys


def test_a_missing_openvino_is_said_in_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, 'openvino', None)
    with pytest.raises(InstallError, match=r'pip install .dfpenet_mm\[openvino\].'):
        openvino_library()
