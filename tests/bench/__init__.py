"""Each figure beside its limit: the same work without us, measured in turn with ours."""
