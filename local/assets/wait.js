// The countdown to the next try, where what is refused may have been made a moment ago.

import { h } from "./dom.js";

/** `stop` is called when the person does not want to wait any more. */
export function countdown(stop) {
  let timer;
  const text = h("span", null);
  const element = h("div", { class: "row wait" }, text, h("button", { type: "button", onclick: stop }, "Stop waiting"));

  return {
    /** Begins with a pause, as the server tells it. */
    begin({ name, nextSeconds, leftSeconds }) {
      clearInterval(timer);
      const began = Date.now();
      const draw = () => {
        const passed = Math.floor((Date.now() - began) / 1000);
        const [next, left] = [nextSeconds - passed, leftSeconds - passed];
        text.textContent = next > 0 ? `Waiting for ${name}: next try in ${next} s, ${left} s left.` : `Waiting for ${name}: trying again.`;
      };
      draw();
      timer = setInterval(draw, 250);
      return element;
    },
    end() {
      clearInterval(timer);
    },
  };
}
