"""A given signature brought to life at a site: its normalisation, and with outcomes its model."""
