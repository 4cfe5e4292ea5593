"use strict";

// Looks every few seconds whether the attempt has moved on, and shows the next page when it has.
const place = document.querySelector("[data-waits-in]");
const showing = (page) => {
  const found = page.querySelector("[data-waits-in]");
  if (!found) return "";
  // Also what the service says: it may have been down, or not have known the attempt, when this page was made.
  const said = [...found.querySelectorAll(".steps li, a.button")].map((one) => one.href ?? one.textContent);
  return [found.dataset.waitsIn, ...said].join("\n");
};
const shown = showing(document);

const look = async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { redirect: "error" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (answer.ok && showing(page) !== shown) location.reload();
  } catch {
    // The network is away for a moment; the next look may find it.
  }
};

if (place) {
  setInterval(look, 3000);
  document.addEventListener("visibilitychange", look);
}
