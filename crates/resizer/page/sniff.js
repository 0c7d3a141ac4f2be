// What a file is, by its first bytes: a name can lie, and a browser's guess comes from the name.

const KINDS = [
  ["JPEG", [0xff, 0xd8, 0xff]],
  ["PNG", [0x89, 0x50, 0x4e, 0x47]],
  ["GIF", [0x47, 0x49, 0x46, 0x38]],
  ["BMP", [0x42, 0x4d]],
  ["TIFF", [0x49, 0x49, 0x2a, 0x00]],
  ["TIFF", [0x4d, 0x4d, 0x00, 0x2a]],
];

export const KNOWN = "JPEG, PNG, GIF, BMP, TIFF and WebP";

/** The picture format of `file`, or null when it is none that the service reads. */
export async function kind(file) {
  const head = new Uint8Array(await file.slice(0, 12).arrayBuffer());
  const found = KINDS.find(([, magic]) => magic.every((byte, at) => head[at] === byte));
  if (found) return found[0];
  const text = String.fromCharCode(...head);
  return text.startsWith("RIFF") && text.endsWith("WEBP") ? "WEBP" : null;
}
