"""What the tensor models share."""

import pytest
import torch

from generators import batched
from generators.batched import blur
from generators.batched.tensors import collate_values, exact_products, quantize


def test_quantize_rounds_half_to_even_and_clips() -> None:
    levels = torch.tensor([-7.0, 0.5, 1.5, 2.5, 2.6, 254.5, 300.0], dtype=torch.float64)
    quantized = quantize(levels / 255)
    assert quantized.dtype == torch.uint8
    assert quantized.tolist() == [0, 0, 2, 2, 3, 254, 255]


def test_products_are_exact_also_where_tf32_is_allowed(monkeypatch) -> None:
    """torch knows one precision of all products; of a GPU's, "high" is TF32."""
    during = []

    def apply(images, *_):
        during.append(torch.get_float32_matmul_precision())
        return images

    monkeypatch.setattr(blur, "apply", apply)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        batched.apply("blur", torch.zeros(1, 3, 8, 8), {})
        assert during == ["highest"]
        with pytest.raises(ValueError, match="as before"), exact_products():
            raise ValueError("as before")
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision(before)


def test_collate_values_keeps_names_order_dtype() -> None:
    like = torch.zeros(0, dtype=torch.float64)
    samples = [{"gamma": g, "camera_intrinsics": (g / 10,) * 9} for g in (2.0, 3.0)]
    values = collate_values(samples, like)
    assert values["gamma"].tolist() == [2.0, 3.0]
    assert values["camera_intrinsics"].tolist() == [[0.2] * 9, [0.3] * 9]
    assert {value.dtype for value in values.values()} == {torch.float64}
