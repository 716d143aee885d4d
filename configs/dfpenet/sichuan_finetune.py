# python tools/train.py configs/dfpenet/sichuan_finetune.py
# Transfer strategy 1: fine-tune the Landslide4Sense network on the Sichuan images (X2).
_base_ = ['sichuan_scratch.py']
load_from = 'checkpoints/dfpenet_mobilenetv2_landslide4sense.pth'
model = dict(backbone=dict(init_cfg=None))
