# The first study (section 4.1): 1.5 m pixels, so that 25 x ground resolution is 37.5 m2. The paper
# counts 712 regions, 573 after the area filter and 522 after the difference.
# The hooks are those of the second study; only the resolution differs, which area_factor follows.
_base_ = './paper.py'
