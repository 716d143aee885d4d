# python tools/train.py configs/dfpenet/all_sizes_without_tianshui.py
# all_sizes_mobilenetv2.py without the false-colour orthophotos of Tianshui, to be tested on them.
_base_ = ['all_sizes_mobilenetv2.py']
train_dataloader = dict(dataset=dict(datasets=_base_.all_sizes[:2] + _base_.all_sizes[3:]))
