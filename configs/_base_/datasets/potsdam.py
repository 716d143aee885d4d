# ISPRS Potsdam, prepared by tools/dataset_converters/potsdam.py. The paper does not use it: crops,
# batch, augmentation, labels and scores are those of Vaihingen.
_base_ = ['vaihingen.py']
data_root = 'data/potsdam'
train_dataloader = dict(dataset=dict(type='PotsdamTileDataset', data_root=data_root))
val_dataloader = dict(dataset=dict(type='PotsdamTileDataset', data_root=data_root))
test_dataloader = dict(dataset=dict(type='PotsdamTileDataset', data_root=data_root))
