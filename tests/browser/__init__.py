"""JupyterLab in Chromium: what a person would see, on both generations of kernels."""
