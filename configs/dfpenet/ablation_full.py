# python tools/train.py configs/dfpenet/ablation_full.py
# Table 1, + DFPM + AGM + GCN: DFPENet, as vaihingen.py.
_base_ = ['vaihingen.py']
