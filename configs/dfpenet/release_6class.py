# python tools/convert_checkpoint.py RELEASE.pth dfpenet_6class.pth
# The authors' released Vaihingen model: dilations 2, 4, 8 in the last stage.
_base_ = ['../_base_/default_runtime.py', '../_base_/models/dfpenet_r101.py']
model = dict(
    backbone=dict(last_stage_dilations=(2, 4, 8), init_cfg=None),
    decode_head=dict(num_classes=6),
)
