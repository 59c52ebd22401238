"""Names that are loaded when they are used."""

import pytest

import twist_scout
from twist_scout import twist


@pytest.mark.parametrize("package", [twist_scout, twist], ids=lambda package: package.__name__)
def test_every_public_name_is_there_and_listed(package):
    for name in package.__all__:
        assert getattr(package, name) is not None
        assert name in dir(package)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'twist_scout' has no attribute 'Nothing'"):
        twist_scout.Nothing  # noqa: B018
