"""Says what images show, by numpy, onnxruntime and pillow alone: python example.py IMAGE..."""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps


def prepared(path: str, channels: int, size: int) -> np.ndarray:
    """(size, size, channels): the shorter side scaled to size, the middle of the longer one."""
    image = ImageOps.exif_transpose(Image.open(path))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    image = image.convert("RGB").convert("L" if channels == 1 else "RGB")
    scale = size / min(image.size)
    wide, high = (max(size, round(side * scale)) for side in image.size)
    left, top = (wide - size) / 2 / scale, (high - size) / 2 / scale
    right, bottom = min(image.width, left + size / scale), min(image.height, top + size / scale)
    box = (left, top, right, bottom)
    scaled = image.resize((size, size), Image.Resampling.BILINEAR, box=box)
    return np.asarray(scaled).reshape(size, size, channels)


def main() -> None:
    here = Path(__file__).parent
    spec = json.loads((here / "artifact.json").read_text(encoding="utf-8"))["spec"]
    classes = json.loads((here / "classes.json").read_text(encoding="utf-8"))
    session = onnxruntime.InferenceSession(here / "classifier.onnx")
    mean, std = (np.array(spec[name], np.float32) * 255 for name in ("mean", "std"))
    for path in sys.argv[1:]:
        pixels = (prepared(path, spec["channels"], spec["size"]) - mean) / std
        images = pixels.transpose(2, 0, 1)[None].astype(np.float32)  # (1, channels, size, size)
        ((logits,),) = session.run(None, {session.get_inputs()[0].name: images})
        powers = np.exp(logits.astype(np.float64) - logits.max())
        print(f"{path}: {classes[logits.argmax()]}  {powers.max() / powers.sum():.4f}")


if __name__ == "__main__":
    main()
