// The page of a session works without this. It has keys, each of which leads to a link or control with ``data-pr-key``,
// has the browser ask for the category of a Fail, counts the ticked incidents, and shows evidence without loading the
// page again, so that nothing that is half written is lost.

const OFF = "proctoring_results.keys.off";
const TYPING = "textarea, select, input:not([type=checkbox], [type=radio])";

const help = document.getElementById("pr-keys");
const isUsed = help.querySelector("input");

const keyed = () => document.querySelectorAll("[data-pr-key]");

function follow(element) {
  if (element.matches("a")) {
    element.click();
    return;
  }
  const folded = element.closest("details");
  if (folded) folded.open = true;
  element.focus();
}

function showHelp() {
  help.open = !help.open;
  help.querySelector("summary").focus();
}

function onKey(event) {
  if (!isUsed.checked || event.defaultPrevented || event.repeat || event.isComposing) return;
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.isContentEditable || event.target.closest?.(TYPING)) return;
  const element = event.key === "?" ? help : [...keyed()].find((one) => one.dataset.prKey === event.key);
  if (!element) return;
  event.preventDefault();
  if (element === help) showHelp();
  else follow(element);
}

/** Tell screen readers which keys there are, as long as there are any. */
function announce() {
  for (const element of keyed()) {
    if (isUsed.checked) element.setAttribute("aria-keyshortcuts", element.dataset.prKey);
    else element.removeAttribute("aria-keyshortcuts");
  }
}

// A browser may refuse to store anything: then the choice holds for this page.
function stored() {
  try {
    return localStorage.getItem(OFF);
  } catch {
    return null;
  }
}

function store() {
  try {
    if (isUsed.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "yes");
  } catch {}
}

isUsed.checked = stored() === null;
isUsed.addEventListener("change", store);
isUsed.addEventListener("change", announce);
help.hidden = false;
announce();
document.addEventListener("keydown", onKey);
document.addEventListener("pr-renewed", announce);

// --------------------------------------------------------------------------------------------------------- category

/** Only a Fail needs one. */
function requireCategory({ target }) {
  const button = target.closest?.("#pr-decision button[name=verdict]");
  const category = button?.form.elements.category;
  if (!category) return;
  category.required = button.value === "fail";
  // On a phone the category unfolds with the focus, which not every browser gives to a button that is tapped.
  button.focus();
}

document.addEventListener("click", requireCategory);

// ------------------------------------------------------------------------------------------------- ticked incidents

const ticked = document.getElementById("pr-ticked");

function countTicked() {
  const ticks = [...document.querySelectorAll(".pr-incidents .pr-tick input")];
  const all = ticked.querySelector("[data-pr-tick-all]");
  all.closest("label").hidden = false;
  all.checked = ticks.every((tick) => tick.checked);
  const number = ticks.filter((tick) => tick.checked).length;
  ticked.querySelector("[data-pr-ticked]").textContent = number ? `(${number})` : "";
}

if (ticked) {
  countTicked();
  document.addEventListener("change", countTicked);
  addEventListener("pageshow", countTicked);
}

// --------------------------------------------------------------------------------------------------------- evidence

const SHOW_TIMEOUT = 15_000; // milliseconds

const viewer = document.getElementById("pr-viewer");
let wanted; // the link that was followed last

async function show(link) {
  const address = new URL(link.href);
  const player = viewer.querySelector("video");
  if (player?.dataset.prNumber === address.searchParams.get("show")) {
    player.currentTime = Number(address.searchParams.get("second") ?? 0);
    // A browser may refuse to play before a click on the player itself, and whoever goes on to something else ends it.
    player.play().catch(() => {});
    return;
  }
  const response = await fetch(address, { cache: "no-store", redirect: "error", signal: AbortSignal.timeout(SHOW_TIMEOUT) });
  if (!response.ok) throw new Error(response.statusText);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  if (link === wanted) viewer.replaceChildren(...fresh.getElementById("pr-viewer").childNodes);
}

async function onShow(event) {
  const link = event.target.closest?.("a[data-pr-show]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  wanted = link;
  try {
    await show(link);
  } catch {
    if (link === wanted) location.assign(link.href);
    return;
  }
  if (link !== wanted) return;
  history.replaceState(null, "", link.href);
  viewer.focus({ preventScroll: true });
  viewer.scrollIntoView({ block: "nearest" });
}

if (viewer) document.addEventListener("click", onShow);
