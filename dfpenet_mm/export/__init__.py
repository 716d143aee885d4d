"""Turn a trained network into files that other runtimes execute, and measure what that costs.

``quantise`` finds real windows and makes int8 of a network with them, ``validation`` scores a
predictor against ground truth, ``openvino_folder`` puts the parts together, ``onnx_folder``
writes ONNX.
"""
