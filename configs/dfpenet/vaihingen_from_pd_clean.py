# python tools/train.py configs/dfpenet/vaihingen_from_pd_clean.py
# DFPENet+PD whose pre-training has seen no test tile: from what vaihingen_pd_clean.py ends with.
_base_ = ['vaihingen.py']
load_from = 'work_dirs/vaihingen_pd_clean/iter_62000.pth'
model = dict(backbone=dict(init_cfg=None))
