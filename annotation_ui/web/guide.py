"""What the page's guide says: what a verdict means, and what to look for in each type."""

from generators.taxonomy import NONE, TYPES

ACCEPT = (
    "the degraded picture is this very photograph, degraded in the way that the heading names and "
    "about as strongly as the numbers say, and nothing else is wrong with it."
)
REJECT = (
    "something does not fit: other pictures, another degradation, another strength, one that this "
    "scene could not have, or a picture that is broken. A plain or ugly photograph is no reason."
)
SKIP = "you are not sure. Somebody else gets the pair, or whoever runs the review decides."

_LOOK = {
    "haze": (
        "What is far is veiled more than what is near, and evenly so; the sky may vanish. Thick "
        "haze in a close-up or a room is impossible. D shows the depth that it follows."
    ),
    "low_light": (
        "The picture is darker as a whole, with a colour cast where the matrix says so, and may be "
        "noisy. Shapes stay where they are and as sharp as before."
    ),
    "blur": (
        "Edges are soft everywhere alike, and by as many pixels as σ says: look at 1:1 or larger. "
        "Colours and brightness stay."
    ),
    "low_resolution": (
        "Fine detail is gone, as if the picture had been enlarged by the scale. What is large "
        "stays in place; there is no blur beyond that."
    ),
    NONE.name: "The two pictures are the same.",
}


def look_for(type_name: str) -> str:
    """What to look for in a pair of this type."""
    if type_name in _LOOK:
        return _LOOK[type_name]
    one = TYPES[type_name]
    keys = ", ".join(f"{key.name.replace('_', ' ')} ({key.meaning})" for key in one.keys)
    return f"{one.meaning.capitalize()}, as strong as the numbers say: {keys}."
