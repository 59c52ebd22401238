"""The chat template of each family, in its barest form: the family's marks round every turn, and no more.

PaliGemma has none; its processor joins prompt and answer itself.
"""

from __future__ import annotations

#: Writes the parts of a message; a picture becomes PICTURE.
_PARTS = (
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}PICTURE{% else %}{{ part['text'] }}{% endif %}{% endfor %}"
)


def _parts(picture: str) -> str:
    return _PARTS.replace("PICTURE", picture)


#: LLaVA-1.5: plain words mark the turns, a space follows each text, and nothing ends an answer.
LLAVA = (
    "{% for message in messages %}"
    "{% if message['role'] != 'system' %}{{ message['role'] | upper }}: {% endif %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}{{ '<image>\\n' }}{% else %}{{ part['text'] + ' ' }}{% endif %}"
    "{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)

#: LLaVA-NeXT on Mistral: instructions in brackets, the answer behind them.
LLAVA_NEXT = (
    "{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ '<<SYS>>\\n' + message['content'][0]['text'] + '\\n<</SYS>>\\n\\n' }}"
    "{% elif message['role'] == 'user' %}[INST] " + _parts("{{ '<image>\\n' }}") + " [/INST]"
    "{% else %} " + _parts("") + "</s>{% endif %}{% endfor %}"
)

#: LLaVA-OneVision: a space after the role and a line break before the text, but no space in the prompt for an answer.
LLAVA_ONEVISION = (
    "{% for message in messages %}<|im_start|>{{ message['role'] + ' ' }}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ '\\n' + part['text'] }}{% endif %}"
    "{% endfor %}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

#: SmolVLM and Idefics3: one mark at the very start, role names, one mark at the end of every turn.
_IDEFICS = (
    "START{% for message in messages %}{{ message['role'] | capitalize }}"
    "{% if message['content'][0]['type'] == 'image' %}:{% else %}{{ ': ' }}{% endif %}"
    + _parts("<image>")
    + "<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
)
SMOLVLM = _IDEFICS.replace("START", "<|im_start|>")
IDEFICS3 = _IDEFICS.replace("START", "<|begin_of_text|>")

#: Qwen2-VL and Qwen2.5-VL: ChatML with a system turn of its own where there is none.
QWEN2_VL = (
    "{% for message in messages %}"
    "{% if loop.first and message['role'] != 'system' %}"
    "{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' }}"
    + _parts("<|vision_start|><|image_pad|><|vision_end|>")
    + "{{ '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

#: Qwen3-VL: the same without a system turn of its own.
QWEN3_VL = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}"
    + _parts("<|vision_start|><|image_pad|><|vision_end|>")
    + "{{ '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

#: InternVL: ChatML; a line break follows the picture.
INTERNVL = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}"
    + _parts("{{ '<IMG_CONTEXT>\\n' }}")
    + "{{ '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

#: Gemma 3: the system text stands in the first user turn, the assistant is called model, turns take turns.
GEMMA3 = (
    "{{ bos_token }}"
    "{% if messages[0]['role'] == 'system' %}"
    "{% set opening = messages[0]['content'][0]['text'] + '\\n\\n' %}{% set turns = messages[1:] %}"
    "{% else %}{% set opening = '' %}{% set turns = messages %}{% endif %}"
    "{% for message in turns %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\\n' }}"
    "{% if loop.first %}{{ opening }}{% endif %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<start_of_image>{% else %}{{ part['text'] | trim }}{% endif %}{% endfor %}"
    "{{ '<end_of_turn>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}"
)

#: Mistral 3: the answer follows the closing bracket at once and ends with the end of the sequence.
MISTRAL3 = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'system' %}[SYSTEM_PROMPT]" + _parts("") + "[/SYSTEM_PROMPT]"
    "{% elif message['role'] == 'user' %}[INST]" + _parts("[IMG]") + "[/INST]"
    "{% else %}" + _parts("") + "{{ eos_token }}{% endif %}{% endfor %}"
)
