"""Four ways to run the same classifier, and one truth: transformers' own BERT."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from twist_scout.errors import BadConfig, BadModel
from twist_scout.routing.arrays import layers, parameters, weights_of
from twist_scout.routing.classifier import build_classifier
from twist_scout.routing.engines import OnnxEngine, TorchEngine, open_engine
from twist_scout.routing.export import build_graph, export_int8
from twist_scout.routing.onnx_file import read_weights

SIZES = {"modes": 3, "vocabulary": 90, "hidden": 64, "inner": 96, "layers": 2, "longest": 20}


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    built = build_classifier(**SIZES).eval()
    with torch.no_grad():
        for parameter in built.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return built


@pytest.fixture(scope="module")
def batch():
    rng = np.random.default_rng(0)
    ids = rng.integers(4, 90, (5, 12))
    mask = np.ones_like(ids)
    ids[2, 7:] = mask[2, 7:] = 0
    ids[4, 3:] = mask[4, 3:] = 0
    return ids, mask


@pytest.fixture(scope="module")
def truth(model, batch) -> np.ndarray:
    with torch.inference_mode():
        return model(input_ids=torch.from_numpy(batch[0]), attention_mask=torch.from_numpy(batch[1])).logits.numpy()


@pytest.fixture(scope="module")
def graph(model, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("graph") / "router.onnx"
    export_int8(weights_of(model), path)
    return path


def test_the_arrays_hold_every_parameter(model) -> None:
    arrays = weights_of(model)
    folded = 64  # the one token type is added to the positions
    assert parameters(arrays) == sum(parameter.numel() for parameter in model.parameters()) - folded
    assert layers(arrays) == 2


def test_torch_and_the_float_graph_are_transformers(model, batch, truth, tmp_path: Path) -> None:
    import onnx

    onnx.save(build_graph(weights_of(model)), tmp_path / "float.onnx")
    for engine in (TorchEngine(weights_of(model)), OnnxEngine(tmp_path / "float.onnx")):
        np.testing.assert_allclose(engine.logits(*batch), truth, atol=2e-5)


def test_int8_is_near_under_both_engines(graph, batch, truth) -> None:
    assert np.abs(truth).max() > 0.5
    for name in ("onnxruntime", "torch"):
        engine = open_engine(graph, name)
        assert engine.name == name
        np.testing.assert_allclose(engine.logits(*batch), truth, atol=0.04)


def test_no_processor_overflows(graph) -> None:
    """Signed weights would, where there is AVX2 and no VNNI: errors of 0.14 instead of 0.02 in the test above."""
    import onnx

    signed = [one.name for one in onnx.load(graph).graph.initializer if one.data_type == onnx.TensorProto.INT8]
    assert signed == []


def test_padding_changes_nothing(graph, batch) -> None:
    ids, mask = batch
    wider = [np.pad(array, ((0, 0), (0, 5))) for array in (ids, mask)]
    for name, tolerance in (("onnxruntime", 0.05), ("torch", 1e-5)):  # int8 scales are those of the whole batch
        engine = open_engine(graph, name)
        np.testing.assert_allclose(engine.logits(*wider), engine.logits(ids, mask), atol=tolerance)


def test_arrays_go_back_into_a_classifier(model) -> None:
    arrays = weights_of(model)
    again = weights_of(build_classifier(**{**SIZES, "hidden": 32, "modes": 5}, arrays=arrays))
    for name, array in arrays.items():
        if name.startswith("head"):
            array, again[name] = array[..., :3], again[name][..., :3]
        np.testing.assert_allclose(again[name], array, atol=1e-6)


def test_weights_are_read_as_onnx_reads_them(graph) -> None:
    import onnx
    from onnx import numpy_helper

    stored = {one.name: numpy_helper.to_array(one) for one in onnx.load(graph).graph.initializer}
    ours = read_weights(graph)
    assert {"words", "positions", "0.qkv.weight", "1.down.bias", "head.weight"} <= ours.keys()
    for name, array in ours.items():
        if f"{name}_quantized" in stored:
            scale, zero = stored[f"{name}_scale"], stored[f"{name}_zero_point"]
            expected = (stored[f"{name}_quantized"].astype(np.float32) - zero) * scale
        else:
            expected = stored[name]
        np.testing.assert_array_equal(array, expected.astype(np.float32))


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "missing"])
@pytest.mark.parametrize("engine", ["onnxruntime", "torch"])
def test_a_damaged_graph_is_named(graph, damage: str, engine: str, tmp_path: Path) -> None:
    path = tmp_path / "router.onnx"
    if damage != "missing":
        path.write_bytes({"cut": graph.read_bytes()[:5000], "text": b"no graph at all", "empty": b""}[damage])
    with pytest.raises(BadModel, match=r"router\.onnx"):
        open_engine(path, engine)


def test_an_engine_that_does_not_exist_is_refused(graph, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadConfig, match="choose one of onnxruntime, torch"):
        open_engine(graph, "abacus")
    monkeypatch.setattr("twist_scout.routing.engines.find_spec", lambda name: None)
    with pytest.raises(BadConfig, match="pip install"):
        open_engine(graph, "onnxruntime")
    assert open_engine(graph).name == "torch"
