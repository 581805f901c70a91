"""Forty phrasings written before the reader of free text was widened, and kept apart until it was.

Each is a text and what it must be read as: (type, parameters), or None where it is no answer.
"""

CCM = (0.9, -0.3, -0.1, -0.4, 1.3, 0.1, -0.1, 0.2, 0.6)

HELD_OUT: tuple[tuple[str, tuple[str, dict[str, object]] | None], ...] = (
    (
        "The texture on the bricks is softened evenly across the frame.\n\n"
        '```json\n{"type": "Gaussian Blur", "parameters": {"sigma": "≈ 2.8 px"}}\n```',
        ("blur", {"sigma": 2.8}),
    ),
    (
        "**Analysis**\n\nThe far buildings fade into a white veil.\n\n**Answer**\n\n"
        "- **Type:** Haze\n- **Atmospheric light:** 0.84\n- **Transmission:** 0.52\n",
        ("haze", {"atmospheric_light": 0.84, "transmission": 0.52}),
    ),
    (
        "| Field | Estimate |\n|---|---|\n| Degradation type | `low_resolution` |\n"
        "| Scale factor | ×3 |\n",
        ("low_resolution", {"scale": 3.0}),
    ),
    (
        "<think>Maybe it's fog? {\"type\": \"haze\", \"parameters\": {\"atmospheric_light\": 0.9, "
        '"transmission": 0.6}} Hmm, no: edges are soft near and far alike.</think>\n'
        '{"type": "blur", "parameters": {"sigma": 4.5}}',
        ("blur", {"sigma": 4.5}),
    ),
    (
        "{'degradation': 'defocus blur', 'params': {'sigma': 5}, 'confidence': 0.8}",
        ("blur", {"sigma": 5.0}),
    ),
    (
        '{\n  // the strongest cue is the veil\n  type: "haze",\n  parameters: {\n'
        "    atmospheric_light: .8,\n    transmission: .45,\n  },\n}",
        ("haze", {"atmospheric_light": 0.8, "transmission": 0.45}),
    ),
    (
        '{"degradation_type": "downsampling", "degradation_parameters": {"scale": "4x"}}',
        ("low_resolution", {"scale": 4.0}),
    ),
    (
        "\\boxed{\\text{type: blur}, \\sigma = 3.6}",
        ("blur", {"sigma": 3.6}),
    ),
    (
        "The image shows Gaussian blur with $\\sigma \\approx 2.4$ pixels.",
        ("blur", {"sigma": 2.4}),
    ),
    (
        "Final answer: low_light, gamma = 2.6, gain = 0.07, camera_intrinsics = "
        "[0.9, -0.3, -0.1, -0.4, 1.3, 0.1, -0.1, 0.2, 0.6]",
        ("low_light", {"gamma": 2.6, "gain": 0.07, "camera_intrinsics": CCM}),
    ),
    (
        '{"type": "nighttime", "parameters": {"gamma": 2.9, "gain": "7%", "camera_intrinsics": '
        "[[0.9, -0.3, -0.1], [-0.4, 1.3, 0.1], [-0.1, 0.2, 0.6]]}}",
        ("low_light", {"gamma": 2.9, "gain": 0.07, "camera_intrinsics": CCM}),
    ),
    (
        '{"answer": {"type": "haze", "parameters": {"atmospheric_light": 0.91, '
        '"transmission": 0.33}}}',
        ("haze", {"atmospheric_light": 0.91, "transmission": 0.33}),
    ),
    (
        '{"type": "blur", "parameters": {"sigma": {"value": 3.3, "unit": "px"}}}',
        ("blur", {"sigma": 3.3}),
    ),
    (
        '[{"type": "blur", "parameters": {"sigma": 2.0}, "severity": "slight"}]',
        ("blur", {"sigma": 2.0}),
    ),
    (
        '{"type":"none","parameters":{},"type_probabilities":{"none":0.9,"blur":0.1},"ranges":{}}',
        ("none", {}),
    ),
    (
        "No visible degradation was found in this photograph.\n\n"
        '{"type": "No Degradation", "parameters": null}',
        ("none", {}),
    ),
    (
        '<answer>{"type": "haze", "parameters": {"A": 0.8, "t": 0.6}}</answer>',
        ("haze", {"atmospheric_light": 0.8, "transmission": 0.6}),
    ),
    (
        "### Final Answer\n```yaml\ntype: blur\nparameters:\n  sigma: 3.1  # pixels\n```",
        ("blur", {"sigma": 3.1}),
    ),
    (
        'First guess: {"type": "blur", "parameters": {"sigma": 2}}\n\nOn closer look the far '
        'wall is as soft as the near one but blocks show, so my final answer is:\n'
        '{"type": "low_resolution", "parameters": {"scale": 2}}',
        ("low_resolution", {"scale": 2.0}),
    ),
    (
        '{"type": "low-light", "parameters": {"gamma": 2.2, "gain": 0.08}}',
        ("low_light", {"gamma": 2.2, "gain": 0.08}),
    ),
    (
        "type: haze; atmospheric_light: 0,85; transmission: 0,4",
        ("haze", {"atmospheric_light": 0.85, "transmission": 0.4}),
    ),
    (
        '“type”: “blur”, “parameters”: {“sigma”: 3.4}',
        ("blur", {"sigma": 3.4}),
    ),
    (
        '{"type": "blur", "parameters": {"sigma": 3.1}',
        ("blur", {"sigma": 3.1}),
    ),
    (
        "1. Degradation: **Low resolution**\n2. Scale: **4**\n3. Confidence: high",
        ("low_resolution", {"scale": 4.0}),
    ),
    (
        "图像存在高斯模糊。\n{\"type\": \"blur\", \"parameters\": {\"sigma\": 2.7}}",
        ("blur", {"sigma": 2.7}),
    ),
    (
        '{"type": "haze", "parameters": {"atmospheric light (A)": 0.8, '
        '"mean transmission (t)": 0.55}, "severity": "moderate"}',
        ("haze", {"atmospheric_light": 0.8, "transmission": 0.55}),
    ),
    (
        "```\nDegradationResult(type='low_resolution', scale=3)\n```",
        ("low_resolution", {"scale": 3.0}),
    ),
    (
        "haze (A = 0.77, t = 0.48)",
        ("haze", {"atmospheric_light": 0.77, "transmission": 0.48}),
    ),
    # What is no answer.
    ("It could be blur or haze; I cannot tell which.", None),
    ('{"type": "blur/low_resolution", "parameters": {"sigma": 3}}', None),
    ('{"type": "blur", "parameters": {"sigma": "2-4"}}', None),
    ("I'm sorry, but I can't help with analysing this image.", None),
    ("There is no blur, no haze and no noise in this picture that I would swear to.", None),
    ('{"type": "haze or low_light", "parameters": {}}', None),
    ("<think>It is blurred. {\"type\": \"blur\", \"parameters\": {\"sigma\": 3}} But wait,", None),
    ("Type: not blur. Sigma: 3", None),
    ('{"type": "blur", "type": "haze", "parameters": {"sigma": 3}}', None),
    ("Sigma lies between 2 and 3 pixels, type blur.", None),
    ('{"type": "motion blur", "parameters": {"length": 12, "angle": 30}}', None),
    ('{"type": "TYPE", "parameters": {"PARAMETER": 1}}', None),
)  # fmt: skip
