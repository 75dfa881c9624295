// The pixels of a PNG with at most 256 colours: those that occur most often, the others as the nearest of them.
export async function reduce(png) {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
  const { width, height } = image;
  const brush = new OffscreenCanvas(width, height).getContext("2d");
  brush.drawImage(image, 0, 0);
  const pixels = new Uint32Array(brush.getImageData(0, 0, width, height).data.buffer); // alpha, blue, green, red
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const parts = (pixel) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
  const palette = [...counts.keys()].sort((one, other) => counts.get(other) - counts.get(one)).slice(0, 256).map(parts);
  const distance = (one, other) => one.reduce((sum, part, index) => sum + (part - other[index]) ** 2, 0);
  const nearest = new Map();
  for (const pixel of counts.keys()) {
    const far = palette.map((colour) => distance(colour, parts(pixel)));
    nearest.set(pixel, far.indexOf(Math.min(...far)));
  }
  return { width, height, palette: palette.flat(), indices: Array.from(pixels, (pixel) => nearest.get(pixel)) };
}
