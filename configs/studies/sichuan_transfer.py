# python tools/run_study.py configs/studies/sichuan_transfer.py
# The three transfer strategies of section 3.4, against training without a source.
results = 'docs/experiments/sichuan_transfer.csv'
configs = dict(
    scratch='configs/dfpenet/sichuan_scratch.py',
    finetune='configs/dfpenet/sichuan_finetune.py',
    frozen='configs/dfpenet/sichuan_frozen.py',
    joint='configs/dfpenet/sichuan_joint.py',
)
seeds = (0, 1, 2)
flips = True
options = ('optim_wrapper.type=AutocastOptimWrapper',)
