// Resizing in the browser before the upload, as the article advises: the picture that travels is the small one.

/** `{blob, name, width, height}` of `file` within a square of `side` pixels, as JPEG; null where it is no larger or unreadable here. */
export async function shrunk(file, { side, quality }) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    return null;
  }
  try {
    const scale = side / Math.max(picture.width, picture.height);
    if (scale >= 1) return null;
    const width = Math.max(1, Math.round(picture.width * scale));
    const height = Math.max(1, Math.round(picture.height * scale));
    const blob = await drawn(picture, width, height, quality);
    const name = `${file.name.replace(/\.[^.]*$/, "")}.${width}x${height}.jpg`;
    return blob && blob.size < file.size ? { blob, name, width, height } : null;
  } finally {
    picture.close();
  }
}

/** A small picture of `file` as a data URL for the history and the report, or null where this browser cannot read it. */
export async function thumbnail(file, side) {
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, side / Math.max(picture.width, picture.height));
    const canvas = painted(picture, Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale)));
    picture.close();
    return canvas.toDataURL("image/jpeg", 0.8);
  } catch {
    return null;
  }
}

function drawn(picture, width, height, quality) {
  const canvas = painted(picture, width, height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality / 100));
}

/** Halves until one more step reaches the size: a single large step would skip pixels. Transparency becomes white, as in the service. */
function painted(picture, width, height) {
  let from = picture;
  let [w, h] = [picture.width, picture.height];
  for (;;) {
    [w, h] = [Math.max(width, Math.ceil(w / 2)), Math.max(height, Math.ceil(h / 2))];
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [w, h];
    const context = canvas.getContext("2d");
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, w, h);
    context.imageSmoothingQuality = "high";
    context.drawImage(from, 0, 0, w, h);
    if (w === width && h === height) return canvas;
    from = canvas;
  }
}
