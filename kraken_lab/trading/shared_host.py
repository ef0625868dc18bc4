"""Hosts that many people share, where a key to real money has no business."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["OVERRIDE", "shared_host"]

OVERRIDE: Final = "KRAKEN_LAB_OWN_HUB"
"""Set to ``yes`` in the server's environment by who runs a hub of their own. Nothing of this project ever sets it."""

_SIGNS: Final = {
    "BINDER_SERVICE_HOST": "Binder",
    "BINDER_LAUNCH_HOST": "Binder",
    "BINDER_REPO_URL": "Binder",
    "BINDER_REF_URL": "Binder",
    "COLAB_RELEASE_TAG": "Google Colab",
    "COLAB_GPU": "Google Colab",
    "KAGGLE_KERNEL_RUN_TYPE": "Kaggle",
    "DEEPNOTE_PROJECT_ID": "Deepnote",
    "CODESPACES": "GitHub Codespaces",
    "GITPOD_WORKSPACE_ID": "Gitpod",
    "JUPYTERHUB_API_URL": "a JupyterHub",
    "JUPYTERHUB_USER": "a JupyterHub",
}


def shared_host(environment: Mapping[str, str]) -> str | None:
    """Why live is not to be had here, in words; None on a machine that is one's own.

    >>> shared_host({"BINDER_SERVICE_HOST": "10.0.0.1"})
    'this is Binder, a host shared with others: live and its keys are not available here'
    >>> shared_host({})
    """
    if environment.get(OVERRIDE) == "yes":
        return None
    for name, host in _SIGNS.items():
        if name in environment:
            hint = f" (whoever runs it can set {OVERRIDE}=yes)" if host == "a JupyterHub" else ""
            return f"this is {host}, a host shared with others: live and its keys are not available here{hint}"
    return None
