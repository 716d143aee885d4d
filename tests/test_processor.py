import os
import platform
import sys
import types

import pytest

from dfpenet_mm import processor
from dfpenet_mm.processor import set_thread_count, thread_count, usable_cores


def test_linux_tells_in_a_file(tmp_path, monkeypatch):
    info = tmp_path / 'cpuinfo'
    info.write_text('processor\t: 0\nmodel name\t: Maker X: 3 GHz\nmodel name\t: other\n')
    monkeypatch.setattr(processor, 'CPU_INFO', info)
    assert processor.processor_name() == 'Maker X: 3 GHz'


@pytest.mark.parametrize('content', [None, 'Hardware : board\n'])
def test_others_tell_python(content, tmp_path, monkeypatch):
    info = tmp_path / 'cpuinfo'
    if content:
        info.write_text(content)
    monkeypatch.setattr(processor, 'CPU_INFO', info)
    monkeypatch.setattr(platform, 'processor', lambda: '')
    monkeypatch.setattr(platform, 'machine', lambda: 'arm64')
    assert processor.processor_name() == 'arm64'


@pytest.mark.parametrize(('value', 'threads'), [('3', 3), ('0', None), ('many', None), ('', None)])
def test_threads_are_those_of_the_variable_or_the_cores(value, threads, monkeypatch):
    monkeypatch.setenv('OMP_NUM_THREADS', value)
    assert thread_count() == (threads or usable_cores())
    monkeypatch.delenv('OMP_NUM_THREADS')
    assert thread_count() == usable_cores()


def test_cores_of_a_system_that_binds_no_process(monkeypatch):
    monkeypatch.delattr(os, 'sched_getaffinity', raising=False)
    monkeypatch.setattr(os, 'cpu_count', lambda: 7)
    assert usable_cores() == 7


def test_threads_are_set_in_pytorch_where_it_is_loaded(monkeypatch):
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    told = []
    torch = types.SimpleNamespace(set_num_threads=told.append)
    monkeypatch.setitem(sys.modules, 'torch', torch)
    set_thread_count(2)
    assert (thread_count(), told) == (2, [2])
