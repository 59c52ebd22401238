"""Reading a mixture of experts: which part holds them, what each computes, and the router."""

from __future__ import annotations

from torch import Tensor, nn

from twist_scout.twist.dense import read_dense
from twist_scout.twist.form import MixtureFfn
from twist_scout.twist.stacks import Experts, holds_stacks, read_stacks
from twist_scout.twist.surroundings import watch


def is_mixture(module: nn.Module) -> bool:
    """Whether a module holds several experts, whether or not they can be read."""
    return any(_holds_experts(part) for part in module.modules()) or _holds_scattered_stacks(module)


def read_mixture(module: nn.Module, hidden: int) -> MixtureFfn | None:
    """Read a block of width ``hidden``, in evaluation mode; None if its experts cannot be read."""
    for path, part in module.named_modules():
        if not _holds_experts(part):
            continue
        read = _read_list(part, hidden) if isinstance(part, nn.ModuleList) else read_stacks(part, hidden)
        if read is None:
            continue
        form, experts = read
        seen = watch(module, part, experts[0].up, hidden)
        if seen is not None:
            router = _router_rows(module, path, len(experts), hidden)
            return MixtureFfn(form, experts, router, part, *seen)
    return None


def _holds_experts(part: nn.Module) -> bool:
    return _is_expert_list(part) or holds_stacks(part)


def _holds_scattered_stacks(module: nn.Module) -> bool:
    """Stacked matrices in several parts, one each."""
    kernels = (nn.Conv1d, nn.ConvTranspose1d)
    parts = [part for part in module.modules() if not isinstance(part, kernels)]
    return sum(p.dim() == 3 for part in parts for p in part.parameters(recurse=False)) >= 2


def _is_expert_list(module: nn.Module) -> bool:
    if not isinstance(module, nn.ModuleList) or len(module) < 2:
        return False
    shapes = {tuple((name, p.shape) for name, p in part.named_parameters()) for part in module}
    matrices = sum(parameter.dim() == 2 for parameter in module[0].parameters())
    return len(shapes) == 1 and matrices in (2, 3)


def _read_list(parts: nn.Module, hidden: int) -> Experts | None:
    experts = [read_dense(part, hidden) for part in parts.children()]
    read = [expert for expert in experts if expert is not None]
    return (read[0].form, [ffn.weights for ffn in read]) if len(read) == len(experts) else None


def _router_rows(block: nn.Module, path: str, experts: int, hidden: int) -> Tensor | None:
    """The frozen router's weight: the one matrix with a row per expert, as near to them as there is one."""
    inside = {id(parameter) for parameter in block.get_submodule(path).parameters()}
    while path:
        path = path.rpartition(".")[0]
        outside = [p for p in block.get_submodule(path).parameters() if id(p) not in inside]
        rows = [parameter for parameter in outside if tuple(parameter.shape) == (experts, hidden)]
        if rows:
            return rows[0] if len(rows) == 1 else None
    return None
