// The pages of the Review Dashboard work without this. It shows times in the viewer's zone, counts what is ticked, and
// keeps the links to evidence of an open page fresh, which live a minute: the same page is fetched again, and its links
// are taken over.

import { localise } from "./live.js";

const PAUSE = 40_000; // milliseconds
const PATIENCE = 15_000;

const root = document.querySelector("[data-pr-page]");

const links = () => root.querySelectorAll("a[data-pr-renewed]");

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
  if (links().length) {
    setInterval(renewIfSeen, PAUSE);
    document.addEventListener("visibilitychange", renewIfSeen);
  }
}
