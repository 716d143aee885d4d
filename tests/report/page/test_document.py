import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from dfpenet_mm.report.page.document import environment, json_text, script, security_policy


@given(st.dictionaries(st.text('<>&/!-script"\'\u2028', max_size=12), st.text(max_size=12)))
def test_json_comes_back_and_ends_no_element(value):
    text = json_text(value)
    assert json.loads(text) == value
    assert not set('<>&') & set(text)


def test_nan_is_refused():
    with pytest.raises(ValueError, match='not JSON compliant'):
        json_text(float('nan'))


def test_templates_escape_and_miss_nothing():
    templates = environment()
    assert templates.from_string('{{ name }}').render(name='<b>') == '&lt;b&gt;'
    with pytest.raises(UndefinedError):
        templates.from_string('{{ missing }}').render()


def test_checksum_is_that_which_browsers_take():
    # From the content security policy specification's example.
    policy = security_policy("alert('Hello, world.');")
    assert "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='" in policy


def test_script_ends_no_element():
    text = script().lower()
    assert '</script' not in text
    assert '<!--' not in text
