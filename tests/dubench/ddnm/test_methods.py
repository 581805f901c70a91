"""What is recorded of a method."""

import shutil

from dubench.ddnm.methods import Settings, identity
from dubench.ddnm.prior.folder import BUNDLED


def test_a_prior_is_recorded_by_its_weights(tmp_path):
    copy = shutil.copytree(BUNDLED, tmp_path / "copy")
    recorded = [
        identity("pnp", settings)["prior_sha256"]
        for settings in (Settings(), Settings(prior=str(copy)))
    ]
    assert recorded[0] == recorded[1] is not None
    assert identity("bilateral", Settings())["prior_sha256"] is None
    with (copy / "prior.onnx").open("ab") as file:
        file.write(b"more")
    assert identity("pnp", Settings(prior=str(copy)))["prior_sha256"] != recorded[0]
