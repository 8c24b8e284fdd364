"""Writes fixtures/architectures.json: what keras.applications builds, as digests of the lines of canonical.ts.

    python models/zoo/check/architectures.py [name ...]

With names, prints the lines of these models instead (to look for a difference). Needs keras and tensorflow.
"""

import hashlib
import inspect
import json
import os
import pathlib
import re
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import keras  # noqa: E402

FIXTURE = pathlib.Path(__file__).parent / "fixtures" / "architectures.json"
IGNORED = {"name", "trainable", "dtype", "seed", "layers", "build_input_shape", "renorm_momentum"}
TRAINING_ONLY = re.compile(r"_(initializer|regularizer|constraint)$")
# MobileNetV3 leaves its size open; its weights are for this one.
DEFAULT_SIZE = 224


def number(value):
    if float(value).is_integer():
        return str(int(value))
    mantissa, exponent = f"{value:.12e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def text(value):
    if isinstance(value, (bool, type(None))):
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(text(item) for item in value) + "]"
    if not isinstance(value, dict):
        return str(value)
    if value.get("class_name") == "__keras_tensor__":
        return text(value["config"]["keras_history"])
    named = [[name, item] for name, item in value["kwargs"].items() if item is not None and item is not False]
    return text([*value["args"], *named])


def layer_lines(layers, prefix):
    for layer in layers:
        config = layer["config"]
        options = sorted(
            f"{name}={text(value)}"
            for name, value in config.items()
            if name not in IGNORED and not TRAINING_ONLY.search(name) and value is not None and value is not False
        )
        kind = ("operation " if ".ops." in layer["module"] else "") + layer["class_name"]
        name = prefix + config["name"]
        yield f"{name} {kind} {' '.join(options)} < {text(layer.get('inbound_nodes', []))}"
        yield from layer_lines(config.get("layers", []), name + "/")


def lines(model):
    config = json.loads(model.to_json())["config"]
    yield from layer_lines(config["layers"], "")
    yield f"ends {text(config['input_layers'])} {text(config['output_layers'])}"


def build(name, **options):
    keras.backend.clear_session()
    # No weights are made: only the layers are looked at.
    with keras.StatelessScope(initialize_variables=False):
        return getattr(keras.applications, name)(weights=None, **options)


def describe(model):
    joined = "\n".join(lines(model))
    return {
        "digest": hashlib.sha256(joined.encode()).hexdigest(),
        "layers": len(json.loads(model.to_json())["config"]["layers"]),
        "parameters": model.count_params(),
        "output": list(model.output.shape)[1:],
    }


def main():
    constructors = inspect.getmembers(keras.applications, inspect.isfunction)
    if sys.argv[1:]:
        for name in sys.argv[1:]:
            size = build(name).input.shape[1] or DEFAULT_SIZE
            print("\n".join(lines(build(name, input_shape=(size, size, 3)))))
        return
    found = {}
    for name, _ in constructors:
        size = build(name).input.shape[1] or DEFAULT_SIZE
        shape = (size, size, 3)
        cases = {
            "top": {"input_shape": shape},
            "avg": {"input_shape": shape, "include_top": False, "pooling": "avg"},
            "max": {"input_shape": shape, "include_top": False, "pooling": "max"},
            "classes": {"input_shape": shape, "classes": 7, "classifier_activation": None},
            "odd": {"input_shape": (size + 37, size - 10, 3), "include_top": False, "pooling": "avg"},
        }
        found[name] = {"size_px": size}
        for case, options in cases.items():
            found[name][case] = describe(build(name, **options))
        print(name, found[name]["top"], flush=True)
    FIXTURE.parent.mkdir(exist_ok=True)
    FIXTURE.write_text(json.dumps({"keras": keras.__version__, "models": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
