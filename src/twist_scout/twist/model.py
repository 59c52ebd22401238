"""The TWIST tuner: what ``peft.get_peft_model(model, TwistConfig(...)).base_model`` is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from peft.tuners.tuners_utils import BaseTuner
from torch import nn

from twist_scout.errors import BadInput
from twist_scout.twist.config import TwistConfig
from twist_scout.twist.finding import (
    DecoderFfn,
    find_decoder_ffns,
    select_layers,
    text_config,
)
from twist_scout.twist.initialisation import ALPHA_WHEN_EQUAL, build_experts, start_alpha
from twist_scout.twist.layer import Alpha, TwistLayer
from twist_scout.twist.offload import check_readable, home_device, in_memory
from twist_scout.twist.registration import PREFIX
from twist_scout.twist.state import BASE, TwistState
from twist_scout.twist.telemetry import Telemetry


class TwistModel(Telemetry, BaseTuner):
    """Puts twins beside feed-forward networks of the text decoder; switches, measures, stores them.

    Beside peft's own interface it has :meth:`auxiliary_loss`, :meth:`alphas`, :meth:`expert_load`,
    :meth:`recording`, :meth:`override_alpha`, :meth:`set_alpha_override`, :meth:`alpha_sweep` and
    :meth:`parameter_counts`, all reachable from the ``PeftModel`` too.
    """

    prefix = PREFIX
    tuner_layer_cls = TwistLayer
    target_module_mapping: ClassVar[dict[str, list[str]]] = {}
    uses_shared_state = True  # a shared alpha lives here, not in a layer

    # --- construction ---

    def _pre_injection_hook(self, model: nn.Module, config: Any, adapter_name: str) -> None:
        self.state = TwistState()
        self.twin_alpha = nn.ModuleDict()  # alphas of scope "shared": each stored once
        self._found: dict[str, DecoderFfn] = {}  # the networks that the adapter being added twins
        self._hooks = [
            model.register_forward_pre_hook(self.state.begin_forward, with_kwargs=True),
            model.register_forward_hook(self.state.end_forward, always_call=True),
        ]

    def inject_adapter(self, model: nn.Module, adapter_name: str, *args: Any, **kwargs: Any) -> None:
        """Add the twins of one adapter; see :class:`peft.tuners.tuners_utils.BaseTuner`.

        Raises:
            BadModel: the model has no text decoder that can be twinned.
            BadConfig: the config does not fit this model.
        """
        config: TwistConfig = self.peft_config[adapter_name]
        trains = {name: alpha.logit.requires_grad for name, alpha in self._shared_alphas()}
        try:
            found = select_layers(find_decoder_ffns(model), config.layers)
            check_readable(model, (ffn.module for ffn in found))
            self._found = {ffn.path: ffn for ffn in found}
            config.found_paths = frozenset(self._found)
            if config.alpha_scope == "shared":
                self.twin_alpha[adapter_name] = _new_alpha(config, found[0])
            super().inject_adapter(model, adapter_name, *args, **kwargs)
        except Exception:
            self._take_back(model, adapter_name)
            raise
        finally:
            self._found = {}
        if config.alpha_init == "auto":
            self._start_alpha(adapter_name)
        for name, alpha in self._shared_alphas():  # another adapter does not change what trains
            if name in trains:
                _set_trainable(alpha, trains[name])

    def _take_back(self, model: nn.Module, adapter: str) -> None:
        """Leave the model as it was before an adapter that could not be added."""
        if adapter in self.twin_alpha:
            del self.twin_alpha[adapter]
        for path, layer in list(model.named_modules()):
            if isinstance(layer, TwistLayer):
                layer.delete_adapter(adapter)
                if not layer.twin_experts:
                    layer.release()
                    parent, _, name = path.rpartition(".")
                    self._replace_module(model.get_submodule(parent), name, layer.base_layer, layer)
        if not any(isinstance(module, TwistLayer) for module in model.modules()):
            self._remove_hooks()

    def _start_alpha(self, adapter: str) -> None:
        """Let alpha start in the middle where the twin starts as the frozen network."""
        hidden = text_config(self.model).hidden_size
        layers = self._layers(adapter)
        starts = [start_alpha(layer.start_distance(adapter, hidden)) for layer in layers]
        for layer, own in zip(layers, starts, strict=True):
            layer.stored_alpha(adapter).set(max(starts) if adapter in self.twin_alpha else own)

    def _prepare_adapter_config(self, peft_config: Any, model_config: dict[str, Any]) -> Any:
        return peft_config  # the target modules are found by structure, in inject_adapter

    @staticmethod
    def _check_target_module_exists(peft_config: Any, key: str) -> bool:
        return key in peft_config.found_paths

    def _create_and_replace(
        self,
        peft_config: Any,
        adapter_name: str,
        target: nn.Module,
        target_name: str,
        parent: nn.Module,
        current_key: str,
        parameter_name: str | None = None,
    ) -> None:
        config: TwistConfig = peft_config
        ffn = self._found[current_key]
        with in_memory(ffn.module):
            experts, router = build_experts(ffn, config, text_config(self.model).hidden_size)
        layer = target
        if not isinstance(layer, TwistLayer):
            layer = TwistLayer(target, index=ffn.index, state=self.state, pair=ffn.pair)
            self._replace_module(parent, target_name, layer, target)
        shared = dict(self._shared_alphas()).get(adapter_name)
        layer.add_twin(
            adapter_name,
            experts=experts,
            router=router,
            own_alpha=_new_alpha(config, ffn) if shared is None else None,
            shared_alpha=shared,
            adds_to_base=config.expert_rank is not None,
        )

    def _check_tied_modules(self, model: nn.Module, peft_config: Any) -> None:
        """No twin stands on an embedding; peft's check asks every model for its own, and not all answer."""

    def _replace_module(self, parent: nn.Module, child_name: str, new_module: nn.Module, child: nn.Module) -> None:
        setattr(parent, child_name, new_module)
        new_module.train(parent.training)

    def _cast_adapter_dtype(self, adapter_name: str, autocast_adapter_dtype: bool = True) -> None:
        """Keep the precision that the config names (``expert_dtype``; router and alpha: fp32)."""

    # --- switching ---

    def set_adapter(self, adapter_name: str | list[str], inference_mode: bool = False) -> None:
        """Make one adapter active; it is trainable unless ``inference_mode``.

        Raises:
            BadInput: several adapters at once. Rows of a batch may differ: ``adapter_names=[...]``.
        """
        names = [adapter_name] if isinstance(adapter_name, str) else list(adapter_name)
        if len(names) > 1:
            raise BadInput(
                f"TWIST runs one adapter per row, so {names} cannot all be active; pass "
                "adapter_names=[...] with one name per row."
            )
        super().set_adapter(adapter_name, inference_mode=inference_mode)
        for name, alpha in self._shared_alphas():
            _set_trainable(alpha, name in names and not inference_mode)

    def set_requires_grad(self, adapter_names: str | Sequence[str], requires_grad: bool = True) -> None:
        """Let adapters train, or not."""
        super().set_requires_grad(adapter_names, requires_grad)
        names = [adapter_names] if isinstance(adapter_names, str) else adapter_names
        for name, alpha in self._shared_alphas():
            if name in names:
                _set_trainable(alpha, requires_grad)

    def delete_adapter(self, adapter_name: str) -> None:
        """Delete an adapter; if it was active, another one becomes active."""
        was_active = adapter_name in self.active_adapters
        super().delete_adapter(adapter_name)
        remaining = sorted(self.peft_config)
        if was_active and remaining:  # peft asks one layer, which may have none of the others
            frozen = self.peft_config[remaining[0]].inference_mode
            self.set_adapter(remaining[0], inference_mode=frozen)
        if adapter_name in self.twin_alpha:
            del self.twin_alpha[adapter_name]
        self.state.records.pop(adapter_name, None)

    def unload(self) -> nn.Module:
        """Take all twins away and return the base model as it was."""
        layers = [module for module in self.model.modules() if isinstance(module, TwistLayer)]
        model = super().unload()
        for layer in layers:
            layer.release()
        self._remove_hooks()
        return model

    def _remove_hooks(self) -> None:
        for handle in self._hooks:
            handle.remove()

    @contextmanager
    def _enable_peft_forward_hooks(self, *args: Any, **kwargs: Any) -> Iterator[None]:
        """Honours peft's ``adapter_names=[...]``: an adapter, or ``"__base__"``, for each row."""
        names = kwargs.get("adapter_names")
        if names is None:
            yield
            return
        if self.training:
            raise BadInput("adapter_names is for inference; call model.eval() first.")
        unknown = sorted(set(names) - {BASE, *self.peft_config})
        if unknown:
            known = [BASE, *self.peft_config]
            raise BadInput(f"adapter_names holds {unknown}, but the adapters are {known}.")
        before, self.state.rows = self.state.rows, list(names)
        try:
            yield
        finally:
            self.state.rows = before

    # --- storing ---

    @classmethod
    def _remove_adapter_name_from_key(cls, key: str, adapter_name: str) -> str:
        """``...mlp.twin_experts.default.down_proj`` -> ``...mlp.twin_experts.down_proj``."""
        parts = key.split(".")
        for number, part in enumerate(parts[:-1]):
            if part.startswith(cls.prefix) and parts[number + 1] == adapter_name:
                return ".".join(parts[: number + 1] + parts[number + 2 :])
        return key

    def _shared_alphas(self) -> Iterator[tuple[str, Any]]:
        yield from self.twin_alpha.items()


def _new_alpha(config: TwistConfig, ffn: DecoderFfn) -> Alpha:
    start = ALPHA_WHEN_EQUAL if config.alpha_init == "auto" else float(config.alpha_init)
    return Alpha(start, learned=config.alpha_learned, device=home_device(ffn.module))


def _set_trainable(alpha: nn.Module, trainable: bool) -> None:
    for parameter in alpha.parameters():  # a fixed alpha has none
        parameter.requires_grad_(trainable)
