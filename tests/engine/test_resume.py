import pytest
import torch
from mmengine.config import Config

from dfpenet_mm.engine.resume import changed_parts, find_resume_point, resume_run
from dfpenet_mm.errors import CheckpointError, ConfigError


def make_config(work_dir, **parts):
    base = {'model': {'type': 'Net'}, 'optim_wrapper': {'type': 'OptimWrapper'}, 'load_from': None}
    return Config({**base, 'work_dir': str(work_dir), **parts})


def write(folder, iteration, settings, **meta):
    content = {
        'meta': {'iter': iteration, 'cfg': settings.pretty_text, **meta},
        'state_dict': {},
        'message_hub': {},
        'optimizer': {},
    }
    torch.save(content, folder / f'iter_{iteration}.pth')
    return folder / f'iter_{iteration}.pth'


@pytest.fixture
def config(tmp_path):
    return make_config(tmp_path)


def test_the_newest_by_number_not_by_name(tmp_path, config):
    for iteration in (90, 1000, 200):
        write(tmp_path, iteration, config)
    (tmp_path / 'last_checkpoint').write_text('')
    (tmp_path / 'iter_5000.pth.part').write_text('')
    point = find_resume_point(tmp_path)
    assert (point.checkpoint.name, point.iteration) == ('iter_1000.pth', 1000)


def test_truncated_files_are_passed_over(tmp_path, config):
    write(tmp_path, 10, config)
    newer = write(tmp_path, 20, config)
    newer.write_bytes(newer.read_bytes()[:-30])
    notices = resume_run(config)
    assert config.load_from == str(tmp_path / 'iter_10.pth')
    assert notices[0] == 'iter_20.pth is incomplete or holds NaN, and is left out.'


def test_nothing_whole_is_an_error(tmp_path, config):
    (tmp_path / 'iter_20.pth').write_bytes(b'')
    with pytest.raises(CheckpointError, match='none of the 1 checkpoints'):
        resume_run(config)


def test_nothing_at_all_starts_anew_from_where_the_config_says(tmp_path):
    config = make_config(tmp_path / 'none', load_from='pretrained.pth', resume=True)
    (notice,) = resume_run(config)
    assert 'starts anew' in notice
    assert (config.resume, config.load_from) == (False, 'pretrained.pth')


def test_the_run_itself_goes_before_what_it_started_from(tmp_path):
    config = make_config(tmp_path, load_from='pretrained.pth')
    path = write(tmp_path, 4, config)
    resume_run(config)
    assert (config.resume, config.load_from) == (True, str(path))


def test_last_checkpoint_counts_where_no_number_tells(tmp_path, config):
    elsewhere = tmp_path / 'elsewhere'
    elsewhere.mkdir()
    path = write(elsewhere, 7, config)
    (tmp_path / 'last_checkpoint').write_text(str(path))
    assert find_resume_point(tmp_path).checkpoint == path


def test_weights_alone_cannot_be_resumed(tmp_path):
    torch.save({'state_dict': {}, 'meta': {'iter': 3}}, tmp_path / 'iter_3.pth')
    with pytest.raises(CheckpointError):
        find_resume_point(tmp_path)


def test_a_config_that_mmengine_would_run_is_refused(tmp_path, config):
    write(tmp_path, 3, config, config='raise SystemExit')
    with pytest.raises(CheckpointError):
        find_resume_point(tmp_path)


def test_another_network_is_refused(tmp_path, config):
    write(tmp_path, 3, make_config(tmp_path, model={'type': 'Other'}))
    with pytest.raises(ConfigError, match='of another network'):
        resume_run(config)


def test_another_optimiser_is_told(tmp_path, config):
    write(tmp_path, 3, make_config(tmp_path, optim_wrapper={'type': 'AutocastOptimWrapper'}))
    assert any(
        'differs from the run so far in optim_wrapper' in line for line in resume_run(config)
    )


def test_more_iterations_and_another_folder_are_no_difference(config):
    longer = make_config('moved', train_cfg={'max_iters': 9})
    assert changed_parts(config.pretty_text, longer) == ()


def test_a_config_text_is_never_run(config):
    assert changed_parts('raise SystemExit', config) == ()
    assert changed_parts('not python at all', config) == ()


def test_a_checkpoint_of_nan_is_passed_over(tmp_path, config):
    write(tmp_path, 10, config)
    content = torch.load(write(tmp_path, 20, config))
    content['state_dict'] = {'a': torch.tensor([float('nan')])}
    torch.save(content, tmp_path / 'iter_20.pth')
    assert find_resume_point(tmp_path).iteration == 10
