from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from dfpenet_mm.errors import ImageryError, NetworkError
from dfpenet_mm.imagery.choosing import choose_named, choose_post, choose_pre, season_distance
from dfpenet_mm.imagery.clearness import Look, Seen
from dfpenet_mm.imagery.items import SourceItem

EVENT = datetime(2018, 9, 5, 18, tzinfo=UTC)


class Sky:
    """Stands for a looker: a row of 20 pixels by name, C clear, L cloud, N nothing."""

    def __init__(self, skies):
        self.skies, self.refused, self.asked = skies, {}, []

    def look(self, overpass):
        (item,) = overpass.items
        self.asked.append(item.id)
        if item.id in self.refused:
            return None
        codes = {'C': Seen.CLEAR, 'L': Seen.CLOUD, 'N': Seen.NOTHING}
        seen = np.array([codes[letter] for letter in self.skies[item.id]])
        return Look(overpass, seen, np.ones(len(seen), bool))


def item(name, days, orbit=11):
    return SourceItem(name, 'c', EVENT + timedelta(days=days), {}, None, None, orbit)


def names(choice):
    return [found.id for found in choice.items]


def test_post_is_the_first_that_is_clear():
    sky = Sky({'a': 'L' * 20, 'b': 'C' * 18 + 'LL', 'c': 'C' * 20})
    items = [item('c', 9), item('a', 2), item('b', 5)]
    assert names(choose_post(sky, items, max_cloud=0.1)) == ['b']
    assert sky.asked == ['a', 'b']
    assert len(choose_post(sky, items, max_cloud=0.1, every=True).seen) == 3


def test_post_is_filled_up_where_none_is_clear():
    skies = {'a': 'C' * 8 + 'L' * 12, 'b': 'L' * 8 + 'C' * 10 + 'LL', 'c': 'C' * 9 + 'L' * 11}
    choice = choose_post(Sky(skies), [item('a', 2), item('b', 5), item('c', 9)], max_cloud=0.05)
    assert names(choice) == ['b', 'a']
    assert choice.clear == 0.9


def test_all_cloud_is_said():
    sky = Sky({'a': 'L' * 20, 'b': 'N' * 20})
    with pytest.raises(ImageryError, match=r'2 overpasses .* clearest shows 0% of the area'):
        choose_post(sky, [item('a', 2), item('b', 5)], max_cloud=0.1)


def test_what_fails_is_passed_over_and_named_in_the_end():
    sky = Sky({'b': 'C' * 20})
    sky.refused = {'a': ImageryError('a has no file of scl')}
    assert names(choose_post(sky, [item('a', 2), item('b', 5)], max_cloud=0.1)) == ['b']
    with pytest.raises(ImageryError, match=r'1 image was found .* a has no file of scl'):
        choose_post(sky, [item('a', 2)], max_cloud=0.1)
    sky.refused = {'a': NetworkError('gone')}
    with pytest.raises(NetworkError, match='gone'):
        choose_post(sky, [item('a', 2)], max_cloud=0.1)


def test_pre_is_of_the_season_and_orbit():
    clear = dict.fromkeys('abcd', 'C' * 20)
    items = [item('a', -3, orbit=54), item('b', -40), item('c', -366), item('d', -330)]
    wanted = {'event': EVENT, 'max_cloud': 0.1}
    assert names(choose_pre(Sky(clear), items, orbit=11, **wanted)) == ['c']
    assert names(choose_pre(Sky(clear), items, orbit=None, **wanted)) == ['a']
    cloudy = clear | {'b': 'L' * 20, 'c': 'L' * 20, 'd': 'L' * 20}
    assert names(choose_pre(Sky(cloudy), items, orbit=11, **wanted)) == ['a']


def test_season_counts_years_a_little():
    assert season_distance(EVENT - timedelta(days=10), EVENT) == 10
    assert season_distance(EVENT - timedelta(days=365.25), EVENT) == 15


def test_named_images_are_taken_as_named():
    sky = Sky({'a': 'C' * 20, 'b': 'N' * 20})
    items = [item('a', 2), item('b', 5)]
    assert names(choose_named(sky, items, ['b', 'a'], '--post-item')) == ['b', 'a']
    with pytest.raises(ImageryError, match='--post-item c is not among the 2 images found'):
        choose_named(sky, items, ['c'], '--post-item')
    with pytest.raises(ImageryError, match='shows nothing of the area'):
        choose_named(sky, items, ['b'], '--post-item')
