// Shared by the pages that refresh themselves: times in the viewer's zone, and morphing to fresh markup.

const ZONE_IS_UTC = new Intl.DateTimeFormat().resolvedOptions().timeZone === "UTC";

/** Show each moment in the viewer's zone, with UTC beside it: "23 Nov 2026, 10:30 · 05:30 UTC". */
export function localise(part) {
  if (ZONE_IS_UTC) return;
  for (const element of part.querySelectorAll("time[data-pr-moment]")) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    const [local, utc] = [clock(moment), clock(moment, "UTC")];
    const utcDay = local.day === utc.day ? "" : `${utc.day}, `;
    element.replaceChildren(unbroken(`${local.day}, ${local.time} ·`), " ", unbroken(`${utcDay}${utc.time} UTC`));
  }
}

function unbroken(text) {
  const part = document.createElement("span");
  part.textContent = text;
  return part;
}

function clock(moment, timeZone) {
  const day = new Intl.DateTimeFormat(language(), { day: "numeric", month: "short", year: "numeric", timeZone });
  const time = new Intl.DateTimeFormat(language(), { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone });
  return { day: day.format(moment), time: time.format(moment) };
}

/** The page's language. Plain English is written day first, as the server writes it. */
function language() {
  const [name] = [document.documentElement.lang || "en"];
  try {
    return Intl.getCanonicalLocales(name)[0].split("-")[0] === "en" ? "en-GB" : name;
  } catch {
    return undefined;
  }
}

/**
 * Make a region look like its fresh twin, touching only what differs: focus, selection and running animations stay.
 * When the focused control is gone, the focus goes to the region's heading.
 */
export function morph(region, fresh) {
  const focused = region.contains(document.activeElement) ? document.activeElement : null;
  morphNode(region, fresh);
  if (!focused || document.activeElement === focused) return;
  const next = (focused.id && document.getElementById(focused.id)) || region.querySelector("h2[tabindex]");
  next?.focus({ preventScroll: next === focused });
}

function morphNode(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  morphChildren(old, fresh);
}

function morphChildren(old, fresh) {
  const children = [...fresh.childNodes];
  const ids = new Set(children.map((child) => child.id).filter(Boolean));
  // Remove first, so that nothing that stays has to be moved: a moved control loses the focus.
  for (const child of [...old.childNodes]) {
    if (child.id && !ids.has(child.id)) child.remove();
  }
  let place = old.firstChild;
  for (const child of children) {
    const twin = child.id ? [...old.children].find(({ id }) => id === child.id) : place;
    if (!twin || twin.nodeName !== child.nodeName || (twin.id ?? "") !== (child.id ?? "")) {
      old.insertBefore(child, place);
      continue;
    }
    while (place && place !== twin && !place.id) place = removed(place);
    if (place !== twin) old.insertBefore(twin, place);
    place = twin.nextSibling;
    morphNode(twin, child);
  }
  while (place) place = removed(place);
}

function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}
