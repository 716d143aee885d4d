import os

import pytest

from dfpenet_mm import processor
from dfpenet_mm.doctor import environment
from dfpenet_mm.doctor.environment import check_disk, check_memory, check_processor

CPU = 'processor : 0\nmodel name : Fast 9000\nflags : fpu avx2 avx512_bf16 amx_int8 sse\n'


def test_processor(monkeypatch, tmp_path):
    (tmp_path / 'cpuinfo').write_text(CPU)
    monkeypatch.setattr(processor, 'CPU_INFO', tmp_path / 'cpuinfo')
    named, extensions = check_processor()
    assert named.found == f'Fast 9000, {processor.usable_cores()} cores for this process'
    assert extensions.found == 'avx2 avx512_bf16 amx_int8'


def test_a_system_that_tells_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(processor, 'CPU_INFO', tmp_path / 'none')
    monkeypatch.setattr(environment, 'MEMORY_INFO', tmp_path / 'none')
    assert {found.status for found in (*check_processor(), *check_memory())} == {'ok'}


@pytest.mark.parametrize(
    ('free_kib', 'limit', 'status', 'shown'),
    [
        (8 * 2**20, 'max', 'ok', '8.0 GiB'),
        (2**20, 'max', 'warning', '1.0 GiB'),
        (8 * 2**20, 2**29, 'warning', '0.5 GiB'),
    ],
)
def test_memory_and_the_limit_of_a_container(
    monkeypatch, tmp_path, free_kib, limit, status, *, shown
):
    (tmp_path / 'meminfo').write_text(f'MemTotal: 1 kB\nMemAvailable: {free_kib} kB\n')
    (tmp_path / 'max').write_text(f'{limit}\n')
    monkeypatch.setattr(environment, 'MEMORY_INFO', tmp_path / 'meminfo')
    monkeypatch.setattr(environment, 'MEMORY_LIMITS', (tmp_path / 'none', tmp_path / 'max'))
    (found,) = check_memory()
    assert found.status == status
    assert shown in found.found
    assert bool(found.mend) == (status == 'warning')


def test_disk(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(environment, 'LEAST_DISK', 0)
    (found,) = check_disk()
    assert found.status == 'ok'
    assert str(tmp_path) in found.found
    monkeypatch.setattr(environment, 'LEAST_DISK', 2**80)
    (found,) = check_disk()
    assert found.status == 'warning'
    assert '--out' in found.mend
    monkeypatch.setattr(os, 'access', lambda *_: False)
    (found,) = check_disk()
    assert 'may not be written to' in found.found
