"""Writes fixtures/logits/<model>.json: what keras.applications answers to seeded images with seeded weights.

    python models/zoo/check/logits.py [name ...]

Needs keras on tensorflow. For each model the gain of the weights is the first that neither drowns the images in the
network's own offsets nor lets its numbers explode: the fixture says how far swapping the two images moves the logits.
"""

import base64
import gc
import inspect
import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import keras  # noqa: E402
import numpy as np  # noqa: E402
from seeded import fill, images  # noqa: E402

FOLDER = pathlib.Path(__file__).parent / "fixtures" / "logits"
GAINS = [2, 1.5, 1.25, 1, 0.75, 0.5, 3, 4, 1.875, 1.625, 1.8125, 1.6875, 1.125, 1.09375]
# Where a search would only cost time.
FIRST_GAINS = {"EfficientNetV2L": 1.0625, "EfficientNetB7": 1.4375, "ResNet152": 0.5, "ResNet": 1, "NASNet": 1.5, "Xception": 1.25, "EfficientNetB": 1.75, "EfficientNetV2": 1.5}
LEAST_SWAP = 0.0125
LARGEST = 20
DEFAULT_SIZE = 224
# Of the 1,000 logits every tenth is kept.
STEP = 10
MODES = {
    "caffe": ("ResNet50", "ResNet101", "ResNet152", "VGG16", "VGG19"),
    "torch": ("DenseNet121", "DenseNet169", "DenseNet201"),
    "none": ("EfficientNet", "ConvNeXt", "MobileNetV3"),
}


def mode_of(name):
    for mode, names in MODES.items():
        if name in names or (mode == "none" and name.startswith(names)):
            return mode
    return "tf"


def preprocess(pixels, mode):
    values = pixels.astype(np.float32)
    if mode == "none":
        return values
    return keras.applications.imagenet_utils.preprocess_input(values, mode=mode)


def answer(name):
    keras.backend.clear_session()
    constructor = getattr(keras.applications, name)
    with keras.StatelessScope(initialize_variables=False):
        size = constructor(weights=None).input.shape[1] or DEFAULT_SIZE
    keras.backend.clear_session()
    model = constructor(weights=None, classifier_activation=None, input_shape=(size, size, 3))
    inputs = preprocess(images(2, size, size), mode_of(name))
    first = [gain for family, gain in FIRST_GAINS.items() if name.startswith(family)]
    for gain in first + GAINS:
        fill(model, gain)
        logits = np.concatenate([model(image[None], training=False) for image in inputs])
        deviation = float(logits.std())
        swap = float(np.abs(logits[0] - logits[1]).mean()) / deviation
        if swap >= LEAST_SWAP and deviation < LARGEST:
            return size, gain, deviation, swap, logits
    raise RuntimeError(f"{name}: no gain keeps the images apart")


def main():
    names = sys.argv[1:] or [name for name, _ in inspect.getmembers(keras.applications, inspect.isfunction)]
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names:
        try:
            size, gain, deviation, swap, logits = answer(name)
        except RuntimeError as error:
            print(error, flush=True)
            continue
        fixture = {
            "size_px": size,
            "preprocess": mode_of(name),
            "gain": gain,
            "step": STEP,
            "deviation": deviation,
            "swap": swap,
            "logits": base64.b64encode(logits[:, ::STEP].astype("<f4").tobytes()).decode(),
        }
        (FOLDER / f"{name}.json").write_text(json.dumps(fixture, indent=1) + "\n")
        print(f"{name}: gain {gain}, deviation {deviation:.4g}, swap {swap:.3f}", flush=True)
        gc.collect()


if __name__ == "__main__":
    main()
