"use strict";
for (const range of document.querySelectorAll(".pair input")) {
  const show = () => {
    range.parentElement.style.setProperty("--at", `${range.value}%`);
    range.setAttribute("aria-valuetext", `${range.value} % before`);
  };
  range.addEventListener("input", show);
  show();
}
