# ruff: noqa: E501 - a text stands on one line where it can
"""A hundred ways in which vision language models write an answer, and what each must be read as.

Each is a text with (type, parameters), or with None where it is no answer.
"""

CCM = (1.1, -0.4, 0.0, -0.5, 1.4, 0.1, -0.1, 0.2, 0.7)
NIGHT = {"gamma": 2.6, "gain": 0.08, "camera_intrinsics": CCM}
FOG = {"atmospheric_light": 0.8, "transmission": 0.45}

Reading = tuple[str, dict[str, object]] | None

JSON_STYLES: tuple[tuple[str, Reading], ...] = (
    # GPT: a sentence, a fence, and names of its own.
    (
        "The photograph looks evenly soft.\n\n```json\n"
        '{"degradation_type": "blur", "params": {"sigma": 3.2}}\n```',
        ("blur", {"sigma": 3.2}),
    ),
    ('{"type": "blur", "parameters": {"sigma": 3.2,},}', ("blur", {"sigma": 3.2})),
    ('{"type": "downsampling", "parameters": {"scale": "4x"}}', ("low_resolution", {"scale": 4.0})),
    ('{"type": "low_resolution", "parameters": {"scale": "×3"}}', ("low_resolution", {"scale": 3.0})),
    ('{"type": "low_resolution", "scale_factor": "x2"}', ("low_resolution", {"scale": 2.0})),
    (
        '{"type": "nighttime", "parameters": {"gamma": 2.6, "gain": 0.08, "camera_intrinsics": '
        "[1.1, -0.4, 0.0, -0.5, 1.4, 0.1, -0.1, 0.2, 0.7]}}",
        ("low_light", NIGHT),
    ),
    (
        '{"type": "haze", "parameters": {"atmospheric_light": 0.8, "transmission": 0.45, '
        '"severity": "moderate"}}',
        ("haze", FOG),
    ),
    (
        '{"type": "haze", "severity": 0.7, "parameters": {"A": 0.8, "t": 0.45}}',
        ("haze", FOG),
    ),
    ('{"type": "blur", "parameters": {"sigma": "about 3"}}', ("blur", {"sigma": 3.0})),
    ('{"type": "blur", "parameters": {"sigma": "~3.5 pixels"}}', ("blur", {"sigma": 3.5})),
    ('{"type": "blur", "parameters": {"sigma": "3.5 ± 0.4"}}', ("blur", {"sigma": 3.5})),
    ('{"type": "blur", "parameters": {"sigma_px": 3.5}}', ("blur", {"sigma": 3.5})),
    ('{"type": "haze", "parameters": {"atmospheric_light": "80%", "transmission": "45 %"}}', ("haze", FOG)),
    ('{"type": "haze", "parameters": {"atmospheric_light": "0,8", "transmission": "0,45"}}', ("haze", FOG)),
    ("{'type': 'blur', 'parameters': {'sigma': 3.2}, 'notes': \"it's soft\"}", ("blur", {"sigma": 3.2})),
    ("{'type': 'none', 'parameters': None, 'sure': True}", ("none", {})),
    ("{type: 'haze', parameters: {A: .8, t: .45}}", ("haze", FOG)),
    (
        '{\n  "type": "haze", // a veil\n  "parameters": {\n    "atmospheric_light": 0.8, # bright\n'
        '    "transmission": 0.45 /* mean */\n  }\n}',
        ("haze", FOG),
    ),
    ('{"type": "haze"\n "parameters": {"atmospheric_light": 0.8\n "transmission": 0.45}}', ("haze", FOG)),
    ('{"type": "blur", "parameters": {"sigma": +3.2}}', ("blur", {"sigma": 3.2})),
    ('{“type”: “blur”, “parameters”: {“sigma”: 3.2}}', ("blur", {"sigma": 3.2})),
    ('｛"type"："blur"，"parameters"：｛"sigma"：3.2｝｝', ("blur", {"sigma": 3.2})),
    ('{"type": "blur", "parameters": {"sigma": 3.2}', ("blur", {"sigma": 3.2})),
    ('{{"type": "blur", "parameters": {{"sigma": 3.2}}}}', ("blur", {"sigma": 3.2})),
    ('"{\\"type\\": \\"blur\\", \\"parameters\\": {\\"sigma\\": 3.2}}"', ("blur", {"sigma": 3.2})),
    ('{"type": "blur", "reason": "a "soft" edge", "parameters": {"sigma": 3.2}}', ("blur", {"sigma": 3.2})),
    # Wrapped, nested, listed.
    ('{"result": {"degradation": {"type": "haze", "parameters": {"A": 0.8, "t": 0.45}}}}', ("haze", FOG)),
    ('{"degradation": "haze", "parameters": {"A": {"value": 0.8}, "t": {"value": 0.45}}}', ("haze", FOG)),
    ('{"haze": {"atmospheric_light": 0.8, "transmission": 0.45}}', ("haze", FOG)),
    ('{"haze": {"A": 0.8, "t": 0.45}, "blur": null, "low_light": null}', ("haze", FOG)),
    ('{"type": "haze", "parameters": {"haze": {"A": 0.8, "t": 0.45}, "blur": null}}', ("haze", FOG)),
    (
        '{"type": "haze", "parameters": [{"name": "atmospheric_light", "value": 0.8}, '
        '{"name": "transmission", "value": 0.45, "unit": "fraction"}]}',
        ("haze", FOG),
    ),
    ('{"name": "report_degradation", "arguments": {"type": "haze", "A": 0.8, "t": 0.45}}', ("haze", FOG)),
    ('<tool_call>\n{"name": "answer", "arguments": {"type": "blur", "parameters": {"sigma": 3.2}}}\n</tool_call>', ("blur", {"sigma": 3.2})),
    ('{"degradations": [{"degradation_type": "blur", "parameters": {"sigma": 3.2}}]}', ("blur", {"sigma": 3.2})),
    ('{"type": ["blur"], "parameters": {"sigma": [3.2]}}', ("blur", {"sigma": 3.2})),
    ('{"predicted_type": "haze", "estimated_parameters": {"A": 0.8, "t": 0.45, "beta": 0.9}}', ("haze", FOG)),
    ('{"type": "blur", "parameters": {"sigma": 3.2, "gamma": null, "scale": "N/A"}}', ("blur", {"sigma": 3.2})),
    ('{"type": "blur", "parameters": {"sigma": {"estimate": 3.2, "range": [2.6, 4.0]}}}', ("blur", {"sigma": 3.2})),
    (
        '{"type": "low_light", "parameters": {"gamma": "γ = 2.6", "gain": "8%", '
        '"camera_intrinsics": "[[1.1, -0.4, 0.0], [-0.5, 1.4, 0.1], [-0.1, 0.2, 0.7]]"}}',
        ("low_light", NIGHT),
    ),
    (
        "{'type': 'low_light', 'parameters': {'gamma': 2.6, 'gain': 0.08, 'camera_intrinsics': "
        "np.array([[1.1, -0.4, 0.0], [-0.5, 1.4, 0.1], [-0.1, 0.2, 0.7]])}}",
        ("low_light", NIGHT),
    ),
    # Names in their own words.
    ('{"type": "Out-of-Focus Blur", "sigma (px)": 3.2}', ("blur", {"sigma": 3.2})),
    ('{"type": "severe Gaussian blur", "sigma": 7}', ("blur", {"sigma": 7.0})),
    ('{"type": "haze/fog", "parameters": {"A": 0.8, "t": 0.45}}', ("haze", FOG)),
    ('{"type": "Haze (atmospheric scattering)", "parameters": {"A": 0.8, "t": 0.45}}', ("haze", FOG)),
    ('{"type": "low-light condition", "parameters": {"gamma": 2.6}}', ("low_light", {"gamma": 2.6})),
    ('{"type": "underexposed image", "parameters": {"gain": 0.08}}', ("low_light", {"gain": 0.08})),
    ('{"type": "pixelation", "parameters": {"downscale_factor": 4}}', ("low_resolution", {"scale": 4.0})),
    ('{"type": "Low-Resolution Image", "upsampling factor": "4×"}', ("low_resolution", {"scale": 4.0})),
    ('{"type": "no visible degradation", "parameters": {}}', ("none", {})),
    ('{"type": "not degraded"}', ("none", {})),
)  # fmt: skip

