"""Losses see labelled pixels alone: those of the class, of every config, and of the pages."""

import math

import pytest
import torch
from mmengine.config import Config
from mmseg.models.losses import CrossEntropyLoss, DiceLoss
from mmseg.registry import MODELS

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.models import LabelledCrossEntropyLoss, LabelledDiceLoss, LabelledFocalLoss
from dfpenet_mm.resources import config_dir
from tests.docs.blocks import blocks

LOSSES = {
    'ce': {'type': 'LabelledCrossEntropyLoss'},
    'weighed': {'type': 'LabelledCrossEntropyLoss', 'class_weight': [1.0, 2.0]},
    'focal': {'type': 'LabelledFocalLoss', 'class_weight': [1.0, 3.0]},
    'root': {'type': 'LabelledFocalLoss', 'gamma': 0.5},
    'dice': {'type': 'LabelledDiceLoss'},
    'all_classes': {'type': 'LabelledDiceLoss', 'left_out': None},
}


def losses_of(model):
    losses = model.decode_head.loss_decode
    return losses if isinstance(losses, list) else [losses]


def shown_losses(folder):
    """Every loss of the configs, and of the pages' examples on top of them."""
    places = {path.stem: path for path in sorted((config_dir() / 'dfpenet').glob('*.py'))}
    for path in (config_dir()).rglob('*.py'):
        target = folder / path.relative_to(config_dir().parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(path)
    for block in blocks('python'):
        if block.first.startswith('# configs/'):
            path = folder / block.first.removeprefix('# ')
            path.write_text(block.text)
            places[block.first] = path
    for name, path in places.items():
        for loss in losses_of(Config.fromfile(path, import_custom_modules=False).model):
            yield name, dict(loss)


def case(classes=2, size=8):
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(2, classes, size, size, generator=generator, dtype=torch.float64)
    label = torch.randint(0, max(classes, 2), (2, size, size), generator=generator)
    return logits, label


def require_blind(loss, classes):
    """The right half of the images has no label; their left halves alone give the same."""
    logits, label = case(classes)
    label[:, :, 4:] = 255
    logits.requires_grad_()
    value = loss(logits, label, ignore_index=255)
    value.backward()
    assert not logits.grad[..., 4:].any()
    assert logits.grad[..., :4].any()

    changed = logits.detach().clone()
    changed[:, 0, :, 4:] -= 50
    assert torch.equal(loss(changed, label, ignore_index=255), value)

    alone = loss(logits[..., :4], label[..., :4], ignore_index=255)
    torch.testing.assert_close(alone, value.detach())


@pytest.mark.parametrize('name', LOSSES)
@pytest.mark.parametrize('classes', [1, 2])
def test_ignored_pixels_change_neither_value_nor_gradient(name, classes):
    require_blind(MODELS.build(LOSSES[name]).double(), classes)


def test_every_loss_of_the_configs_and_the_pages_is_blind_to_ignored_pixels(tmp_path):
    places, losses = zip(*shown_losses(tmp_path), strict=True)
    assert len(set(places)) > 25
    distinct = {str(loss): loss for loss in losses}.values()
    assert {loss['type'] for loss in distinct} >= {'LabelledFocalLoss', 'LabelledDiceLoss'}
    for loss in distinct:
        classes = len(loss.get('class_weight') or (1, 1))
        require_blind(MODELS.build(loss).double(), classes)


@pytest.mark.parametrize('name', LOSSES)
def test_an_image_without_a_label_is_as_if_it_were_not_there(name):
    loss = MODELS.build(LOSSES[name]).double()
    logits, label = case()
    label[1] = 255
    together = loss(logits, label, ignore_index=255)
    torch.testing.assert_close(together, loss(logits[:1], label[:1], ignore_index=255))

    label[:] = 255
    logits.requires_grad_()
    nothing = loss(logits, label, ignore_index=255)
    nothing.backward()
    assert nothing.item() == 0
    assert not logits.grad.any()


@pytest.mark.parametrize('name', LOSSES)
def test_one_logit_is_as_two_of_which_the_first_is_0(name):
    loss = MODELS.build(LOSSES[name]).double()
    logits, label = case(1)
    two = torch.cat([torch.zeros_like(logits), logits], dim=1)
    torch.testing.assert_close(loss(logits, label), loss(two, label))


def test_dice_of_landslides_is_mmsegs_where_every_pixel_is_labelled():
    theirs = DiceLoss(use_sigmoid=False, ignore_index=0)
    for seed in range(5):
        generator = torch.Generator().manual_seed(seed)
        logits = torch.randn(3, 2, 16, 16, generator=generator)
        label = torch.randint(0, 2, (3, 16, 16), generator=generator)
        label[0] = 0  # an image without landslides
        assert torch.equal(LabelledDiceLoss()(logits, label), theirs(logits, label))


@pytest.mark.parametrize('weights', [None, [1.0, 2.0]])
def test_cross_entropy_is_mmsegs(weights):
    # mmseg's own averages over labelled pixels: with weights if the flag is off, else if it is on.
    theirs = CrossEntropyLoss(class_weight=weights, avg_non_ignore=weights is None)
    logits, label = case()
    label[:, :2] = 255
    ours = LabelledCrossEntropyLoss(class_weight=weights).double()
    wanted = theirs(logits, label, ignore_index=255)
    torch.testing.assert_close(ours(logits, label), wanted, rtol=1e-6, atol=0)


def test_focal_loss_by_hand():
    # p of the truth: 3/4, 1/4 (weighed twice), and a pixel without a label.
    logits = torch.tensor([[0.0, 0.0, 9.0], [math.log(3), math.log(1 / 3), 9.0]])[None, :, None]
    label = torch.tensor([[[1, 1, 255]]])
    right, wrong = 0.25**2 * -math.log(0.75), 0.75**2 * -math.log(0.25)
    found = LabelledFocalLoss()(logits, label).item()
    assert found == pytest.approx((right + wrong) / 2, rel=1e-5)

    label = torch.tensor([[[1, 0, 255]]])
    right, sure = 0.25**2 * -math.log(0.75), 0.25**2 * -math.log(0.75)
    found = LabelledFocalLoss(class_weight=[2.0, 1.0], loss_weight=10)(logits, label).item()
    assert found == pytest.approx(10 * (right + 2 * sure) / 3, rel=1e-5)
    assert LabelledFocalLoss(gamma=0)(logits, label).item() == pytest.approx(
        LabelledCrossEntropyLoss()(logits, label).item()
    )


def test_dice_by_hand():
    # Probabilities of landslide 1/2 and 3/4, truth landslide and background.
    logits = torch.tensor([0.0, math.log(3)])[None, None, None]
    label = torch.tensor([[[1, 0]]])
    dice = 2 * 0.5 / (0.25 + 0.5625 + 1 + 0.002)
    assert LabelledDiceLoss()(logits, label).item() == pytest.approx(1 - dice, rel=1e-6)


def test_a_pixel_right_beyond_doubt_has_a_finite_slope():
    logits = torch.tensor([-200.0, 200.0])[None, :, None, None].requires_grad_()
    LabelledFocalLoss(gamma=0.5)(logits, torch.ones(1, 1, 1, dtype=torch.long)).backward()
    assert torch.isfinite(logits.grad).all()


def test_weights_that_do_not_fit_the_classes_are_refused():
    logits, label = case(3)
    with pytest.raises(ConfigError, match=r'has 2 numbers and the network 3 classes'):
        LabelledCrossEntropyLoss(class_weight=[1.0, 2.0])(logits, label)


def test_samplers_of_pixels_get_what_they_ask_for():
    logits, label = case()
    label[:, 0] = 255
    by_pixel = LabelledCrossEntropyLoss()(logits, label, reduction_override='none')
    assert by_pixel.shape == label.shape
    assert not by_pixel[:, 0].any()
    chosen = torch.zeros(label.shape)
    chosen[:, 1] = 1
    weighed = LabelledCrossEntropyLoss()(logits, label, weight=chosen)
    torch.testing.assert_close(weighed, by_pixel[:, 1].sum() / (2 * 7 * 8))
    with pytest.raises(ConfigError, match='sampler'):
        LabelledDiceLoss()(logits, label, weight=chosen)
