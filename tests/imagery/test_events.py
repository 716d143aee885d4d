import pytest
import shapely

from dfpenet_mm.errors import ImageryError, NetworkError
from dfpenet_mm.imagery.events import FARTHEST_KM, circle, find_earthquake


def test_area_is_the_contour_of_the_shakemap(world):
    shaken = shapely.Point(141.9, 42.7).buffer(0.2)
    world.event(contour=shaken)
    event = find_earthquake('us2000h8ty', url=f'{world.url}/usgs')
    assert (event.magnitude, event.time.hour, event.time.second) == (6.6, 18, 59)
    assert event.area.symmetric_difference(shaken).area < 1e-6
    assert event.basis == 'shaken with intensity 6 or more, by the ShakeMap'


def test_a_wide_contour_is_capped(world):
    world.event(contour=shapely.box(140, 41, 144, 44))
    event = find_earthquake('us2000h8ty', url=f'{world.url}/usgs')
    cap = circle(141.9, 42.7, FARTHEST_KM)
    assert event.area.symmetric_difference(cap).area < 1e-6
    assert 'within 70 km of the epicentre' in event.basis


def test_contour_that_ends_at_the_maps_edge(world):
    world.event(contour=shapely.box(141.8, 42.6, 142.0, 42.8))
    lines = world.pages['/contours.json']['features'][0]['geometry']
    lines['coordinates'] = [[[141.8, 42.6], [142.0, 42.6], [142.0, 42.8], [141.8, 42.8]]]
    event = find_earthquake('us2000h8ty', url=f'{world.url}/usgs')
    assert event.area.area == pytest.approx(0.04)


@pytest.mark.parametrize(('magnitude', 'km'), [(6.6, 38.7), (4.0, 5.0), (9.0, 70.0)])
def test_radius_by_magnitude_without_a_shakemap(world, magnitude, km):
    world.event(magnitude=magnitude)
    event = find_earthquake('us2000h8ty', url=f'{world.url}/usgs')
    assert event.area.bounds[3] - event.lat == pytest.approx(km / 111.1, rel=0.01)
    assert f'{km:.0f} km' in event.basis


def test_other_intensities_of_the_shakemap(world):
    world.event(contour=shapely.box(141.8, 42.6, 142.0, 42.8))
    event = find_earthquake('us2000h8ty', intensity=7, url=f'{world.url}/usgs')
    assert 'by its magnitude (no ShakeMap)' in event.basis


def test_circle_runs_on_past_the_antimeridian():
    west, _, east, _ = circle(179.9, -17, 50).bounds
    assert 179 < west < 180 < east < 181


def test_unknown_event(world):
    with pytest.raises(ImageryError, match='knows no event nonsense'):
        find_earthquake('nonsense', url=f'{world.url}/usgs')


def test_event_without_magnitude_or_place(world):
    world.event(magnitude=None)
    with pytest.raises(ImageryError, match='neither a ShakeMap'):
        find_earthquake('us2000h8ty', url=f'{world.url}/usgs')
    world.events['us2000h8ty']['geometry'] = None
    with pytest.raises(NetworkError, match='without a place or a time'):
        find_earthquake('us2000h8ty', url=f'{world.url}/usgs')


@pytest.mark.parametrize(
    ('code', 'said'), [(403, 'HTTP 403; it refuses'), (429, 'too often'), (500, 'try again later')]
)
def test_catalogue_that_fails(world, code, said):
    world.faults['/usgs'] = [code]
    with pytest.raises(NetworkError, match=said):
        find_earthquake('us2000h8ty', url=f'{world.url}/usgs')


def test_catalogue_that_recovers(world):
    world.event()
    world.faults['/usgs'] = [500, 429, None]
    assert find_earthquake('us2000h8ty', url=f'{world.url}/usgs').magnitude == 6.6


@pytest.mark.usefixtures('world')
def test_no_network():
    with pytest.raises(NetworkError, match=r'cannot be reached \(.*[Rr]efused'):
        find_earthquake('us2000h8ty', url='http://127.0.0.1:9/usgs')
