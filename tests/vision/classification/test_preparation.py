"""What the network sees: cropping, scaling, normalisation, augmentation, bounded memory."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from shinso.core.randomness import Randomness
from shinso.data.images import FolderSplit, packed_split
from shinso.vision.classification import preparation
from shinso.vision.classification.preparation import (
    LazyPixels,
    augmented,
    erased,
    fitted,
    fitted_split,
    normalised,
    spread,
    statistics,
)
from shinso.vision.classification.recipe import ImageSpec


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


# --- One image -----------------------------------------------------------------------------------


def test_an_image_that_fits_is_left_as_it_is():
    grey, colour = noise(5, 5), noise(5, 5, 3)
    assert np.array_equal(fitted(grey, 1, 5), grey[:, :, None])
    assert np.array_equal(fitted(colour, 3, 5), colour)


def test_grey_becomes_three_equal_channels():
    grey = noise(4, 4)
    assert np.array_equal(fitted(grey, 3, 4), np.repeat(grey[:, :, None], 3, axis=2))


def test_colour_becomes_luma():
    """ITU-R 601-2: L = 0.299 R + 0.587 G + 0.114 B."""
    colour = noise(6, 6, 3)
    luma = colour @ np.array([0.299, 0.587, 0.114])
    assert np.abs(fitted(colour, 1, 6)[:, :, 0] - luma).max() <= 1


@pytest.mark.parametrize("channels", (1, 3))
def test_the_middle_of_the_longer_side_is_kept(channels):
    """Columns 0 1 2 3 of a 2 x 4 image: 1 and 2 stay; nothing is scaled."""
    columns = np.tile(np.array([10, 20, 30, 40], np.uint8), (2, 1))
    landscape = columns if channels == 1 else np.stack([columns] * 3, axis=2)
    assert fitted(landscape, channels, 2)[:, :, 0].tolist() == [[20, 30], [20, 30]]
    portrait = landscape.swapaxes(0, 1)
    assert fitted(portrait, channels, 2)[:, :, 0].tolist() == [[20, 20], [30, 30]]


def test_an_odd_excess_is_cut_half_a_pixel_on_each_side():
    """Three columns to two pixels: the window is 0.5 to 2.5. A bilinear filter is a triangle of
    support 1; pixel centres 0.5, 1.5, 2.5, output centres 1.0 and 2.0: halves of neighbours."""
    columns = np.tile(np.array([0, 100, 200], np.uint8), (2, 1))
    assert fitted(columns, 1, 2)[0, :, 0].tolist() == [50, 150]


def test_scaling_down_averages_the_pixels_it_merges():
    """4 x 8 to 2 x 2: columns 2 to 5 stay, halved. The triangle of support 2 around 2.0 (of the
    window's 4 columns, centres .5 1.5 2.5 3.5): output 1.0 weighs them .75 .75 .25 0."""
    columns = np.tile(np.array([9, 9, 0, 70, 140, 210, 9, 9], np.uint8), (4, 1))
    # The filter sees the 9 beside the window too.
    left = (0.25 * 9 + 0.75 * 0 + 0.75 * 70 + 0.25 * 140) / 2
    right = (0.25 * 70 + 0.75 * 140 + 0.75 * 210 + 0.25 * 9) / 2
    assert fitted(columns, 1, 2)[:, :, 0].tolist() == [[round(left), round(right)]] * 2


def test_scaling_up_blends_neighbours():
    """2 to 4 pixels: output centres .25 .75 1.25 1.75 in input pixels of centres .5 and 1.5."""
    columns = np.tile(np.array([0, 200], np.uint8), (2, 1))
    assert fitted(columns, 1, 4)[0, :, 0].tolist() == [0, 50, 150, 200]


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (2, 20_000), (20_000, 2), (3, 7), (27, 29), (28, 2000)]
)
def test_any_shape_becomes_the_square(height, width):
    for channels in (1, 3):
        image = np.full((height, width, 3), (7, 7, 7), np.uint8)
        out = fitted(image, channels, 28)
        assert out.shape == (28, 28, channels) and (out == 7).all()


def test_scaling_and_cropping_are_torchvisions():
    """Sides that scale to whole pixels, since torchvision rounds what we do not."""
    from torchvision.transforms import functional

    picture = Image.fromarray(noise(60, 96, 3)).resize((192, 120), Image.Resampling.BICUBIC)
    expected = functional.center_crop(functional.resize(picture, 40), 40)
    ours = fitted(np.asarray(picture), 3, 40)
    assert np.abs(ours.astype(int) - np.asarray(expected)).max() <= 1


