// The pages of the Review Dashboard work without this. It shows times in the viewer's zone, counts what is ticked, and
// fetches the same page again: when somebody comes back to a list, which has changed by what they decided in another
// tab, and for the links to evidence of an open page, which live a minute.

import { localise, takeOver } from "./live.js";

const PAUSE = 40_000; // milliseconds
const PATIENCE = 15_000;

const root = document.querySelector("[data-pr-page]");

const links = () => root.querySelectorAll("a[data-pr-renewed]");
const lists = () => root.querySelectorAll("[data-pr-fresh]");

async function renew() {
  const answer = await fetch(location.pathname + location.search, {
    cache: "no-store",
    redirect: "manual",
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (!answer.ok) return; // an old link leads to a page that has a fresh one, or says why there is none
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const link of links()) {
    const twin = fresh.getElementById(link.id);
    if (twin) link.setAttribute("href", twin.getAttribute("href"));
  }
  for (const list of lists()) {
    const twin = fresh.getElementById(list.id);
    if (!twin) continue;
    localise(twin);
    // What somebody has unfolded stays so.
    for (const { id } of list.querySelectorAll("details[open]")) fresh.getElementById(id)?.setAttribute("open", "");
    takeOver(list, twin);
  }
  countTicks();
}

function renewIfSeen() {
  if (!document.hidden) renew().catch(() => {});
}

// How many are ticked, also after going back to the page, which keeps its ticks.
function countTicks() {
  const told = root.querySelector("[data-pr-ticked]");
  if (!told) return;
  told.querySelector("span").textContent = root.querySelectorAll(".pr-tick :checked").length;
  told.hidden = false;
}

if (root) {
  localise(root);
  countTicks();
  root.addEventListener("change", countTicks);
  addEventListener("pageshow", countTicks);
  if (links().length) setInterval(renewIfSeen, PAUSE);
  if (links().length || lists().length) document.addEventListener("visibilitychange", renewIfSeen);
}
