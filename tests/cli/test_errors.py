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
