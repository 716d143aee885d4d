# python tools/train.py configs/dfpenet/all_sizes_without_landslide4sense.py
# all_sizes_mobilenetv2.py without Landslide4Sense, to be tested on them.
_base_ = ['all_sizes_mobilenetv2.py']
train_dataloader = dict(dataset=dict(datasets=_base_.all_sizes[1:]))
