"""What a degraded picture says about the clean one: a file per degradation.

Each gives an `Observation`, in which the degradation is a multiplication per coefficient; the
samplers and the closed-form methods know nothing else. Arrays are numpy's or torch's alike.
"""
