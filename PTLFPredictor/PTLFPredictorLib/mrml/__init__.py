"""Between the MRML scene and the library: volumes, segments, the panel's state, tables.  Needs `slicer`, no Qt."""
