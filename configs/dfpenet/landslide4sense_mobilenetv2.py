# python tools/train.py configs/dfpenet/landslide4sense_mobilenetv2.py
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/dfpenet_mobilenetv2.py',
    '../_base_/datasets/landslide4sense.py',
    '../_base_/schedules/adamw_2k.py',
    '../_base_/mapping/sentinel2_landslide4sense.py',
    '../postproc/default.py',
]
