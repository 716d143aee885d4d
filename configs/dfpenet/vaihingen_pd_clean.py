# python tools/train.py configs/dfpenet/vaihingen_pd_clean.py
# Pre-training as in vaihingen_pd.py without test tiles: 26,800 patches of the 16 training tiles.
_base_ = ['vaihingen.py']
train_dataloader = dict(dataset=dict(ann_file='splits/pd_train_clean.txt'))
