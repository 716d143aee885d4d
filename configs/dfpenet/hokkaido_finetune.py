# python tools/train.py configs/dfpenet/hokkaido_finetune.py
# Transfer strategy 1: fine-tune the Jiuzhaigou network on the new samples (X2).
_base_ = ['jiuzhaigou.py', '../_base_/datasets/hokkaido.py']
load_from = 'work_dirs/jiuzhaigou/iter_30000.pth'
model = dict(backbone=dict(init_cfg=None))
train_dataloader = dict(dataset=dict(_delete_=True, **_base_.hokkaido_train))
val_dataloader = dict(dataset=_base_.hokkaido_val)
test_dataloader = dict(dataset=_base_.hokkaido_val)
train_cfg = dict(max_iters=1000, val_interval=100)
param_scheduler = [dict(type='PolyLR', power=0.9, eta_min=0.0, end=1000, by_epoch=False)]
