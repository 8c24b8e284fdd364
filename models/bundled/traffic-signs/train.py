"""Trains the bundled model and writes traffic-signs.h5, labels.txt and a report.

The images come from the generator beside this file:

    npx tsx models/bundled/traffic-signs/generate.ts --split train      --seed 1 --per-class 600 --out DATA/train
    npx tsx models/bundled/traffic-signs/generate.ts --split validation --seed 1 --per-class 60  --out DATA/validation
    npx tsx models/bundled/traffic-signs/generate.ts --split sample     --seed 1 --per-class 20  --out DATA/sample
    python models/bundled/traffic-signs/train.py --data DATA --out models/bundled/traffic-signs

Needs keras >= 3, tensorflow, numpy and pillow. The validation set chooses the epoch; the sample set is read only
after the model is saved, to report. `--report-only` reads the saved model and reports.
"""

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from PIL import Image

SIDE = 64
SEED = 1


def read(folder: Path, labels: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """All images of a split as uint8 RGB, resized as the server does (antialiased, stretched), and their classes."""
    pixels, classes = [], []
    for index, label in enumerate(labels):
        for path in sorted((folder / f"label={label}").glob("*.jpg")):
            image = Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
            pixels.append(np.asarray(image))
            classes.append(index)
    return np.stack(pixels), np.asarray(classes)


def build(class_count: int) -> keras.Model:
    """A small CNN that takes RGB 0..255: its scaling is a layer, so that `preprocess = 'none'` is right."""

    def normalised(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
        x = layers.BatchNormalization(name=f"{name}_bn")(x)
        return layers.ReLU(name=f"{name}_relu")(x)

    image = keras.Input((SIDE, SIDE, 3), name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(image)
    x = layers.Conv2D(24, 5, strides=2, padding="same", use_bias=False, name="conv1")(x)
    x = normalised(x, "conv1")
    x = layers.Conv2D(32, 3, padding="same", use_bias=False, name="conv2")(x)
    x = normalised(x, "conv2")
    x = layers.MaxPooling2D(2, name="pool2")(x)
    x = layers.Conv2D(64, 3, padding="same", use_bias=False, name="conv3")(x)
    x = normalised(x, "conv3")
    x = layers.MaxPooling2D(2, name="pool3")(x)
    x = layers.SeparableConv2D(128, 3, padding="same", use_bias=False, name="separable4")(x)
    x = normalised(x, "separable4")
    x = layers.SeparableConv2D(160, 3, padding="same", use_bias=False, name="separable5")(x)
    x = normalised(x, "separable5")
    x = layers.GlobalAveragePooling2D(name="pool5")(x)
    x = layers.Dropout(0.3, name="dropout")(x)
    x = layers.Dense(class_count, activation="softmax", name="sign")(x)
    return keras.Model(image, x, name="traffic_signs")


def train(data: Path, labels: list[str], epochs: int) -> keras.Model:
    x, y = read(data / "train", labels)
    x_val, y_val = read(data / "validation", labels)
    model = build(len(labels))
    batch = 64
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, epochs * (len(x) // batch), warmup_target=4e-3, warmup_steps=2 * (len(x) // batch), alpha=0.005
    )
    model.compile(
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=1e-3),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.05),
        metrics=["accuracy"],
    )

    def vary(image: tf.Tensor, target: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Shifts by up to 4 pixels: cheap variety on top of the generator's."""
        image = tf.pad(image, [[4, 4], [4, 4], [0, 0]], "SYMMETRIC")
        return tf.cast(tf.image.random_crop(image, (SIDE, SIDE, 3)), tf.float32), target

    source = tf.data.Dataset.from_tensor_slices((x, keras.utils.to_categorical(y, len(labels))))
    source = source.shuffle(len(x), seed=SEED).map(vary).batch(batch, drop_remainder=True).prefetch(2)
    best = keras.callbacks.ModelCheckpoint(
        str(data / "best.weights.h5"), monitor="val_loss", save_best_only=True, save_weights_only=True
    )
    target_val = keras.utils.to_categorical(y_val, len(labels))
    model.fit(
        source,
        validation_data=(x_val.astype("float32"), target_val),
        epochs=epochs,
        callbacks=[best],
        verbose=2,
    )
    model.load_weights(str(data / "best.weights.h5"))
    return model


def report(model: keras.Model, data: Path, labels: list[str]) -> None:
    for split in ("validation", "sample"):
        x, y = read(data / split, labels)
        answer = model.predict(x.astype("float32"), verbose=0)
        best = answer.argmax(axis=1)
        wrong = [f"{labels[truth]} taken for {labels[guess]}" for truth, guess in zip(y, best) if truth != guess]
        summary = {
            "split": split,
            "images": len(y),
            "right": int((best == y).sum()),
            "accuracy": round(float((best == y).mean()), 4),
            "per_class": {label: round(float((best[y == i] == i).mean()), 3) for i, label in enumerate(labels)},
            "wrong": wrong,
        }
        print(json.dumps(summary, indent=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--report-only", action="store_true")
    options = parser.parse_args()

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(SEED)

    labels = sorted(path.name.removeprefix("label=") for path in (options.data / "validation").glob("label=*"))
    target = options.out / "traffic-signs.h5"
    if not options.report_only:
        start = time.perf_counter()
        model = train(options.data, labels, options.epochs)
        model.save(target, include_optimizer=False)
        (options.out / "labels.txt").write_text("".join(f"{label}\n" for label in labels))
        print(f"{time.perf_counter() - start:.0f} s, {model.count_params()} parameters, {target.stat().st_size} bytes")
    report(keras.models.load_model(target, compile=False), options.data, labels)


if __name__ == "__main__":
    main()
