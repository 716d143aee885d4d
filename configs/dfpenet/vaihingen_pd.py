# python tools/train.py configs/dfpenet/vaihingen_pd.py
# The paper's pre-training: 26,800 patches of 20 tiles, 16 for training and 4 of the test set. The
# paper does not name the 4; the converter takes 8, 16, 27 and 35. So this learns from tiles that
# Tables 1 and 2 score on; vaihingen_pd_clean.py does not. What is scored here are the 13 test
# tiles that pre-training does not see.
_base_ = ['vaihingen.py']
train_dataloader = dict(dataset=dict(ann_file='splits/pd_train.txt'))
val_dataloader = dict(dataset=dict(ann_file='splits/test_tiles_unseen_in_pd.txt'))
test_dataloader = dict(dataset=dict(ann_file='splits/test_tiles_unseen_in_pd.txt'))
