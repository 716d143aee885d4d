import errno
import json
import os
import signal
import sys
from contextlib import suppress

import pytest

from dfpenet_mm.cli import refusals
from dfpenet_mm.cli.refusals import exit_on_user_error
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


def test_a_signal_that_comes_twice_does_not_disturb_the_cleanup(capsys):
    cleaned = []

    def stop_and_stop_again():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            stop_while_writing(cleaned)
            os.kill(os.getpid(), signal.SIGINT)
            cleaned.append(True)

    with pytest.raises(SystemExit) as exit_info, exit_on_user_error(debug=False):
        stop_and_stop_again()
    assert exit_info.value.code == 143
    assert capsys.readouterr().err == 'terminated\n'
    assert cleaned == [True, True]


def test_a_signal_during_the_last_words_is_too_late(capsys, monkeypatch):
    written = sys.stderr.write

    def write(text):
        os.kill(os.getpid(), signal.SIGTERM)
        return written(text)

    monkeypatch.setattr(sys.stderr, 'write', write)
    with pytest.raises(SystemExit) as exit_info, exit_on_user_error(debug=False):
        raise ConfigError('stride is 0')
    assert exit_info.value.code == 2
    assert capsys.readouterr().err == 'error: stride is 0\n'


def test_a_signal_that_comes_again_after_a_while_is_meant(monkeypatch):
    """The first may have been lost in the code of a library."""
    clock = iter([100.0, 100.0 + refusals.REPEAT_S])
    monkeypatch.setattr(refusals.time, 'monotonic', lambda: next(clock))

    def lose_the_first():
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(SystemExit) as exit_info, exit_on_user_error(debug=False):
        lose_the_first()
    assert exit_info.value.code == 130


def test_a_terminal_that_closes_leaves_nohup_alone():
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with exit_on_user_error(debug=False):
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, former)


@pytest.mark.parametrize(
    ('error', 'sentence'),
    [
        (OSError(errno.ENOSPC, 'No space left on device', 'a.tif'), 'a.tif: No space left on'),
        (
            OSError(errno.ENAMETOOLONG, 'File name too long', 'a'),
            'a: File name too long; give a sh',
        ),
        (MemoryError(), 'memory ran out (MemoryError)'),
        (
            RuntimeError('Exception from core:\nstd::bad_alloc'),
            'memory ran out (Exception from core:',
        ),
        (ImportError('libtorch.so: failed to map segment from shared object'), 'memory ran out'),
        (UnicodeEncodeError('utf-8', 'a\udc8e', 1, 2, 'surrogates not allowed'), 'is not UTF-8'),
    ],
)
def test_what_the_machine_refuses_is_no_defect(capsys, error, sentence):
    with pytest.raises(SystemExit) as exit_info, exit_on_user_error(debug=False):
        raise error
    assert exit_info.value.code == 2
    assert sentence in capsys.readouterr().err
    with pytest.raises(type(error)), exit_on_user_error(debug=True):
        raise error


def test_a_missing_file_and_a_wrong_letter_are_defects():
    for error in (
        FileNotFoundError(errno.ENOENT, 'gone', 'a'),
        UnicodeEncodeError('ascii', 'ä', 0, 1, 'x'),
    ):
        with pytest.raises(type(error)), exit_on_user_error(debug=False):
            raise error


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
