# The second study (section 4.2): 3 m pixels, so that 25 x ground resolution is 75 m2. The paper
# counts 1,987 regions, and 1,362 after the filter and the difference.
# The hooks are those of the first study; only the resolution differs, which area_factor follows.
_base_ = './paper.py'