OTHER_STYLES: tuple[tuple[str, Reading], ...] = (
    # Reasoning models: drafts, and the last complete answer.
    (
        '<think>\nLet me look. {"type": "haze"}? No.\n</think>\n\n{"type": "blur", "sigma": 3.2}',
        ("blur", {"sigma": 3.2}),
    ),
    ('<thinking>{"type": "haze"}</thinking>{"type": "blur", "sigma": 3.2}', ("blur", {"sigma": 3.2})),
    ('◁think▷{"type": "haze"}◁/think▷{"type": "blur", "sigma": 3.2}', ("blur", {"sigma": 3.2})),
    (
        "Draft:\n```json\n{\"type\": \"blur\", \"parameters\": {\"sigma\": 3}}\n```\nLooking again at the "
        "edges, the kernel is wider. Final answer:\n"
        '```json\n{"type": "blur", "parameters": {"sigma": 4}}\n```',
        ("blur", {"sigma": 4.0}),
    ),
    (
        'The answer looks like {"type": "TYPE", "parameters": {"PARAMETER": 1}}. Mine: '
        '{"type": "blur", "parameters": {"sigma": 3.2}}',
        ("blur", {"sigma": 3.2}),
    ),
    (
        'Final: {"type": "blur", "parameters": {"sigma": 3.2}} {"type": "haze", "parameters": {"A": 0.',
        ("blur", {"sigma": 3.2}),
    ),
    ('<|begin_of_box|>{"type": "blur", "sigma": 3.2}<|end_of_box|>', ("blur", {"sigma": 3.2})),
    ("**Final Answer:** `blur`, sigma = 3.2", ("blur", {"sigma": 3.2})),
    # Lists, tables, headings, tags.
    ("- **Type**: blur\n- **Sigma**: 3.2 pixels", ("blur", {"sigma": 3.2})),
    ("* Type: Haze\n* Parameters:\n  * atmospheric_light: 0.8\n  * transmission: 0.45", ("haze", FOG)),
    ("## Type\nblur\n\n## Parameters\nsigma: 3.2", ("blur", {"sigma": 3.2})),
    (
        "| Parameter | Value |\n|:--|--:|\n| Type | haze |\n| Atmospheric light (A) | 0.80 |\n"
        "| Transmission (t) | 0.45 |",
        ("haze", FOG),
    ),
    ("| type | sigma |\n|---|---|\n| blur | 3.2 |", ("blur", {"sigma": 3.2})),
    (
        "| Type | Parameter | Value |\n|---|---|---|\n| haze | atmospheric_light | 0.8 |\n"
        "| haze | transmission | 0.45 |",
        ("haze", FOG),
    ),
    ("<type>haze</type>\n<atmospheric_light>0.8</atmospheric_light><transmission>0.45</transmission>", ("haze", FOG)),
    ("```yaml\ntype: haze\nparameters:\n  atmospheric_light: 0.8\n  transmission: 0.45\n```", ("haze", FOG)),
    ("type = 'blur'\nsigma = 3.2", ("blur", {"sigma": 3.2})),
    ("Answer: Degradation(type=\"low_light\", gamma=2.6, gain=0.08)", ("low_light", {"gamma": 2.6, "gain": 0.08})),
    ("Type: low resolution, Scale: 4×", ("low_resolution", {"scale": 4.0})),
    ("Degradation type: none\nParameters: {}", ("none", {})),
    # LaTeX.
    ("The final answer is $\\boxed{\\text{blur}, \\sigma = 3.2}$", ("blur", {"sigma": 3.2})),
    ("**Haze** with $A \\approx 0.80$ and $t \\approx 0.45$.", ("haze", FOG)),
    (
        "Type: low\\_light\n$\\gamma = 2.6$, gain $= 0.08$, camera\\_intrinsics = \\begin{bmatrix} 1.1 & -0.4 & 0.0 \\\\ "
        "-0.5 & 1.4 & 0.1 \\\\ -0.1 & 0.2 & 0.7 \\end{bmatrix}",
        ("low_light", NIGHT),
    ),
    # Sentences.
    ("The image is degraded by Gaussian blur with a sigma of about 3.2 pixels.", ("blur", {"sigma": 3.2})),
    ("I see dense fog: atmospheric light ≈ 0.8, transmission ≈ 0.45.", ("haze", FOG)),
    ("There is no haze; this is a low-resolution image with a scale factor of 4.", ("low_resolution", {"scale": 4.0})),
    ("Typ: Unschärfe? Nein. {\"type\": \"blur\", \"sigma\": \"3,2\"}", ("blur", {"sigma": 3.2})),
    ("答案：{\"type\": \"低分辨率\", \"parameters\": {\"scale\": 4}}", ("low_resolution", {"scale": 4.0})),
    ("类型：blur，sigma：3.2", ("blur", {"sigma": 3.2})),
    ("None", ("none", {})),
    ("**Blur**", ("blur", {})),
    # No answers: hedges, ranges, negations, refusals, two answers, what is not of the taxonomy.
    ("Blur or haze.", None),
    ('{"type": "blur or haze", "parameters": {"sigma": 3}}', None),
    ('{"type": "blur", "sigma": 3} or {"type": "haze", "t": 0.4}', None),
    ('{"type": ["blur", "haze"]}', None),
    ('{"type": "blur", "parameters": {"sigma": "between 3 and 4"}}', None),
    ('{"type": "blur", "parameters": {"sigma": [3, 4]}}', None),
    ('{"type": "blur", "parameters": {"sigma": ">3"}}', None),
    ('{"type": "blur", "parameters": {"sigma": {"min": 3, "max": 4}}}', None),
    ("Type: blur\nSigma: 3–4", None),
    ("There is no blur in this image; sigma = 0.", None),
    ('{"type": "no blur"}', None),
    ("The image might be blurred, with sigma = 3.", None),
    ("I'm unable to determine the degradation from this image.", None),
    ('{"error": "I cannot see the image"}', None),
    ('{"type": "gaussian noise", "parameters": {"sigma": 3}}', None),
    ("Type: haze\nTransmission: 0.4\n\nType: blur\nSigma: 3", None),
    ('{"type": "blur", "parameters": {"sigma": 3', None),
    ('{"first": {"type": "blur", "sigma": 3}, "second": {"type": "haze", "t": 0.4}}', None),
)  # fmt: skip

PHRASINGS = (*JSON_STYLES, *OTHER_STYLES)
