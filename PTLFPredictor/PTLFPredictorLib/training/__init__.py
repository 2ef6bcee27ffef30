"""Training of segmentation models, headless: nnU-Net's five folds, their table of metrics, the model package."""
