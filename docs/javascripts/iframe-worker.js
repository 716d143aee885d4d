/* Lets the search of this site run when its pages are opened as files.
 *
 * A browser starts no Worker from a file:// address. Here a hidden frame of the page stands in
 * for it: the worker's script runs there, and messages go both ways as those of a Worker do.
 */
if (location.protocol === "file:") {
  window.Worker = class FrameWorker extends EventTarget {
    constructor(address) {
      super();
      const outside = this;
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.title = "search";
      this.inside = new Promise((resolve) => {
        frame.addEventListener("load", () => {
          const inside = frame.contentWindow;
          // What the worker posts goes to the page, not to the frame itself.
          inside.postMessage = (data) =>
            outside.dispatchEvent(new MessageEvent("message", { data }));
          const script = inside.document.createElement("script");
          script.src = new URL(address, document.baseURI).href;
          script.addEventListener("load", () => resolve(inside));
          inside.document.head.append(script);
        }, { once: true });
      });
      document.documentElement.append(frame);
      this.frame = frame;
    }

    postMessage(data) {
      this.inside.then((inside) =>
        inside.dispatchEvent(new inside.MessageEvent("message", { data })));
    }

    terminate() {
      this.frame.remove();
    }
  };
}