# --- Normalisation -------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", (1, 3))
def test_statistics_are_the_mean_and_deviation_of_all_pixels(channels):
    pixels = noise(300, 5, 5, channels)  # more images than one chunk
    mean, std = statistics(pixels)
    scaled = pixels / 255
    assert mean == pytest.approx(scaled.mean(axis=(0, 1, 2)), abs=1e-6)
    assert std == pytest.approx(scaled.std(axis=(0, 1, 2)), abs=1e-6)


def test_a_channel_that_never_varies_can_be_normalised():
    mean, std = statistics(np.full((4, 3, 3, 1), 51, np.uint8))
    spec = ImageSpec(mean=mean, std=std)
    assert mean == (0.2,) and std[0] > 0
    assert torch.equal(
        normalised(torch.full((1, 3, 3, 1), 51, dtype=torch.uint8), spec), torch.zeros(1, 1, 3, 3)
    )


@pytest.mark.parametrize("channels", (1, 3))
def test_normalisation_is_torchvisions(channels):
    from torchvision.transforms.functional import normalize

    pixels = noise(4, 6, 6, channels)
    mean, std = statistics(pixels)
    spec = ImageSpec(channels=channels, size=6, mean=mean, std=std)
    scaled = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    out = normalised(torch.from_numpy(pixels), spec)
    assert out.dtype == torch.float32
    torch.testing.assert_close(out, normalize(scaled, mean, std), rtol=1e-5, atol=1e-5)
    assert out.mean().item() == pytest.approx(0, abs=1e-5)
    assert out.std(correction=0).item() == pytest.approx(1, abs=1e-4)


# --- Augmentation --------------------------------------------------------------------------------


def generator(index: int = 0) -> np.random.Generator:
    return Randomness(0).numpy("augment", index)


def marked(count: int, size: int = 7) -> np.ndarray:
    """Images with one white pixel in the middle and one, of the image's own grey, right of it."""
    pixels = np.zeros((count, size, size, 1), np.uint8)
    middle = size // 2
    pixels[:, middle, middle] = 255
    pixels[:, middle, middle + 1, 0] = 1 + np.arange(count) % 200
    return pixels


def test_without_augmentation_nothing_changes():
    pixels = noise(5, 4, 4, 3)
    assert np.array_equal(augmented(pixels, 0, False, generator()), pixels)


def test_every_shift_occurs_about_as_often():
    count, shift = 5000, 2
    out = augmented(marked(count), shift, False, generator())
    _, rows, columns, _ = np.nonzero(out == 255)
    assert len(rows) == count  # a shift of 2 leaves the middle inside
    seen = np.zeros((5, 5), int)
    np.add.at(seen, (rows - 1, columns - 1), 1)
    assert seen.sum() == count and seen.min() > 0.7 * count / 25 and seen.max() < 1.3 * count / 25


def test_a_shift_moves_in_black_and_no_wrapped_pixel():
    pixels = np.full((200, 6, 6, 3), 9, np.uint8)
    out = augmented(pixels, 2, False, generator())
    for image in out:
        rows, columns = np.nonzero(image[:, :, 0])
        assert (np.ptp(rows) + 1) * (np.ptp(columns) + 1) == len(rows)  # one block
        assert set(np.unique(image)) <= {0, 9}
    sizes = {int(np.count_nonzero(image[:, :, 0])) for image in out}
    assert sizes == {36, 30, 24, 25, 20, 16}  # (6 - |dy|) (6 - |dx|)


def test_half_of_the_images_are_mirrored():
    pixels = noise(4000, 4, 4, 3)
    out = augmented(pixels, 0, True, generator())
    mirrored = (out == pixels[:, :, ::-1]).all(axis=(1, 2, 3))
    kept = (out == pixels).all(axis=(1, 2, 3))
    assert (mirrored ^ kept).all()
    assert 0.46 < mirrored.mean() < 0.54


def test_images_of_a_batch_do_not_mix():
    count = 150
    out = augmented(marked(count), 2, True, generator())
    for index, image in enumerate(out):
        assert set(np.unique(image)) == {0, 255, 1 + index}
    # One that stands among others alike comes out like one that stands among others unlike.
    first, other = noise(8, 5, 5, 1), noise(8, 5, 5, 1, seed=1)
    other[3] = first[3]
    together = [augmented(batch, 2, True, generator()) for batch in (first, other)]
    assert np.array_equal(together[0][3], together[1][3])


def test_augmentation_is_a_function_of_the_generator():
    pixels = noise(16, 8, 8, 3)
    before = pixels.copy()
    first, again, other = (augmented(pixels, 2, True, generator(step)) for step in (4, 4, 5))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert np.array_equal(pixels, before)


