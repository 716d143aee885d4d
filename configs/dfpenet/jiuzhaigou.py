# python tools/train.py configs/dfpenet/jiuzhaigou.py
# DFPENet on the landslide database of section 4.1: 512x512 chips, 30,000 iterations.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/dfpenet_r101.py',
    '../_base_/datasets/landslide_chips.py',
    '../_base_/schedules/sgd_poly.py',
    '../_base_/mapping/rgb_8bit.py',
    '../postproc/paper.py',
]
train_dataloader = dict(dataset=dict(data_root='data/jiuzhaigou/train'))
val_dataloader = dict(dataset=dict(data_root='data/jiuzhaigou/val'))
test_dataloader = dict(dataset=dict(data_root='data/jiuzhaigou/val'))
train_cfg = dict(max_iters=30000)
param_scheduler = [dict(type='PolyLR', power=0.9, eta_min=0.0, end=30000, by_epoch=False)]
default_hooks = dict(checkpoint=dict(save_best='landslide/IoU', rule='greater'))
