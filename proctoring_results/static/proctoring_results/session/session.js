// The keys of a session. The page works without them: each leads to a link or control that has ``data-pr-key``.

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
