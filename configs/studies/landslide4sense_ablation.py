# python tools/run_study.py configs/studies/landslide4sense_ablation.py
# Table 1 on a small backbone: what each part of DFPENet adds, and mmseg's DeepLabV3+.
results = 'docs/experiments/landslide4sense_ablation.csv'
configs = dict(
    deeplabv3plus='configs/dfpenet/landslide4sense_deeplabv3plus_mobilenetv2.py',
    baseline='configs/dfpenet/landslide4sense_baseline.py',
    dfpm='configs/dfpenet/landslide4sense_dfpm.py',
    dfpm_agm='configs/dfpenet/landslide4sense_dfpm_agm.py',
    full='configs/dfpenet/landslide4sense_full.py',
)
seeds = (0, 1, 2)
flips = True
options = ('optim_wrapper.type=AutocastOptimWrapper', 'train_cfg.val_interval=2000')
