"""Which drugs treat diseases like this one: kernels over drugs and diseases, ridge regression, smoothing."""
