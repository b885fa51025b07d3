"""Images: classification, detection, segmentation, generation."""
