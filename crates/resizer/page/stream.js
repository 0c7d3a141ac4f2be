// Server-Sent Events over fetch: EventSource can only GET, and a comparison is a POST.

/** Yields `{event, data}` with `data` as text, in order; throws when the connection breaks. */
export async function* events(body) {
  // Not through a TextDecoderStream: it drops what it holds when the connection breaks.
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let event = "message";
  let data = [];
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      // Only the new part can hold a line's end: a reply of megabytes may come in one line and many chunks.
      const parts = decoder.decode(value, { stream: true }).split("\n");
      parts[0] = rest + parts[0];
      rest = parts.pop();
      for (const part of parts) {
        const line = part.endsWith("\r") ? part.slice(0, -1) : part;
        if (line === "") {
          if (data.length > 0) yield { event, data: data.join("\n") };
          event = "message";
          data = [];
        } else if (line.startsWith("event:")) event = line.slice(6).trim();
        else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
