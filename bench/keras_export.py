"""Writes a model of keras.applications with seeded weights as Keras itself exports it to ONNX.

    python bench/keras_export.py NAME SIZE_PX GAIN FILE

Without arguments: says which Keras on which backend would do it, or fails. Keras exports from TensorFlow with
tf2onnx, from PyTorch with onnx alone; KERAS_BACKEND chooses, else the first that is installed.
"""

import importlib.util
import os
import pathlib
import sys
import warnings

NEEDED = {"tensorflow": ("tensorflow", "tf2onnx"), "torch": ("torch", "onnx"), "jax": ("jax", "tensorflow", "tf2onnx")}


def installed(backend):
    return all(importlib.util.find_spec(module) for module in NEEDED[backend])


def choose_backend():
    wanted = [os.environ["KERAS_BACKEND"]] if "KERAS_BACKEND" in os.environ else list(NEEDED)
    for backend in wanted:
        if installed(backend):
            return backend
    raise SystemExit("needs keras with " + ", or ".join(" and ".join(NEEDED[backend]) for backend in wanted))


os.environ["KERAS_BACKEND"] = choose_backend()
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
# Tracing warns of each shape that it takes for constant.
warnings.filterwarnings("ignore")
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "models" / "zoo" / "check"))
import keras  # noqa: E402
import numpy as np  # noqa: E402
from seeded import fill  # noqa: E402


def main():
    if len(sys.argv) == 1:
        print(f"Keras {keras.__version__} on {keras.backend.backend()}")
        return
    name, size, gain, file = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    constructor = getattr(keras.applications, name)
    model = constructor(weights=None, classifier_activation=None, input_shape=(size, size, 3))
    fill(model, gain)
    # Keras refuses to export what was never called.
    model(np.zeros((1, size, size, 3), np.float32), training=False)
    model.export(file, format="onnx", verbose=False)


if __name__ == "__main__":
    main()
