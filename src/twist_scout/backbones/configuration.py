"""Configuration of a MoE-LLaVA: a LLaVA whose text decoder has mixtures of experts in some layers."""

# Annotations are read when the class is made (they become checked fields), so they are not postponed.

from typing import Any

from transformers import LlavaConfig

from twist_scout.errors import BadConfig

MODEL_TYPE = "moe_llava"
LAYER_RULES = ("sparse", "dense", "first_half", "second_half")


class MoeLlavaConfig(LlavaConfig):
    """Configuration of MoE-LLaVA; the defaults are those of its published runs.

    ``text_config`` may be of any decoder of transformers that keeps its feed-forward network under
    ``mlp``: Phi, StableLM, Qwen2, Mistral, Llama and others. All other fields are LLaVA's.

    Args:
        moe_layers: decoder layers with a mixture: ``"sparse"`` (0, 2, 4, ...), ``"dense"`` (all),
            ``"first_half"``, ``"second_half"`` or a list of layer numbers.
        moe_num_experts: experts per mixture.
        moe_top_k: experts that each token uses, 1 or 2.
        moe_capacity_factor: in training an expert takes at most ``ceil(factor * top_k * tokens /
            experts)`` tokens of a batch; tokens beyond it are dropped.
        moe_eval_capacity_factor: the same in evaluation. With the published 2.0, two of four
            experts, the capacity is the number of tokens: none is ever dropped.
        moe_min_capacity: smallest capacity of an expert.
        router_aux_loss_coef: weight of the load-balancing loss, which is summed over layers.

    Raises:
        BadConfig: a value that does not fit, with what would.
    """

    model_type = MODEL_TYPE

    moe_layers: str | list[int] = "sparse"
    moe_num_experts: int = 4
    moe_top_k: int = 2
    moe_capacity_factor: float | int = 1.5
    moe_eval_capacity_factor: float | int = 2.0
    moe_min_capacity: int = 0
    router_aux_loss_coef: float | int = 0.01

    def __post_init__(self, **kwargs: Any) -> None:
        """Complete the parts and check every value."""
        super().__post_init__(**kwargs)
        if self.moe_top_k not in (1, 2):
            raise BadConfig(f"moe_top_k must be 1 or 2, as the gate of MoE-LLaVA has it, but it is {self.moe_top_k}.")
        if self.moe_num_experts < max(2, self.moe_top_k):
            raise BadConfig(f"moe_num_experts must be at least 2, but it is {self.moe_num_experts}.")
        for name in ("moe_capacity_factor", "moe_eval_capacity_factor"):
            if not getattr(self, name) > 0:
                raise BadConfig(f"{name} must be positive, but it is {getattr(self, name)}.")
        self.moe_layer_numbers  # noqa: B018  (raises where moe_layers does not fit)

    @property
    def moe_layer_numbers(self) -> list[int]:
        """Numbers of the decoder layers that hold a mixture, in ascending order.

        Raises:
            BadConfig: an unknown rule, or a number that is no layer.
        """
        count = self.text_config.num_hidden_layers
        if isinstance(self.moe_layers, str):
            rules = {
                "sparse": range(0, count, 2),
                "dense": range(count),
                "first_half": range(count // 2),
                "second_half": range(count // 2, count),
            }
            if self.moe_layers not in rules:
                raise BadConfig(
                    f"moe_layers must be one of {', '.join(LAYER_RULES)} or a list of layer numbers, "
                    f"but it is {self.moe_layers!r}."
                )
            return list(rules[self.moe_layers])
        numbers = sorted(set(self.moe_layers))
        if not numbers or not 0 <= numbers[0] <= numbers[-1] < count:
            raise BadConfig(f"moe_layers is {self.moe_layers}, but the text decoder's layers are 0 to {count - 1}.")
        return numbers

    @property
    def drops_in_evaluation(self) -> bool:
        """Whether an expert can overflow in evaluation.

        If so, the tokens of one row can push out those of another: an answer depends on what else
        is in the batch, and on padding. It is never so with the published factor.
        """
        return self.moe_eval_capacity_factor * self.moe_top_k < self.moe_num_experts
