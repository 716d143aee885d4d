# python tools/train.py configs/dfpenet/sichuan_frozen.py
# Transfer strategy 2: keep the Landslide4Sense network's backbone, fine-tune the rest on X2.
_base_ = ['sichuan_scratch.py']
load_from = 'checkpoints/dfpenet_mobilenetv2_landslide4sense.pth'
model = dict(type='FrozenEncoderDecoder', frozen=['backbone'], backbone=dict(init_cfg=None))
