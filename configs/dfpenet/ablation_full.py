# python tools/train.py configs/dfpenet/ablation_full.py
# Table 1, + DFPM + AGM + GCN: DFPENet, as vaihingen.py.
# Scored on eroded labels; Table 1 seems to be on whole ones (see _base_/datasets/vaihingen.py).
_base_ = ['vaihingen.py']
