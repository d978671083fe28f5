"""The makers' own formats, one file a maker. Layouts come from public projects and captures."""