def test_rectangles_of_noise():
    """Alike but for one block, of the area and shape that the paper says, in half of the images."""
    pixels = np.zeros((4000, 20, 30, 1), np.uint8)
    out = erased(pixels, 0.5, generator())
    assert not pixels.any()
    shares, covered = [], np.zeros((20, 30))
    for image in out[:, :, :, 0]:
        rows, columns = np.nonzero(image)
        if len(rows):
            block = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            covered[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] += 1
            assert len(rows) > 0.9 * block.size - 2  # full, but for noise that is 0
            shares.append(block.size / image.size)
            assert len(np.unique(block)) > 0.2 * min(block.size, 256)
            if block.shape[0] < 20 and block.shape[1] < 30:  # else it was cut off
                assert 1 / 5 < block.shape[0] / block.shape[1] < 5  # 3.3, but for rounding
    assert 0.46 < len(shares) / len(out) < 0.54
    assert min(shares) > 0.01 and 0.35 < max(shares) < 0.45 and 0.17 < np.mean(shares) < 0.23
    assert covered.min() > 0 and covered[10, 15] > 5 * covered[0, 0]  # the corners, too
    assert np.array_equal(erased(noise(9, 8, 8, 3), 0, generator()), noise(9, 8, 8, 3))
    again, other = (erased(pixels, 0.5, generator(step)) for step in (0, 1))
    assert np.array_equal(out, again) and not np.array_equal(out, other)


# --- Splits, and their memory --------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path) -> FolderSplit:
    """Eleven files of many sizes, grey and colour in turn."""
    files = []
    for index in range(11):
        shape = (5 + index, 9) if index % 2 else (6, 4 + index, 3)
        files.append(tmp_path / f"{index:02d}.png")
        Image.fromarray(noise(*shape, seed=index)).save(files[-1])
    return FolderSplit(tmp_path, tuple(files), np.arange(11) % 2)


def test_a_packed_split_is_not_copied():
    split = packed_split("train", noise(6, 8, 8), np.arange(6))
    pixels = fitted_split(split, 1, 8)
    assert pixels.shape == (6, 8, 8, 1) and np.shares_memory(pixels, split.pixels)
    assert fitted_split(split, 3, 8).shape == (6, 8, 8, 3)
    assert fitted_split(split, 1, 12).shape == (6, 12, 12, 1)


@pytest.mark.parametrize("channels", (1, 3))
def test_a_folder_is_fitted_image_by_image(folder, channels):
    pixels = fitted_split(folder, channels, 8)
    assert isinstance(pixels, np.ndarray)
    for index in range(11):
        assert np.array_equal(pixels[index], fitted(folder.image(index), channels, 8))
    assert fitted_split(folder, channels, 8) is pixels  # and not decoded for each evaluation


def test_a_split_beyond_the_bound_is_decoded_when_asked_for(folder, monkeypatch):
    packed = fitted_split(folder, 3, 8)
    monkeypatch.setattr(preparation, "MOST_BYTES", packed.nbytes)
    assert isinstance(fitted_split(dataclasses.replace(folder), 3, 8), np.ndarray)
    monkeypatch.setattr(preparation, "MOST_BYTES", packed.nbytes - 1)
    lazy = fitted_split(dataclasses.replace(folder), 3, 8)
    assert isinstance(lazy, LazyPixels)
    assert len(lazy) == 11 and lazy.shape == packed.shape
    for which in (3, -1, slice(None), slice(2, 9, 3), np.array([7, 0, 7]), np.empty(0, np.int64)):
        assert np.array_equal(lazy[which], packed[which])
    with pytest.raises(IndexError):
        lazy[11]
    assert statistics(lazy) == statistics(packed)


def test_a_huge_split_gives_its_statistics_by_a_sample(folder, monkeypatch):
    monkeypatch.setattr(preparation, "STATISTICS_IMAGES", 4)
    lazy = LazyPixels(folder, 3, 8)
    assert statistics(lazy) == statistics(lazy[np.array([0, 2, 5, 8])])
    assert statistics(lazy) != statistics(lazy[:])
    assert statistics(lazy[:]) == statistics(fitted_split(folder, 3, 8))  # in memory: all


def test_spread_takes_from_everywhere():
    assert spread(5, 9).tolist() == [0, 1, 2, 3, 4]
    assert spread(10, 3).tolist() == [0, 3, 6]
    assert spread(1_000_003, 1_000_003).tolist() == list(range(1_000_003))
