"use strict";

// Counts the server's seconds down, whatever the clock of this computer says, and hands in at the end.
for (const clock of document.querySelectorAll("[data-countdown]")) {
  const seconds = Number(clock.dataset.countdown);
  const form = document.getElementById(clock.dataset.form);
  const says = clock.parentElement.querySelector("[data-countdown-says]");
  const loaded = performance.now();
  const warnings = [300, 60].filter((mark) => mark < seconds);
  const two = (number) => String(number).padStart(2, "0");
  let timer = 0;

  const tick = () => {
    const left = Math.max(0, Math.ceil(seconds - (performance.now() - loaded) / 1000));
    const hours = Math.floor(left / 3600);
    const minutes = Math.floor(left / 60) % 60;
    clock.textContent = (hours ? `${hours}:${two(minutes)}` : String(minutes)) + `:${two(left % 60)}`;
    clock.classList.toggle("soon", left <= 300);
    while (warnings.length && left <= warnings[0]) {
      const mark = warnings.shift();
      says.textContent = mark === 60 ? "One minute left" : `${mark / 60} minutes left`;
    }
    // A moment early, so that it arrives in time.
    // Who only looks on has no form to hand in.
    if (left <= 2 && form) {
      clearInterval(timer);
      const step = document.createElement("input");
      Object.assign(step, { type: "hidden", name: "step", value: "time_is_up" });
      form.append(step);
      form.submit();
    }
  };

  timer = setInterval(tick, 250);
  tick();
}

// A page that the browser kept shows a clock that stood still.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
