// The pages of the Review Dashboard work without this. It shows times in the viewer's zone, counts ticked sessions, and
// fetches the page again: when somebody comes back to a list after deciding in another tab, and to renew the links to
// evidence and the tokens of forms of an open page. It asks before a reason that is half written is left behind.

import { localise, morph } from "./live.js";

const PAUSE = 40_000; // milliseconds
const TIMEOUT = 15_000;

const root = document.querySelector("[data-pr-page]");

const links = () => root.querySelectorAll("a[data-pr-renewed]");
const lists = () => root.querySelectorAll("[data-pr-live]");

async function renew() {
  const response = await fetch(location.pathname + location.search, {
    cache: "no-store",
    redirect: "manual",
    signal: AbortSignal.timeout(TIMEOUT),
  });
  if (!response.ok) return; // an old link leads to a page that has a fresh one, or says why there is none
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const link of links()) {
    const twin = fresh.getElementById(link.id);
    if (twin) link.setAttribute("href", twin.getAttribute("href"));
  }
  const token = fresh.querySelector("[name=csrfmiddlewaretoken]")?.value;
  // After signing in again in another tab the token of this page is old.
  if (token) for (const field of root.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = token;
  for (const list of lists()) {
    const twin = fresh.getElementById(list.id);
    if (!twin) continue;
    localise(twin);
    // Details that somebody has opened stay open.
    for (const { id } of list.querySelectorAll("details[open]")) fresh.getElementById(id)?.setAttribute("open", "");
    morph(list, twin);
  }
  countTicks();
}

function renewIfSeen() {
  if (!document.hidden) renew().catch(() => {});
}

// How many are ticked, also after going back to the page, which keeps its ticks.
function countTicks() {
  const counter = root.querySelector("[data-pr-ticked]");
  if (!counter) return;
  counter.querySelector("span").textContent = root.querySelectorAll(".pr-tick :checked").length;
  counter.hidden = false;
}

// A form that is being sent keeps its own reason, but not that of another form.
let sending = null;

function noteSending(event) {
  sending = event.target;
  setTimeout(() => (sending = null), 1_000);
}

function askBeforeLeaving(event) {
  const forms = [...root.querySelectorAll("form[data-pr-draft]")].filter((form) => form !== sending);
  if (forms.some((form) => form.elements.reason.value.trim())) event.preventDefault();
}

if (root) {
  localise(root);
  countTicks();
  root.addEventListener("change", countTicks);
  addEventListener("pageshow", countTicks);
  if (links().length) setInterval(renewIfSeen, PAUSE);
  root.addEventListener("submit", noteSending);
  addEventListener("beforeunload", askBeforeLeaving);
  if (links().length || lists().length || root.querySelector("form[method=post]")) document.addEventListener("visibilitychange", renewIfSeen);
}
