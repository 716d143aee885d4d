"""Turn a trained network into files that other runtimes execute, and measure what that costs.

``calibration`` finds real windows, ``quantise`` makes int8 of a network with them,
``validation`` scores a predictor against ground truth, ``quantised_folder`` puts the parts
together, ``onnx_file`` writes ONNX.
"""
