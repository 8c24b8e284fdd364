"""The weights and images of seeded.ts, number for number."""

import numpy as np

GOLDEN = np.uint32(0x9E3779B9)


def seed_of(name):
    value = 0x811C9DC5
    for byte in name.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return np.uint32(value)


def bits(seed, first, count):
    with np.errstate(over="ignore"):
        x = seed + np.arange(first + 1, first + count + 1, dtype=np.uint32) * GOLDEN
        x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return (x ^ (x >> np.uint32(16))) >> np.uint32(8)


def uniform(name, shape, low, high):
    count = int(np.prod(shape))
    seed, width = seed_of(name), (high - low) / 2**24
    numbers = np.empty(count, np.float32)
    step = 1 << 22
    for first in range(0, count, step):
        part = bits(seed, first, min(step, count - first))
        numbers[first : first + step] = low + part * width
    return numbers.reshape(shape)


def weight_range(kind, role, shape, gain):
    if role in ("kernel", "pointwise_kernel"):
        limit = (3 * gain / int(np.prod(shape[:-1]))) ** 0.5
        return -limit, limit
    if role == "depthwise_kernel":
        limit = (3 * gain / (shape[0] * shape[1])) ** 0.5
        return -limit, limit
    ranges = {
        "gamma": (0.2, 0.6) if kind == "LayerScale" else (0.8, 1.2),
        "moving_variance": (0.7, 1.3),
        "mean": (0.4, 0.5),
        "variance": (0.04, 0.06),
        "count": (0.0, 0.0),
    }
    return ranges.get(role, (-0.2, 0.2))


def role_of(layer, index):
    """What a weight is; Keras calls the kernel of a depthwise convolution just kernel."""
    kind = type(layer).__name__
    if kind == "LayerScale":
        return "gamma"
    if kind == "DepthwiseConv2D" and index == 0:
        return "depthwise_kernel"
    return layer.weights[index].path.rsplit("/", 1)[-1]


def leaves(model):
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from leaves(layer)
        elif layer.weights:
            yield layer


def fill(model, gain):
    """Gives every weight of a model its seeded numbers."""
    for layer in leaves(model):
        values = []
        for i, weight in enumerate(layer.weights):
            shape = tuple(weight.shape)
            low, high = weight_range(type(layer).__name__, role_of(layer, i), shape, gain)
            values.append(uniform(f"{layer.name}#{i}", shape, low, high))
        if type(layer).__name__ == "Normalization":
            # set_weights does not recompute what the layer uses.
            layer.set_weights([*values[:2], np.zeros((), values[2].dtype)])
            layer.finalize_state()
        else:
            layer.set_weights(values)


def images(count, height, width):
    pixels = np.empty((count, height, width, 3), np.uint8)
    i = np.arange(height * width * 3, dtype=np.uint32)
    x, y = (i // 3) % width, i // (3 * width)
    cell = ((y * 8) // height) * 8 + (x * 8) // width
    for image in range(count):
        colours = bits(seed_of(f"grid {image}"), 0, 8 * 8 * 3) >> np.uint32(16)
        grain = bits(seed_of(f"grain {image}"), 0, len(i)) >> np.uint32(18)
        value = colours[cell * 3 + i % 3].astype(np.int64) + grain - 32
        pixels[image] = np.clip(value, 0, 255).reshape(height, width, 3)
    return pixels
