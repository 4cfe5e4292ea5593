"""What axe finds on a page, and whether the page fits: on a wide screen, on a phone, at 200 % and on paper."""

from axe_playwright_python.sync_playwright import Axe

from tests.e2e.conftest import PHONE, WIDE

# At 200 %, a window has half as many pixels either way.
ZOOMED = {"width": 640, "height": 450}
LOOKS = {
    "wide": (WIDE, {"color_scheme": "light"}),
    "wide and dark": (WIDE, {"color_scheme": "dark"}),
    "phone": (PHONE, {"color_scheme": "light"}),
    "phone and dark": (PHONE, {"color_scheme": "dark"}),
    "zoomed": (ZOOMED, {"color_scheme": "light"}),
    "on paper": (WIDE, {"color_scheme": "light", "media": "print"}),
}


def violations(page) -> list[str]:
    """Return what axe finds on the page as it is, each with the first element that is concerned."""
    violations = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in violations]


def problems(page, *looks: str) -> list[str]:
    """Return what axe finds in these looks, or in each, and in which of them the page is wider than its window.

    The page is not loaded again. At the end it has the size that it had.
    """
    viewport = page.viewport_size
    problems = []
    for look in looks or LOOKS:
        size, media = LOOKS[look]
        page.set_viewport_size(size)
        page.emulate_media(reduced_motion="reduce", **media)  # no colour is on its way from one scheme to the other
        problems += [f"{look}: {violation}" for violation in violations(page)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            problems.append(f"{look}: wider than the window")
        page.emulate_media(media="null", color_scheme="null", reduced_motion="null")
    page.set_viewport_size(viewport)
    return problems
