import json
import os
import signal

import pytest

from dfpenet_mm.cli.errors import exit_on_user_error
from dfpenet_mm.errors import ConfigError


def test_user_errors_are_one_sentence_and_code_2(capsys):
    with pytest.raises(SystemExit) as exit_info, exit_on_user_error(debug=False):
        raise ConfigError('stride is 0; give 1 or more')
    assert exit_info.value.code == 2
    assert capsys.readouterr().err == 'error: stride is 0; give 1 or more\n'


def test_debug_and_defects_keep_their_traceback():
    with pytest.raises(ConfigError), exit_on_user_error(debug=True):
        raise ConfigError('as it is')
    with pytest.raises(ZeroDivisionError), exit_on_user_error(debug=False):
        raise ZeroDivisionError


def test_ctrl_c_is_code_130(capsys):
    with pytest.raises(SystemExit) as exit_info, exit_on_user_error(debug=False):
        raise KeyboardInterrupt
    assert exit_info.value.code == 130
    assert 'interrupted' in capsys.readouterr().err


def stop_while_writing(cleaned):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        cleaned.append(True)


def test_sigterm_cleans_up_and_is_code_143(capsys):
    former = signal.getsignal(signal.SIGTERM)
    cleaned = []
    with pytest.raises(SystemExit) as exit_info, exit_on_user_error(debug=False):
        stop_while_writing(cleaned)
    assert exit_info.value.code == 143
    assert capsys.readouterr().err == 'terminated\n'
    assert cleaned == [True]
    assert signal.getsignal(signal.SIGTERM) is former


def test_notes_follow_on_the_same_line(capsys):
    interrupt = KeyboardInterrupt()
    interrupt.add_note('7 finished blocks are kept')
    with pytest.raises(SystemExit), exit_on_user_error(debug=False):
        raise interrupt
    assert capsys.readouterr().err == 'interrupted; 7 finished blocks are kept\n'


@pytest.mark.parametrize(
    ('error', 'sentence', 'code'),
    [
        (ConfigError('stride is 0'), 'stride is 0', 2),
        (KeyboardInterrupt(), 'interrupted', 130),
    ],
)
def test_programs_get_a_document(capsys, error, sentence, code):
    with pytest.raises(SystemExit) as exit_info, exit_on_user_error(debug=False, as_json=True):
        raise error
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {'error': sentence, 'exit_code': code}
    assert sentence in printed.err
    assert exit_info.value.code == code


def test_programs_hear_of_a_defect_too(capsys):
    with pytest.raises(ZeroDivisionError), exit_on_user_error(debug=False, as_json=True):
        raise ZeroDivisionError('by nought')
    document = json.loads(capsys.readouterr().out)
    assert document == {'error': 'ZeroDivisionError: by nought', 'exit_code': 1}
